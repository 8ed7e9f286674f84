// The transactions of a connection: filters, money by day, and the table.
import { query as queryString } from './api.js';
import { BarChart } from './chart.js';
import { dayTotals } from './day-totals.js';
import * as format from './format.js';
import { t } from './i18n.js';
import { html } from './preact.js';
import { useList, useResource } from './resource.js';
import { link, setQuery, useLocation } from './router.js';
import { TransactionTable } from './transaction-table.js';
import { Empty, Loaded, More, Select } from './ui.js';

const pageSize = 200;

const sum = (values) => values.reduce((total, value) => total + value, 0);

// MoneyByDay draws the money in and out of each day, and says the totals in words.
export function MoneyByDay({ items }) {
  const { currency, days, incoming, outgoing } = dayTotals(items);
  if (days.length < 2) return null;
  const money = (value) => format.amount(value.toFixed(2)) + ' ' + currency;
  const caption = t('transactions.chart', {
    from: format.shortDay(days[0]), to: format.shortDay(days[days.length - 1]),
    incoming: money(sum(incoming)), outgoing: money(-sum(outgoing)),
  });
  return html`<${BarChart} caption=${caption} labels=${days.map(format.shortDay)} format=${format.number}
    series=${[{ colour: 'good', values: incoming }, { colour: 'out', values: outgoing }]} />`;
}

function Filters({ query, accounts }) {
  const date = (name, label) => html`<div class="field"><label for=${name}>${label}</label>
    <input id=${name} type="date" value=${query[name] || ''} onChange=${(event) => setQuery({ [name]: event.target.value })} /></div>`;
  const options = [['', t('filter.all')], ...accounts.map((account) => [account.id, account.name || account.number || account.id])];
  const statuses = [['', t('filter.all')], ['posted', t('transaction.posted')], ['pending', t('transaction.pending')]];
  return html`<form class="filters" onSubmit=${(event) => event.preventDefault()}>
    ${date('from', t('filter.from'))}${date('to', t('filter.to'))}
    <${Select} label=${t('column.status')} name="status" value=${query.status || ''} options=${statuses}
      onChange=${(status) => setQuery({ status })} />
    <${Select} label=${t('column.account')} name="accountId" value=${query.accountId || ''} options=${options}
      onChange=${(accountId) => setQuery({ accountId })} />
  </form>`;
}

// heading says how many rows there are. Removed rows are listed, but do not count.
function heading(items, hasMore) {
  const live = items.filter((item) => !item.removedAt);
  const pending = live.filter((item) => item.status === 'pending').length;
  return t(hasMore ? 'transactions.first' : 'transactions.count', { n: live.length, pending });
}

export function Transactions({ connection, path }) {
  const { query } = useLocation();
  const { from, to, status, accountId } = query;
  const accounts = useResource(path + '/accounts?limit=200').value?.data.items || [];
  const list = useList(path + '/transactions' + queryString({ limit: pageSize, from, to, status, accountId }));
  const href = (item) => link(`/connections/${connection.id}/transactions/${item.id}`);
  const filtered = from || to || status || accountId;
  return html`<section aria-labelledby="transactions">
    <h2 id="transactions">${list.items ? heading(list.items, list.hasMore) : t('tab.transactions')}</h2>
    <${Filters} query=${query} accounts=${accounts} />
    <${Loaded} of=${list} rows=${8}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t(filtered ? 'filter.noMatch' : 'transactions.empty')}>
          ${filtered ? html`<button type="button" onClick=${() => setQuery({ from: '', to: '', status: '', accountId: '' })}>
            ${t('filter.clear')}</button>` : html`<p>${t('transactions.emptyText')}</p>`}</${Empty}>`
      : html`<${MoneyByDay} items=${list.items} />
        <${TransactionTable} label=${t('tab.transactions')} items=${list.items} href=${href} />
        <${More} list=${list} />`)}</${Loaded}>
  </section>`;
}
