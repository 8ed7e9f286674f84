// Languages of the console: English and Brazilian Portuguese.
import en from './messages-en.js';
import pt from './messages-pt-br.js';
import { createStore } from './store.js';

const storageKey = 'discovery.language';
const catalogues = { en, 'pt-BR': pt };

export const languages = Object.keys(catalogues);

function preferred() {
  const chosen = localStorage.getItem(storageKey);
  if (catalogues[chosen]) return chosen;
  return navigator.languages?.[0]?.toLowerCase().startsWith('pt') ? 'pt-BR' : 'en';
}

export const language = createStore(preferred());

export function setLanguage(next) {
  localStorage.setItem(storageKey, next);
  language.set(next);
}

// locale returns the locale for dates and numbers: the reader's own one if it is of the chosen language.
export function locale() {
  const chosen = language.get();
  const own = navigator.language || chosen;
  return own.slice(0, 2) === chosen.slice(0, 2) && chosen === 'en' ? own : chosen;
}

// cached returns a formatter of the constructor kind for a locale. Creating one takes longer than using it many times.
const formatters = new Map();
function cached(kind, name) {
  const key = kind.name + name;
  if (!formatters.has(key)) formatters.set(key, new kind(name));
  return formatters.get(key);
}

// compare compares two texts in the alphabetical order of the language.
export const compare = (a, b) => cached(Intl.Collator, language.get()).compare(a, b);

// t returns the text of a message. A message with plural forms is chosen by the value n. A value may be an
// element; then t returns a list of texts and elements.
export function t(key, values = {}) {
  let message = catalogues[language.get()][key];
  if (message === undefined) return key;
  if (typeof message === 'object') {
    const n = Number(values.n);
    const form = n === 0 ? 'other' : cached(Intl.PluralRules, language.get()).select(n); // Portuguese counts 0 as one
    message = message[form] ?? message.other;
  }
  const parts = message.split(/\{(\w+)\}/).map((part, i) => (i % 2 ? show(values[part]) : part));
  return parts.every((part) => typeof part === 'string') ? parts.join('') : parts;
}

const show = (value) => (typeof value === 'number' ? cached(Intl.NumberFormat, locale()).format(value) : value ?? '');

// vendorName returns the name of a vendor, or its code if the console does not know it.
export const vendorName = (vendor) => (has('vendor.' + vendor) ? t('vendor.' + vendor) : vendor);

// actorName returns who did something. A token may not say so.
export const actorName = (actor) => (actor === 'unknown' ? t('actor.unknown') : actor);

// sinkName returns the name of a kind of sink, or its code if the console does not know it.
export const sinkName = (kind) => (has('sink.' + kind) ? t('sink.' + kind) : kind);

// has reports whether a message exists. Codes of the API that are not known yet are shown as they come.
export const has = (key) => catalogues[language.get()][key] !== undefined;
