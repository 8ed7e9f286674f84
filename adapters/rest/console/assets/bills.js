// The bills of a card: the closed ones with their checks and payments, the transactions that are on none, and the rows of
// one bill.
import { AccountPage } from './account-page.js';
import { query as queryString } from './api.js';
import { Breadcrumb } from './connection.js';
import { isoDay, monthOf } from './format.js';
import { t } from './i18n.js';
import { TransactionName } from './names.js';
import { html } from './preact.js';
import { readAll, useList, useLoad, useResource } from './resource.js';
import { link } from './router.js';
import { sum } from './sums.js';
import { TransactionTable } from './transaction-table.js';
import { Amount, Day, Details, Empty, Instant, Loaded, More, Page, Status, Table } from './ui.js';

const checkTones = { adds_up: 'good', differs: 'bad', unknown: 'plain' };
const stateTones = { paid: 'good', due: 'plain', unknown: 'plain', carried: 'warn', partly_paid: 'warn', overdue: 'bad' };

const muted = html`<span class="muted">–</span>`;

const money = (value, currency) => (value === undefined ? muted : html`<${Amount} value=${value} currency=${currency} />`);

// Check says whether the total of a bill adds up, and by how much it does not.
const Check = ({ bill }) => html`<${Status} tone=${checkTones[bill.check]}>${t('bill.check.' + bill.check)}</${Status}>
  ${bill.check === 'differs' && html` <${Amount} value=${bill.difference} currency=${bill.currency} />`}`;

// The days around the end of a bill whose transactions may belong to it.
const daysBefore = 35;
const daysAfter = 5;
const maxPages = 20;

const hrefOf = (item) => link(`/connections/${item.connectionId}/transactions/${item.id}`);

const addressOf = (id, account, bill) => link(`/connections/${id}/accounts/${account}/bills/${bill}`);

const columns = (id, account) => [
  {
    title: t('bill.due'), kind: 'main',
    cell: (bill) => html`<a class="name" href=${addressOf(id, account, bill.id)}><${Day} date=${bill.dueDate} /></a>
      ${bill.removedAt && html`<${Status} tone="warn">${t('account.removed')}</${Status}>`}`,
  },
  { title: t('bill.closing'), cell: (bill) => (bill.closingDate ? html`<${Day} date=${bill.closingDate} />` : muted) },
  { title: t('bill.total'), kind: 'number', cell: (bill) => money(bill.total, bill.currency) },
  { title: t('tab.transactions'), kind: 'number', cell: (bill) => bill.rows.count },
  { title: t('column.check'), cell: (bill) => html`<${Check} bill=${bill} />` },
  { title: t('column.state'), cell: (bill) => html`<${Status} tone=${stateTones[bill.state]}>${t('bill.state.' + bill.state)}</${Status}>` },
];

// Open shows the sums of the transactions that are on no closed bill.
const Open = ({ months, currency }) => months.length > 0 && html`<section aria-labelledby="open"><h2 id="open">${t('bill.open')}</h2>
  <${Table} label=${t('bill.open')} items=${months} rowKey=${({ month }) => month || 'none'} columns=${[
    { title: t('bill.month'), kind: 'main', cell: ({ month }) => (month ? monthOf(month) : t('bill.noMonth')) },
    { title: t('tab.transactions'), kind: 'number', cell: ({ count }) => count },
    { title: t('column.sum'), kind: 'number', cell: (month) => money(month.sum, currency) },
  ]} /></section>`;

// lead answers what the bills say: the newest one that is listed and its check.
function lead(list) {
  const { list: reading } = list.value.data;
  const bill = list.items.find(({ removedAt }) => !removedAt);
  if (reading === 'denied') return t('bill.denied');
  if (!reading) return t('bill.unread');
  return bill ? html`${t('bill.lead', { due: html`<${Day} date=${bill.dueDate} />` })} <${Check} bill=${bill} />` : t('bill.empty');
}

export function AccountBills({ id, account }) {
  const path = '/accounts/' + account;
  const { currency = '' } = useResource(path).value?.data || {};
  const list = useList(path + '/bills?limit=20');
  return html`<${AccountPage} id=${id} account=${account} tab="bills" heading=${(name) => t('bill.heading', { name })} lead=${list.value && lead(list)}>
    <${Loaded} of=${list} rows=${4}>${(found) => html`${found.data.partial && html`<p>${t('bill.partial')}</p>`}
      ${list.items.length === 0 ? html`<${Empty} title=${t('bill.empty')}><p>${t('bill.emptyText')}</p></${Empty}>`
        : html`<section><${Table} label=${t('bill.tab')} items=${list.items} columns=${columns(id, account)} /><${More} list=${list} /></section>`}
      <${Open} months=${found.data.open} currency=${currency} />`}</${Loaded}>
  </${AccountPage}>`;
}

// Terms is the check of a bill as a sum: what the bill contains, the difference, and its total.
function Terms({ bill }) {
  const term = (name, value, strong) => value !== undefined && html`<tr class=${strong ? 'total' : ''}><th scope="row">${name}</th>
    <td class="number"><${Amount} value=${value} currency=${bill.currency} /></td></tr>`;
  const minus = (text) => (text.startsWith('-') ? text.slice(1) : '-' + text);
  const charges = bill.form === 'rows_and_charges' ? sum([bill.total, ...[bill.difference, bill.carried, bill.rows.sum].filter(Boolean).map(minus)]) : undefined;
  return html`<table class="terms" aria-label=${t('bill.why')}><tbody>
    ${term(t('bill.carried'), bill.carried)}
    ${term(t('bill.rows', { n: bill.rows.count }), bill.rows.sum)}
    ${term(t('bill.charges'), charges)}
    ${term(t('bill.difference'), bill.difference)}
    ${term(t('bill.total'), bill.total, true)}
  </tbody></table>
  ${bill.form === 'rows' && bill.financeCharges.length > 0 && html`<p class="small">${t('bill.chargesInRows')}</p>`}
  ${bill.rows.uncertain > 0 && html`<p>${t('bill.uncertain', { n: bill.rows.uncertain })}</p>`}`;
}

// Payments lists the payments of a bill. The candidates are debits of bank accounts that may be the payment.
const Payments = ({ bill, connection }) => bill.payments.length > 0 && html`<h2>${t('bill.payments')}</h2>
  <${Table} label=${t('bill.payments')} items=${bill.payments} rowKey=${({ date, amount }) => date + amount} columns=${[
    { title: t('column.date'), kind: 'main', cell: ({ date }) => html`<${Day} date=${date} />` },
    { title: t('column.amount'), kind: 'number', cell: ({ amount }) => money(amount, bill.currency) },
    { title: t('column.transaction'), cell: ({ transactionId }) => (transactionId ? html`<${TransactionName} connection=${connection} id=${transactionId} />` : muted) },
    {
      title: t('bill.candidates'),
      cell: ({ candidates = [] }) => (candidates.length === 0 ? muted
        : candidates.map((id) => html`<span class="note" key=${id}><${TransactionName} connection=${connection} id=${id} dated=${true} /></span>`)),
    },
  ]} />`;

// Uncertain lists the transactions of the days of a bill that are on no bill, or that only their dates assign to one: those
// that may be missing, or too many.
function Uncertain({ bill, connection }) {
  const last = bill.closingDate || bill.dueDate;
  const shift = (days) => isoDay(Date.parse(last), days);
  const list = useLoad('around ' + bill.id, (signal) => readAll(`/aggregator-connections/${connection}/transactions`
    + queryString({ accountId: bill.accountId, from: shift(-daysBefore), to: shift(daysAfter), limit: 200 }), maxPages, signal));
  const rows = (list.value?.items || []).filter(({ billId, billBasis, removedAt }) => !removedAt && (!billId || billBasis === 'dates'));
  return html`<h2>${t('bill.around')}</h2><p class="small">${t('bill.aroundText')}</p>
    <${Loaded} of=${list}>${() => (rows.length === 0 ? html`<${Empty} title=${t('bill.aroundNone')} />`
      : html`<${TransactionTable} label=${t('bill.around')} items=${rows} href=${hrefOf} />`)}</${Loaded}>`;
}

// BillPage shows one bill: why it adds up or not, its payments, and its rows.
export function BillPage({ id, account, bill }) {
  const loaded = useResource('/bills/' + bill);
  const rows = useList(`/bills/${bill}/transactions?limit=200`);
  const found = loaded.value?.data;
  return html`<${Page} title=${found ? t('bill.title', { due: html`<${Day} date=${found.dueDate} />` }) : t('bill.tab')}
      above=${html`<${Breadcrumb} id=${id}> › <a href=${link(`/connections/${id}/accounts/${account}/bills`)}>${t('bill.tab')}</a></${Breadcrumb}>`}
      lead=${found && html`${t('bill.check.lead.' + found.check)} <${Status} tone=${stateTones[found.state]}>${t('bill.state.' + found.state)}</${Status}>`}>
    <${Loaded} of=${loaded}>${() => html`
      <${Terms} bill=${found} />
      <${Details} pairs=${[
        [t('bill.closing'), found.closingDate && html`<${Day} date=${found.closingDate} />${found.closingBasis === 'derived' ? ` (${t('bill.derived')})` : ''}`],
        [t('bill.minimum'), found.minimumPayment && money(found.minimumPayment, found.currency)],
        ...found.financeCharges.map(({ type, description, amount }) => [[type, description].filter(Boolean).join(' · '), money(amount, found.currency)]),
        [t('column.bankRead'), found.bankReadAt && html`<${Instant} at=${found.bankReadAt} />`],
        [t('column.removedAt'), found.removedAt && html`<${Instant} at=${found.removedAt} />`],
      ]} />
      <${Payments} bill=${found} connection=${id} />
      ${found.check !== 'adds_up' && html`<${Uncertain} bill=${found} connection=${id} />`}`}</${Loaded}>
    <h2>${t('tab.transactions')}</h2>
    <${Loaded} of=${rows}>${() => (rows.items.length === 0 ? html`<${Empty} title=${t('statement.empty')} />`
      : html`<${TransactionTable} label=${t('tab.transactions')} items=${rows.items} href=${hrefOf} /><${More} list=${rows} />`)}</${Loaded}>
  </${Page}>`;
}
