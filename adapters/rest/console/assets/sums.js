// Exact sums of amounts.

// sum adds decimal strings without rounding.
export function sum(texts) {
  const digits = Math.max(0, ...texts.map((text) => (text.split('.')[1] || '').length));
  let total = 0n;
  for (const text of texts) {
    const [whole, part = ''] = text.split('.');
    total += BigInt(whole + part.padEnd(digits, '0'));
  }
  const plain = String(total < 0n ? -total : total).padStart(digits + 1, '0');
  const cut = plain.length - digits;
  return (total < 0n ? '-' : '') + plain.slice(0, cut) + (digits > 0 ? '.' + plain.slice(cut) : '');
}

// sumByCurrency returns the money out and in of transactions by currency, each without sign.
export function sumByCurrency(items) {
  const currencies = [...new Set(items.map(({ currency }) => currency))].sort();
  return currencies.map((currency) => {
    const amounts = items.filter((item) => item.currency === currency).map((item) => item.amount);
    const [out, incoming] = [true, false].map((isOut) => sum(amounts.filter((text) => text.startsWith('-') === isOut)));
    return { currency, out: out.replace('-', ''), incoming };
  });
}
