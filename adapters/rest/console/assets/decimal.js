// Amounts as people write them.

// The separators of a language: of groups of thousands, and of decimals.
const separators = { en: [',', '.'], 'pt-BR': ['.', ','] };

// decimal returns an amount as the API expects it, such as -1234.56. It reads a currency before or after the digits, and
// both kinds of separators: of two kinds the last one separates the decimals; one that is repeated separates thousands;
// a single one before exactly three digits is read as the language writes it. It returns undefined if the text is no
// amount. A sign stays: a search for an amount without one finds both directions.
export function decimal(text, language) {
  const plain = text.trim().replace(/−/g, '-').replace(/\s/g, '').replace(/^([+-]?)(?:[A-Z]{3}|[A-Z]{0,2}\$)([+-]?)/i, '$1$2').replace(/[A-Z]{3}$/i, '');
  const [, sign, digits] = /^([+-]?)(\d[\d.,]*)$/.exec(plain) || [];
  if (!digits) return undefined;
  const marks = digits.match(/[.,]/g) || [];
  const last = marks[marks.length - 1];
  const group = separators[language][0];
  const isThousands = new Set(marks).size === 1
    && (marks.length > 1 || (last === group && /^[1-9]\d{0,2}[.,]\d{3}$/.test(digits)));
  const mark = isThousands ? '' : last;
  const cut = mark ? digits.lastIndexOf(mark) : digits.length;
  const [whole, part] = [digits.slice(0, cut), digits.slice(cut + 1)];
  const groups = whole.split(/[.,]/);
  if (groups.slice(1).some((three) => three.length !== 3) || (groups.length > 1 && (groups[0].length > 3 || whole.includes(mark || ' ')))) return undefined;
  if (mark && !part) return undefined;
  return sign + groups.join('') + (part && '.' + part);
}
