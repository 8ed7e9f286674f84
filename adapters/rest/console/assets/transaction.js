// One transaction with all of its members, its versions, and the object of the vendor.
import { Breadcrumb } from './connection.js';
import { monthOf, taxNumber } from './format.js';
import { actorName, t, vendorName } from './i18n.js';
import { AccountName } from './names.js';
import { html, useState } from './preact.js';
import { useResource } from './resource.js';
import { link } from './router.js';
import { ExcludeDialog, History, Possible, Replacements, SplitDialog, useHistory } from './transaction-history.js';
import { Marks, transactionTitle } from './transaction-table.js';
import { ActionButton, Amount, Copyable, Day, Details, Failure, Instant, Json, Page, Skeleton } from './ui.js';

// idPair returns the name and the value of an id, with a button that copies it.
const idPair = (name, value) => [name, value && html`<${Copyable} value=${value} name=${name} />`];
const instant = (value) => value && html`<${Instant} at=${value} />`;

// references lists the references that are known, in the order of the API.
const references = (item) => ['endToEndId', 'transactionId', 'trackingKey', 'referenceNumber', 'receiverReferenceId', 'authenticationCode', 'chequeNumber', 'digitableLine', 'barcode', 'txId']
  .map((name) => idPair(t('reference.' + name), item.references?.[name]));

// counterpartyDocument shows the kind and the number of the tax number of the other party.
const counterpartyDocument = ({ counterpartyDocument: number }) => number && html`${number.type === 'other' ? '' : number.type + ' '}<code>${taxNumber(number)}</code>`;

// bill names the bill of a card's transaction by its month, or says in which month it is expected.
const bill = ({ connectionId, accountId, billId, billMonth }) => billMonth && html`${billId
  ? html`<a href=${link(`/connections/${connectionId}/accounts/${accountId}/bills/${billId}`)}>${monthOf(billMonth)}</a>`
  : t('bill.expected', { month: monthOf(billMonth) })}`;

const pairs = (item) => [
  [t('column.date'), item.date && html`<${Day} date=${item.date} />`],
  [t('column.occurred'), instant(item.occurredAt)],
  [t('column.counterparty'), item.counterparty],
  [t('column.counterpartyDocument'), counterpartyDocument(item)],
  ...references(item),
  [t('column.category'), item.category],
  [t('column.accountAmount'), item.accountAmount && html`<${Amount} value=${item.accountAmount} currency=${item.accountCurrency} signed=${true} />`],
  [t('column.account'), item.accountId && html`<${AccountName} connection=${item.connectionId} id=${item.accountId} />`],
  [t('bill.of'), bill(item)],
  [t('bill.instalment'), item.instalment && [item.instalment.number, item.instalment.count].filter(Boolean).join('/')],
  [t('bill.purchased'), item.purchaseDate && html`<${Day} date=${item.purchaseDate} />`],
  [t('column.vendor'), item.vendor && vendorName(item.vendor)],
  idPair(t('column.externalId'), item.externalId),
  idPair(t('column.id'), item.id),
  [t('column.version'), item.version],
  [t('column.firstSeen'), instant(item.firstSeenAt)],
  [t('column.changed'), instant(item.updatedAt)],
  [t('column.removedAt'), instant(item.removedAt)],
  [t('column.excludedAt'), item.excludedAt && html`${instant(item.excludedAt)} · ${actorName(item.excludedBy)}`],
  [t('column.erasedAt'), instant(item.erasedAt)],
];

// state says in words what the transaction is.
const state = (item) => t(item.erasedAt ? 'transaction.lead.erased' : item.removedAt ? 'transaction.lead.removed' : 'transaction.lead.' + item.status);

export function TransactionPage({ id, transaction }) {
  const path = '/transactions/' + transaction;
  const loaded = useResource(path);
  const history = useHistory(path);
  const [splitting, setSplitting] = useState(false);
  const [excluding, setExcluding] = useState(false);
  const reload = () => {
    loaded.reload();
    history.reload();
  };
  const item = loaded.value?.data;
  const back = link(`/connections/${id}/transactions`);
  const title = item ? transactionTitle(item) : t('transaction.title');
  return html`<${Page} title=${title} place=${item && t('transaction.title')}
      above=${html`<${Breadcrumb} id=${item && !item.erasedAt && id}> › <a href=${back}>${t('tab.transactions')}</a></${Breadcrumb}>`}
      actions=${item && html`
        ${item.supersedes?.length > 0 && html`<${ActionButton} kind="danger" onClick=${() => setSplitting(true)}>${t('action.split')}</${ActionButton}>`}
        ${(item.excludedAt || !item.removedAt) && !item.erasedAt && html`<${ActionButton} onClick=${() => setExcluding(true)}>${t(item.excludedAt ? 'action.include' : 'action.exclude')}</${ActionButton}>`}`}
      lead=${item && html`${!item.erasedAt && html`<${Amount} value=${item.amount} currency=${item.currency} signed=${true} />. `}${state(item)} <${Marks} transaction=${item} />`}>
    <${Failure} problem=${loaded.problem} retry=${loaded.reload} />
    ${!item ? !loaded.problem && html`<${Skeleton} />` : html`
      <${Details} pairs=${pairs(item)} />
      ${!item.erasedAt && html`<${Possible} connection=${id} item=${item} />
      <${Replacements} connection=${id} item=${item} />
      <${History} connection=${id} account=${item.accountId} list=${history} />
      <h2>${t('transaction.metadata')}</h2>
      <${Json} value=${item.metadata ?? null} label=${t('transaction.metadata')} />`}`}
    ${excluding && html`<${ExcludeDialog} path=${path} excluded=${Boolean(item?.excludedAt)} reload=${reload} onClose=${() => setExcluding(false)} />`}
    ${splitting && html`<${SplitDialog} path=${path} reload=${reload} onClose=${() => setSplitting(false)} />`}
  </${Page}>`;
}
