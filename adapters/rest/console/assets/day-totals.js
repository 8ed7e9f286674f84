// The bars of the chart of the transactions: money in and out by day, or by month over a long time.
import { monthOf, shortDay } from './format.js';

const maxDays = 62;

// daysBetween returns all dates from first to last, YYYY-MM-DD.
function daysBetween(first, last) {
  const days = [];
  for (let at = Date.parse(first); at <= Date.parse(last); at += 86400000) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

// monthsBetween returns all months from first to last, YYYY-MM.
function monthsBetween(first, last) {
  const months = [];
  let [year, month] = first.split('-').map(Number);
  for (;;) {
    const text = String(year).padStart(4, '0') + '-' + String(month).padStart(2, '0');
    months.push(text);
    if (text >= last || months.length > 1200) return months;
    [year, month] = month === 12 ? [year + 1, 1] : [year, month + 1];
  }
}

// barsOf returns the bars of the currency with the most transactions: a label, the money in, and the money out of each
// bar. sums is the answer of /transactions/summary, the latest day first. The values are numbers, because they are only
// drawn and rounded.
export function barsOf(sums) {
  const main = [...sums.total].sort((a, b) => b.count - a.count)[0];
  const items = sums.items.filter((item) => item.currency === main?.currency);
  if (items.length === 0) return { currency: '', labels: [], incoming: [], outgoing: [] };
  const [last, first] = [items[0].date, items[items.length - 1].date];
  const long = (Date.parse(last) - Date.parse(first)) / 86400000 >= maxDays;
  const keys = long ? monthsBetween(first.slice(0, 7), last.slice(0, 7)) : daysBetween(first, last);
  const at = new Map(keys.map((key, i) => [key, i]));
  const incoming = keys.map(() => 0);
  const outgoing = keys.map(() => 0);
  for (const item of items) {
    const i = at.get(long ? item.date.slice(0, 7) : item.date);
    if (i === undefined) continue;
    incoming[i] += Number(item.in);
    outgoing[i] -= Number(item.out);
  }
  return { currency: main.currency, labels: keys.map(long ? monthOf : shortDay), incoming, outgoing };
}
