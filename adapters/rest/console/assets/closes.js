// The closes of one account: which days are closed, what changed afterwards, and the action that closes a day.
import { AccountPage } from './account-page.js';
import { newKey, request } from './api.js';
import { Verdict } from './bank-statements.js';
import { State, stateAt } from './completeness.js';
import { Confirm } from './confirm.js';
import { day, today } from './format.js';
import { actorName, t } from './i18n.js';
import { TransactionName } from './names.js';
import { html, useState } from './preact.js';
import { useList, useResource } from './resource.js';
import { link, setQuery, useLocation } from './router.js';
import { firstOfMonth, lastMonth, useDownload } from './statement.js';
import { ActionButton, Ago, Amount, Button, Copyable, Day, Empty, Failure, Field, Loaded, More, Table } from './ui.js';

const muted = html`<span class="muted">–</span>`;

const money = (value, { currency = '' }) => (value ? html`<${Amount} value=${value} currency=${currency} />` : muted);

// Evidence downloads the evidence pack of a close.
function Evidence({ path, close }) {
  const action = useDownload();
  return html`<${Button} busy=${action.busy} onClick=${() => action.run({ path: `${path}/closes/${close.date}/evidence` })}>${t('action.evidence')}</${Button}>
    <${Failure} problem=${action.problem} />`;
}

const columns = (path, show, reopen) => [
  { title: t('column.period'), kind: 'main', cell: (close) => html`<${Day} date=${close.firstDay} /> – <${Day} date=${close.date} />` },
  { title: t('column.records'), kind: 'number', cell: (close) => close.postedCount },
  { title: t('column.sum'), kind: 'number', cell: (close) => money(close.postedSum, close) },
  { title: t('bankStatement.closing'), kind: 'number', cell: (close) => money(close.closingBalance, close) },
  { title: t('column.completeness'), cell: (close) => html`<${State} state=${close.completeness} />` },
  { title: t('bankStatement.verdict'), cell: (close) => (close.witness ? html`<${Verdict} verdict=${close.witness.verdict} />` : muted) },
  { title: t('column.closedBy'), cell: (close) => html`${actorName(close.closedBy)}, <${Ago} at=${close.closedAt} />` },
  {
    title: t('column.action'),
    cell: (close) => html`<button type="button" onClick=${() => show(close)}>${t('action.adjustments')}</button>${' '}
      <${Evidence} path=${path} close=${close} />${' '}
      <${ActionButton} kind="danger" onClick=${() => reopen(close)}>${t('action.reopen')}</${ActionButton}>`,
  },
];

// shownAs shows the members that a digest covers, in the order in which a change shows them.
const shownAs = {
  date: (side) => html`<${Day} date=${side.date} />`,
  amount: (side) => html`<${Amount} value=${side.amount} currency=${side.currency} />`,
  accountAmount: (side) => html`(<${Amount} value=${side.accountAmount} currency=${side.accountCurrency} />)`,
  status: (side) => t('transaction.' + side.status),
};

// values shows one side of a change; a transaction that came or left has only one.
const values = (side) => side && Object.keys(shownAs).filter((name) => side[name]).map((name) => html`${shownAs[name](side)}${' '}`);

const adjustmentColumns = (connection) => [
  {
    title: t('column.transaction'), kind: 'main',
    cell: (item) => html`<${TransactionName} connection=${connection} id=${item.transactionId} />`,
  },
  { title: t('column.change'), cell: (item) => t('adjustment.' + item.change) },
  { title: t('column.before'), cell: (item) => values(item.before) || muted },
  { title: t('column.after'), cell: (item) => values(item.after) || muted },
  { title: t('column.changed'), cell: (item) => html`<${Ago} at=${item.at} />` },
];

// Adjustments shows what changed after a close.
function Adjustments({ connection, path, close }) {
  const list = useList(`${path}/closes/${close.date}/adjustments?limit=50`);
  const title = t('adjustment.title', { date: day(close.date) });
  return html`<section aria-labelledby="adjustments"><h2 id="adjustments">${title}</h2>
    <p class="small">${t('close.covers', { n: close.count, sum: money(close.sum, close) })} ${t('close.digest')} <${Copyable} value=${close.digest} name=${t('close.digest')} /></p>
    <p><a class="button" href=${link(`/connections/${connection}${path}/statement`, { close: close.date })}>${t('close.printed')}</a></p>
    <${Loaded} of=${list} rows=${3}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('adjustment.empty')}><p>${t('adjustment.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${title} columns=${adjustmentColumns(connection)} items=${list.items}
          rowKey=${(item) => item.transactionId + item.at + item.change} /><${More} list=${list} />`)}</${Loaded}>
  </section>`;
}

// CloseDialog names the completeness of the account, because a close of an account that drifts covers what is there. A first
// close begins with its month.
function CloseDialog({ path, date, first, reload, onClose }) {
  const found = useResource(path + '/completeness').value?.data;
  const account = useResource(path).value?.data;
  const state = found && account && stateAt(found, date, account);
  const [key] = useState(newKey);
  const from = first ? firstOfMonth(date) : undefined;
  const close = () => request('PUT', `${path}/closes/${date}`, { key, body: { from } }).then(({ data }) => {
    reload();
    return data;
  });
  return html`<${Confirm} title=${t('close.title', { date: day(date) })} text=${t('close.text')} label=${t('action.closePeriod')}
      perform=${close} done=${t('close.done', { date: day(date) })} onClose=${onClose}>
    <p>${state && html`${found.basis === 'quarantined_rows' && t('basis.quarantined_rows') + ' '}<strong>${t(state === 'differs' ? 'completeness.lead.differs' : 'close.state.' + state)}</strong>`}</p>
    ${first && html`<p>${t('close.from', { date: day(from) })}</p>`}
  </${Confirm}>`;
}

function ReopenDialog({ path, date, reload, onClose }) {
  const reopen = () => request('DELETE', `${path}/closes/${date}`).then(() => {
    reload();
    return true;
  });
  return html`<${Confirm} title=${t('reopen.title', { date: day(date) })} text=${t('reopen.text')} label=${t('action.reopen')}
    kind="danger" perform=${reopen} done=${t('reopen.done', { date: day(date) })} onClose=${onClose} />`;
}

const reopenedColumns = () => [
  { title: t('column.period'), kind: 'main', cell: (close) => html`<${Day} date=${close.firstDay} /> – <${Day} date=${close.date} />` },
  { title: t('column.closedBy'), cell: (close) => html`${actorName(close.closedBy)}, <${Ago} at=${close.closedAt} />` },
  { title: t('column.reopened'), cell: (close) => html`<${Ago} at=${close.reopenedAt} />` },
];

// Reopened lists the closes that were reopened. The statement of the last one of a day is printed until the day is closed again.
const Reopened = ({ address, list, closed }) => list.items?.length > 0 && html`<section aria-labelledby="reopened">
  <h2 id="reopened">${t('reopen.list')}</h2>
  <${Table} label=${t('reopen.list')} items=${list.items} rowKey=${(close) => close.date + close.closedAt} columns=${[...reopenedColumns(), {
    title: t('statement.title'),
    cell: ({ date }) => (closed.has(date) ? muted : html`<a href=${link(address + '/statement', { close: date })}>${t('close.printed')}</a>`),
  }]} /><${More} list=${list} />
</section>`;

// lead says how many days are closed, and which one is the latest.
const lead = (list) => (list.items.length === 0 ? t('close.none')
  : t(list.hasMore ? 'close.leadMore' : 'close.lead', { n: list.items.length, date: day(list.items[0].date) }));

export function AccountCloses({ id, account }) {
  const path = '/accounts/' + account;
  const list = useList(path + '/closes?limit=50');
  const reopened = useList(path + '/closes?reopened=true&limit=50');
  const reload = () => {
    list.reload();
    reopened.reload();
  };
  const { query } = useLocation();
  const [closing, setClosing] = useState('');
  const [reopening, setReopening] = useState(null);
  const shown = list.items?.find((close) => close.date === query.close);
  const submit = (event) => {
    event.preventDefault();
    setClosing(new FormData(event.target).get('date'));
  };
  return html`<${AccountPage} id=${id} account=${account} tab="closes" heading=${(name) => t('close.heading', { name })}
      lead=${list.items && lead(list)}>
    <form class="filters" onSubmit=${submit}>
      <${Field} label=${t('close.date')} name="date" type="date" required defaultValue=${lastMonth()} max=${today(-1)} />
      <${ActionButton} type="submit">${t('action.closePeriod')}</${ActionButton}>
    </form>
    <section><${Loaded} of=${list} rows=${3}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('close.none')}><p>${t('close.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('account.closes')} items=${list.items} rowKey=${(close) => close.date}
          columns=${columns(path, (close) => setQuery({ close: close.date }), setReopening)} /><${More} list=${list} />`)}</${Loaded}></section>
    ${shown && html`<${Adjustments} key=${shown.date + shown.closedAt} connection=${id} path=${path} close=${shown} />`}
    <${Reopened} address=${`/connections/${id}${path}`} list=${reopened} closed=${new Set(list.items?.map(({ date }) => date))} />
    ${closing && html`<${CloseDialog} path=${path} date=${closing} first=${!list.hasMore && !list.items?.some((close) => close.date < closing)} reload=${list.reload} onClose=${() => setClosing('')} />`}
    ${reopening && html`<${ReopenDialog} path=${path} date=${reopening.date} reload=${reload} onClose=${() => setReopening(null)} />`}
  </${AccountPage}>`;
}
