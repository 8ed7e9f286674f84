// How many accounts cover the last day that has ended, as a sentence.
import { query as queryString } from './api.js';
import { day } from './format.js';
import { t } from './i18n.js';
import { html } from './preact.js';
import { useResource } from './resource.js';
import { link } from './router.js';

export const coveragePath = (values = {}) => '/accounts/coverage' + queryString(values);

// coverageSentence says how many of the accounts cover the day. last reports whether it is the last day that has ended.
export function coverageSentence({ day: date, accounts, covered }, last) {
  const shown = t(last ? 'coverage.yesterday' : 'coverage.day', { day: day(date) });
  if (accounts === 0) return t('coverage.none');
  return t(covered === accounts ? 'coverage.all' : 'coverage.some', { n: accounts, covered, day: shown });
}

// useCoverage reads the coverage of the last day that has ended, as soon as wanted is true.
export const useCoverage = (wanted = true) => useResource(wanted ? coveragePath({ limit: 1 }) : null);

const most = 6; // banks that the line names

// CoverageLine is the sentence as a link to the accounts, or its empty line while it is read. banks adds the banks with the
// most accounts that do not cover the day.
export function CoverageLine({ of, banks = false }) {
  const found = of.value?.data;
  if (!found && !of.problem) return html`<p class="coverage">\u00a0</p>`;
  if (!found || found.accounts === 0) return null;
  const missing = ({ accounts, covered }) => accounts - covered;
  const behind = banks ? found.institutions.filter(missing).sort((a, b) => missing(b) - missing(a)) : [];
  return html`<p class="coverage"><a href=${link('/coverage')}>${coverageSentence(found, true)}</a>${behind.slice(0, most).map((bank) => html`
    <span class="muted bank" key=${bank.vendor + bank.id}>${t('coverage.bank', { bank: bank.name || bank.id || t('coverage.unknownBank'), covered: bank.covered, n: bank.accounts })}</span>`)}
    ${behind.length > most && html`<span class="muted">${t('coverage.moreBanks', { n: behind.length - most })}</span>`}</p>`;
}
