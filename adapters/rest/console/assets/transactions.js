// The transactions of a connection: filters, money by day, and the table.
import { query as queryString } from './api.js';
import { BarChart } from './chart.js';
import { barsOf } from './day-totals.js';
import * as format from './format.js';
import { t } from './i18n.js';
import { html } from './preact.js';
import { withFieldProblems } from './problem-text.js';
import { useList, useResource } from './resource.js';
import { link, setQuery, useLocation } from './router.js';
import { TransactionTable } from './transaction-table.js';
import { Empty, Field, Loaded, More, Select } from './ui.js';

const pageSize = 50;

// MoneyByDay draws the money in and out of each day or month, and says in words what the sums cover. sums is the answer
// of /transactions/summary.
export function MoneyByDay({ sums }) {
  const { currency, labels, incoming, outgoing } = barsOf(sums);
  if (!currency) return null;
  const days = sums.items.map(({ date }) => date);
  const money = (total) => t('transactions.total', {
    incoming: format.money(total.in, total.currency), outgoing: format.money(total.out, total.currency),
  });
  const caption = t('transactions.chart', {
    from: format.day(days[days.length - 1]), to: format.day(days[0]), totals: sums.total.map(money).join(' '),
  });
  if (labels.length < 2) return html`<p class="muted">${caption}</p>`;
  return html`<${BarChart} caption=${caption} labels=${labels} format=${format.number}
    series=${[{ colour: 'good', values: incoming }, { colour: 'out', values: outgoing }]} />`;
}

function Filters({ query, accounts, errors }) {
  const date = (name, label) => html`<${Field} label=${label} name=${name} type="date" error=${errors[name]} value=${query[name] || ''}
    onChange=${(event) => setQuery({ [name]: event.target.value })} />`;
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

const count = (sums) => sums.total.reduce((all, total) => all + total.count, 0);

// heading says how many rows the filter selects. Removed rows are listed, but do not count.
const heading = (sums, pending) => t('transactions.count', { n: count(sums), pending: count(pending) });

export function Transactions({ connection, path }) {
  const { query } = useLocation();
  const { from, to, status, accountId } = query;
  const accounts = useResource(path + '/accounts?limit=200').value?.data.items || [];
  const filter = { connectionId: connection.id, accountId, from, to };
  const sums = useResource('/transactions/summary' + queryString({ ...filter, status })).value?.data;
  const pending = useResource('/transactions/summary' + queryString({ ...filter, status: 'pending' })).value?.data;
  const counted = sums && (status === 'posted' ? { total: [] } : pending);
  const list = withFieldProblems(useList(path + '/transactions' + queryString({ limit: pageSize, from, to, status, accountId })), ['from', 'to']);
  const href = (item) => link(`/connections/${connection.id}/transactions/${item.id}`);
  const filtered = from || to || status || accountId;
  return html`<section aria-labelledby="transactions">
    <h2 id="transactions">${counted ? heading(sums, counted) : t('tab.transactions')}</h2>
    <${Filters} query=${query} accounts=${accounts} errors=${list.errors} />
    <${Loaded} of=${list} rows=${8}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t(filtered ? 'filter.noMatch' : 'transactions.empty')}>
          ${filtered ? html`<button type="button" onClick=${() => setQuery({ from: '', to: '', status: '', accountId: '' })}>
            ${t('filter.clear')}</button>` : html`<p>${t('transactions.emptyText')}</p>`}</${Empty}>`
      : html`${sums && html`<${MoneyByDay} sums=${sums} />`}
        <${TransactionTable} label=${t('tab.transactions')} items=${list.items} href=${href} />
        <${More} list=${list} />`)}</${Loaded}>
  </section>`;
}
