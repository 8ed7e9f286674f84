// Dates, durations and amounts in the reader's locale.
import { locale, t } from './i18n.js';

const formats = new Map();

// cached returns the formatter for the present locale. Creating a formatter is slow.
function cached(kind, options) {
  const key = kind.name + locale() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new kind(locale(), options));
  return formats.get(key);
}

// taxNumber returns a CPF or a CNPJ as it is printed, and another tax number unchanged.
export const taxNumber = ({ type, value }) => (type === 'CPF' ? value.replace(/^(...)(...)(...)(..)$/, '$1.$2.$3-$4')
  : type === 'CNPJ' ? value.replace(/^(..)(...)(...)(....)(..)$/, '$1.$2.$3/$4-$5') : value);

export const number = (value) => cached(Intl.NumberFormat, {}).format(value);

// amount formats a decimal string exactly, with all of its digits. A positive amount gets a sign if signed.
export function amount(text, signed = false) {
  const digits = Math.max(2, (text.split('.')[1] || '').length);
  const options = {
    minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: signed ? 'exceptZero' : 'auto',
  };
  return cached(Intl.NumberFormat, options).format(text).replace('-', '−');
}

// money formats an amount with its currency. Portuguese texts have the sign of the real before the digits.
export function money(text, currency, signed = false) {
  const digits = amount(text, signed);
  return isReal(currency) ? digits.replace(/^[−+]?/, (sign) => sign + 'R$\u00a0') : `${digits} ${currency}`;
}

// isReal reports whether the amounts of a currency are written with the sign of the real.
export const isReal = (currency) => currency === 'BRL' && locale() === 'pt-BR';

// day formats a date without a time, YYYY-MM-DD: in Portuguese as 03/09/2026.
export function day(text) {
  const month = locale() === 'pt-BR' ? '2-digit' : 'short';
  const format = cached(Intl.DateTimeFormat, { day: '2-digit', month, year: 'numeric', timeZone: 'UTC' });
  return format.format(new Date(text + 'T00:00:00Z'));
}

export const shortDay = (text) =>
  cached(Intl.DateTimeFormat, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(text + 'T00:00:00Z'));

// monthOf formats a month, YYYY-MM.
export const monthOf = (text) =>
  cached(Intl.DateTimeFormat, { month: 'short', year: 'numeric', timeZone: 'UTC' }).format(new Date(text + '-01T00:00:00Z'));

export const shortTime = (text) => cached(Intl.DateTimeFormat, { timeStyle: 'short' }).format(new Date(text));

export const instant = (text) =>
  cached(Intl.DateTimeFormat, { dateStyle: locale() === 'pt-BR' ? 'short' : 'medium', timeStyle: 'medium' }).format(new Date(text));

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const units = [['year', 31536000], ['month', 2592000], ['day', 86400], ['hour', 3600], ['minute', 60]];

// ago formats a time relative to now.
export function ago(text, now = Date.now()) {
  const seconds = Math.round((new Date(text).getTime() - now) / 1000);
  /** @type {[Intl.RelativeTimeFormatUnit, number]} */
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) || ['second', 1];
  if (unit === 'second' && Math.abs(seconds) < 5) return t('time.now');
  return cached(Intl.RelativeTimeFormat, { numeric: 'auto' }).format(Math.trunc(seconds / size), unit);
}

// duration formats a number of milliseconds.
export function duration(ms) {
  const unit = (value, name, digits) =>
    cached(Intl.NumberFormat, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: digits }).format(value);
  if (ms < 1000) return unit(ms, 'millisecond', 0);
  if (ms < 60000) return unit(ms / 1000, 'second', 1);
  const minutes = Math.floor(ms / 60000);
  return unit(minutes, 'minute', 0) + ' ' + unit(Math.round((ms % 60000) / 1000), 'second', 0);
}

// isoDay returns the date of a time, YYYY-MM-DD in UTC, moved by a number of days.
export const isoDay = (time, days = 0) => new Date(time + days * 86400000).toISOString().slice(0, 10);

// today returns the present day in Mexico, moved by a number of days. A day that has ended there has ended at the banks in
// Brazil, too.
export const today = (days = 0) => isoDay(Date.now() - 6 * 3600000, days);
