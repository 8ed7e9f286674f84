// The accounts of a connection, and what the connection is.
import { CoversTo, Outdated, State, stateOf } from './completeness.js';
import { t, vendorName } from './i18n.js';
import { html } from './preact.js';
import { useList, useResource } from './resource.js';
import { link } from './router.js';
import { Ago, Balance, Copyable, Day, Details, Empty, Instant, Loaded, More, Status, Table } from './ui.js';

// The references under which an account was read before, if there are any.
const references = (account) => account.references.length > 1 && html`<details>
  <summary>${t('account.references')}</summary>
  <ul>${account.references.map((r) => html`<li key=${r.from}><code>${r.accountRef}</code> (<${Instant} at=${r.from} /> –
    ${r.until && html`<${Instant} at=${r.until} />`})</li>`)}</ul>
</details>`;

// CompletenessState shows whether the records of an account explain its balance, and links to the reasons.
function CompletenessState({ href, account }) {
  const { value } = useResource(`/accounts/${account.id}/completeness`);
  const state = value?.data && stateOf(value.data);
  return html`<a href=${href}>${state ? html`<${State} state=${state} />` : '…'}
    <span class="hidden"> ${t('account.completeness')}</span></a>
    ${state === 'drifting' && value?.data?.since && html` <span class="muted">${t('reason.since', { when: html`<${Ago} at=${value.data.since} />` })}</span>`}
    ${value?.data && html`<${CoversTo} of=${value.data} /><${Outdated} of=${value.data} />`}`;
}

// LastClose shows the last closed day of an account and whether something has changed since, and links to its closes.
function LastClose({ href, account }) {
  const { value } = useResource(`/accounts/${account.id}/closes?limit=1`);
  const last = value?.data?.items[0];
  const adjusted = useResource(last ? `/accounts/${account.id}/closes/${last.date}/adjustments?limit=1` : null).value?.data.items.length > 0;
  return html`<a href=${href}>${!value ? '…'
    : last ? html`<${Day} date=${last.date} />` : t('account.notClosed')}
    <span class="hidden"> ${t('account.closes')}</span></a>
    ${adjusted && html` <${Status} tone="warn">${t('close.adjusted')}</${Status}>`}`;
}

const columns = (connection, address = (account, tab) => link(`/connections/${connection.id}/accounts/${account.id}/${tab}`)) => [
  {
    title: t('column.account'), kind: 'main',
    cell: (account) => html`<a class="name" href=${link(`/connections/${connection.id}/transactions`, { accountId: account.id })}>
      ${account.name || account.number || account.externalId}</a>
      <span class="vendor">${[account.name && account.number, t('account.' + account.type)].filter(Boolean).join(' · ')}</span>
      ${account.removedAt && html`<${Status} tone="warn">${t('account.removed')}</${Status}>`}
      ${!account.removedAt && account.removalHeldSince && html`<${Status} tone="warn">${t('removals.accountSince',
        { when: html`<${Ago} at=${account.removalHeldSince} />` })}</${Status}>`}
      ${references(account)}`,
  },
  { title: t('column.bankRead'), cell: (account) => html`<${Ago} at=${account.bankReadAt} none=${'time.unknown'} />` },
  { title: t('column.updated'), cell: (account) => html`<${Ago} at=${account.updatedAt} />` },
  { title: t('column.balance'), kind: 'number', cell: (account) => html`<${Balance} account=${account} />` },
  {
    title: t('column.completeness'),
    cell: (account) => html`<${CompletenessState} account=${account}
      href=${address(account, 'completeness')} />`,
  },
  {
    title: t('column.closedDay'),
    cell: (account) => html`<${LastClose} account=${account}
      href=${address(account, 'closes')} />`,
  },
  {
    title: t('statement.title'),
    cell: (account) => html`<a href=${address(account, 'statement')}>${t('statement.title')}</a>
      <a class="note" href=${address(account, 'bank-statements')}>${t('bankStatement.open')}</a>
      ${account.type === 'credit' && html`<a class="note" href=${address(account, 'bills')}>${t('bill.tab')}</a>`}`,
  },
];

export function Accounts({ connection, path }) {
  const list = useList(path + '/accounts?limit=50');
  return html`<section aria-labelledby="accounts"><h2 id="accounts">${t('tab.accounts')}</h2>
    <${Loaded} of=${list} rows=${3}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('account.empty')}><p>${t('account.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('tab.accounts')} columns=${columns(connection)} items=${list.items} />
        <${More} list=${list} />`)}</${Loaded}>
  </section>
  <section aria-labelledby="details"><h2 id="details">${t('connection.details')}</h2>
    <${Details} pairs=${[
      [t('column.vendor'), vendorName(connection.vendor)],
      [t('field.accountRef'), html`<${Copyable} value=${connection.accountRef} name=${t('field.accountRef')} />`],
      [t('field.baseUrl'), html`<code>${connection.baseUrl}</code>`],
      [t('column.id'), html`<${Copyable} value=${connection.id} name=${t('column.id')} />`],
      [t('column.created'), html`<${Instant} at=${connection.createdAt} />`],
      [t('column.changed'), html`<${Instant} at=${connection.updatedAt} />`],
    ]} />
  </section>`;
}
