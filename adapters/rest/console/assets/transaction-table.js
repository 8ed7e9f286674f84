// A table of transactions, which several views use.
import { monthOf, taxNumber } from './format.js';
import { language, t } from './i18n.js';
import { html, useMemo } from './preact.js';
import { Amount, Day, Status, Table } from './ui.js';

// Marks shows what is special about a transaction.
export const Marks = ({ transaction }) => html`
  ${transaction.removedAt && html`<${Status} tone="bad">${t('transaction.removed')}</${Status}>`}
  ${transaction.status === 'pending' && !transaction.removedAt && html`<${Status} tone="warn">${t('transaction.pending')}</${Status}>`}
  ${transaction.excludedAt && html`<${Status} tone="warn">${t('transaction.excluded')}</${Status}>`}
  ${transaction.billMonth && html`<span class="note">${t('bill.mark', { month: monthOf(transaction.billMonth) })}${transaction.instalment ? `, ${[transaction.instalment.number, transaction.instalment.count].filter(Boolean).join('/')}` : ''}</span>`}
  ${(transaction.warnings || []).map((code) => html`<${Status} key=${code} tone="warn">${t('warning.' + code)}</${Status}>`)}`;

// transactionTitle returns the description of a transaction. An erased one has none.
export const transactionTitle = (transaction) => (transaction.erasedAt ? t('transaction.erased')
  : transaction.description || t('transaction.noDescription'));

// Counterparty is the name of the counterparty with its tax number.
const Counterparty = ({ transaction: { counterparty, counterpartyDocument: document } }) => html`${counterparty}${document && html` <span class="muted">${taxNumber(document)}</span>`}
  ${!counterparty && !document && html`<span class="muted">–</span>`}`;

// columns returns the columns. href returns the address of a transaction's record; without it there are no
// links. more are further columns. marked shows what is special about a transaction at its description.
const columns = (href, more, marked) => [
  { title: t('column.date'), cell: (item) => html`<${Day} date=${item.date} />` },
  {
    title: t('column.description'), kind: 'main',
    cell: (item) => html`${href ? html`<a class="name" href=${href(item)}>${transactionTitle(item)}</a>`
      : html`<span class="name">${transactionTitle(item)}</span>`}${marked && html`<${Marks} transaction=${item} />`}`,
  },
  { title: t('column.counterparty'), cell: (item) => html`<${Counterparty} transaction=${item} />` },
  ...more,
  {
    title: t('column.amount'), kind: 'number',
    cell: (item) => html`<${Amount} value=${item.amount} currency=${item.currency} signed=${true} />
      ${item.accountAmount && html`<br /><span class="muted">(<${Amount} value=${item.accountAmount} currency=${item.accountCurrency} signed=${true} />)</span>`}`,
  },
];

const none = [];
const classOf = (item) => (item.removedAt ? 'removed' : '');

// TransactionTable keeps the rows that are shown already while href and more are the same.
export function TransactionTable({ label, items, href, more = none, marked = true }) {
  const all = useMemo(() => columns(href, more, marked), [href, more, marked, language.get()]);
  return html`<${Table} label=${label} columns=${all} items=${items} rowClass=${classOf} />`;
}
