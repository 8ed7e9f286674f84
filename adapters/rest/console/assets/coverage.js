// Is everything here? Which accounts cover a day, and why the others do not.
import { coveragePath, coverageSentence } from './coverage-line.js';
import { today } from './format.js';
import { Reasons, reasonsOf } from './health.js';
import { t, vendorName } from './i18n.js';
import { nameOf } from './names.js';
import { html } from './preact.js';
import { Remedy, remedyOf } from './remedies.js';
import { useList } from './resource.js';
import { link, setQuery, useLocation } from './router.js';
import { Ago, Day, Empty, Field, Instant, Loaded, More, Page, Status, Table } from './ui.js';

const muted = html`<span class="muted">–</span>`;

const key = ({ vendor, id }) => vendor + ':' + id;

const bankName = ({ name, id }) => name || id || t('coverage.unknownBank');

const bankColumns = () => [
  {
    title: t('column.bank'), kind: 'main',
    cell: (bank) => html`${bank.id ? html`<a class="name" href=${link('/coverage', { institution: key(bank) })}>${bankName(bank)}</a>`
      : html`<span class="name">${bankName(bank)}</span>`} <span class="vendor">${vendorName(bank.vendor)}</span>`,
  },
  {
    title: t('coverage.covered'), kind: 'number',
    cell: ({ covered, accounts }) => html`<${Status} tone=${covered === accounts ? 'good' : 'warn'}>${t('coverage.of', { covered, n: accounts })}</${Status}>`,
  },
];

// Why says why nothing has arrived for an account, and what helps.
function Why({ account, changed }) {
  const { connectionId: id, paused, state } = account;
  if (paused) return html`<${Status}>${t('health.paused')}</${Status}>`;
  if (account.attention) return html`<${Reasons} id=${id} reasons=${reasonsOf(account)} changed=${changed} />`;
  if (state === 'undated') return html`${t('coverage.undatedWhy')}`;
  return html`${t('coverage.waits')} <${Remedy} id=${id} reason=${{ remedy: remedyOf('stale') }} changed=${changed} />`;
}

const accountColumns = (last) => [
  {
    title: t('column.account'), kind: 'main',
    cell: (account) => html`<a class="name" href=${link(`/connections/${account.connectionId}/transactions`, { accountId: account.accountId })}>
        ${nameOf({ ...account, externalId: account.accountId })}</a>
      <span class="vendor">${account.institution ? bankName(account.institution) + ' · ' : ''}<a href=${link('/connections/' + account.connectionId)}>${account.configName}</a></span>`,
  },
  {
    title: t('column.bankRead'),
    cell: ({ bankReadAt }) => (bankReadAt ? html`<${Instant} at=${bankReadAt} /> <span class="muted">(<${Ago} at=${bankReadAt} />)</span>` : muted),
  },
  { title: t('coverage.coversTo'), cell: ({ coversTo }) => (coversTo ? html`<${Day} date=${coversTo} />` : muted) },
  last,
];

// The groups of the accounts that do not cover the day, each with the last column of its table.
const groups = (changed) => [
  { state: 'not_read', title: t('coverage.notRead'), last: { title: t('coverage.why'), cell: (account) => html`<${Why} account=${account} changed=${changed} />` } },
  { state: 'undated', title: t('coverage.undated'), last: { title: t('coverage.why'), cell: (account) => html`<${Why} account=${account} changed=${changed} />` } },
  { state: 'read_since', title: t('coverage.readSince'), last: { title: t('coverage.from'), cell: ({ coveredFrom }) => html`<${Instant} at=${coveredFrom} />` } },
];

const Group = ({ group, items }) => items.length > 0 && html`<section aria-labelledby=${group.state}><h2 id=${group.state}>${group.title}</h2>
  <${Table} label=${group.title} columns=${accountColumns(group.last)} items=${items} rowKey=${({ accountId }) => accountId} /></section>`;

export function Coverage() {
  const { query } = useLocation();
  const list = useList(coveragePath({ day: query.day, institution: query.institution, limit: 50 }));
  const found = list.value?.data;
  const bank = query.institution && found?.institutions[0];
  const sentence = found && coverageSentence(found, !query.day);
  return html`<${Page} title=${sentence ? (bank ? t('coverage.at', { bank: bankName(bank), sentence }) : sentence) : t('coverage.title')} lead=${t('coverage.lead')}>
    <form class="filters" onSubmit=${(event) => event.preventDefault()}>
      <${Field} label=${t('coverage.dayField')} name="day" type="date" required value=${query.day || found?.day || ''} max=${today()}
        onChange=${(event) => event.target.value && setQuery({ day: event.target.value })} />
      ${query.institution && html`<p>${t('filter.bank', { bank: bank ? bankName(bank) : query.institution })} <button type="button" onClick=${() => setQuery({ institution: '' })}>
        ${t('filter.clear')}</button></p>`}
    </form>
    <${Loaded} of=${list} rows=${8}>${() => (found.accounts === 0
      ? html`<${Empty} title=${t('coverage.none')}><p>${t('account.emptyText')}</p></${Empty}>`
      : html`${groups(list.reload).map((group) => html`<${Group} key=${group.state} group=${group} items=${list.items.filter(({ state }) => state === group.state)} />`)}
        <${More} list=${list} />
        ${!query.institution && html`<section aria-labelledby="banks"><h2 id="banks">${t('coverage.byBank')}</h2>
          <${Table} label=${t('coverage.byBank')} columns=${bankColumns()} items=${found.institutions} rowKey=${key} /></section>`}`)}</${Loaded}>
  </${Page}>`;
}
