// The money in and out of each day, for the chart of the transactions.

// The movement of a transaction in the currency of its account.
const inAccountCurrency = (item) =>
  (item.accountAmount ? [item.accountAmount, item.accountCurrency] : [item.amount, item.currency]);

// mainCurrency returns the currency of most transactions.
function mainCurrency(items) {
  const counts = new Map();
  for (const item of items) {
    const [, currency] = inAccountCurrency(item);
    counts.set(currency, (counts.get(currency) || 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] || '';
}

// daysBetween returns all dates from first to last, YYYY-MM-DD.
function daysBetween(first, last) {
  const days = [];
  for (let at = Date.parse(first); at <= Date.parse(last); at += 86400000) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

// dayTotals returns the sums of the live transactions in the main currency: days, and the money in and out of each
// day, up to today: instalments are dated far ahead. The sums are numbers, because they are only drawn and rounded. maxDays is the number of the latest days.
export function dayTotals(items, maxDays = 60) {
  const live = items.filter((item) => !item.removedAt);
  const currency = mainCurrency(live);
  const dates = live.map((item) => item.date).sort();
  const today = new Date().toISOString().slice(0, 10);
  const last = dates.filter((date) => date <= today).pop();
  const days = last ? daysBetween(dates[0], last).slice(-maxDays) : [];
  const at = new Map(days.map((day, i) => [day, i]));
  const incoming = days.map(() => 0);
  const outgoing = days.map(() => 0);
  for (const item of live) {
    const [value, itsCurrency] = inAccountCurrency(item);
    const i = at.get(item.date);
    if (itsCurrency !== currency || i === undefined) continue;
    (value.startsWith('-') ? outgoing : incoming)[i] += Number(value);
  }
  return { currency, days, incoming, outgoing };
}
