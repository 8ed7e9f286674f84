// The statements of accounts: pages to read and to print, and documents in every format.
import { AccountPage } from './account-page.js';
import { download, query as queryString, request } from './api.js';
import { State } from './completeness.js';
import { day, isoDay, today } from './format.js';
import { actorName, t } from './i18n.js';
import { ConnectionName, nameOf } from './names.js';
import { html, useState } from './preact.js';
import { problemText } from './problem-text.js';
import { useAction, useLoad } from './resource.js';
import { setQuery, useLocation } from './router.js';
import { sum, sumByCurrency } from './sums.js';
import { Amount, announce, Button, Day, Empty, Failure, Field, Instant, Loaded, Page, Select, Table } from './ui.js';

// The formats of documents, with their parameters.
const formats = {
  camt053: { format: 'camt053' }, ofx: { format: 'ofx' }, ofx102: { format: 'ofx', version: '102' },
  csv: { format: 'csv' }, csvBrazil: { format: 'csv', locale: 'pt-BR' }, matcher: { format: 'matcher' },
};

const maxBytes = 8 << 20; // of the rows of a page

const muted = html`<span class="muted">–</span>`;

// lastMonth returns the last day of the month before, which is the day that is closed most often.
export const lastMonth = () => isoDay(Date.parse(today().slice(0, 8) + '01'), -1);

// firstOfMonth returns the first day of the month of a day.
export const firstOfMonth = (date) => date.slice(0, 8) + '01';

// save passes a document to the browser, which stores it as a file.
function save({ name, content }) {
  const url = URL.createObjectURL(content);
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 60000); // the browser may still be reading it
}

// useDownload returns an action that saves the document of a path. With a body, the document is requested by POST.
export const useDownload = () => useAction(async ({ path, body, name }) => {
  const file = await download(path, body);
  save({ ...file, name: name || file.name });
  announce(t('statement.done', { name: name || file.name }));
  return true;
});

// pathOf returns the path of the document of the account.
const pathOf = (id, values) => `/accounts/${id}/statement` + queryString(values);

// DownloadForm downloads the documents of a period of one account, or of several in one archive. A period that is not
// closed may be written although the balances are in doubt. archive is whether an archive is made also of one account.
export function DownloadForm({ accounts, period, archive = accounts.length > 1 }) {
  const [format, setFormat] = useState('camt053');
  const [force, setForce] = useState('');
  const action = useDownload();
  const submit = (event) => {
    event.preventDefault();
    const values = { ...formats[format], ...period };
    const forced = period.close ? '' : force;
    if (!archive) return action.run({ path: pathOf(accounts[0], { ...values, force: forced }) });
    return action.run({
      path: '/statements', body: { ...values, accountIds: accounts, ...forced && { force: [forced] } },
      name: `statements-${period.close || period.to}.zip`,
    });
  };
  return html`<form class="filters" onSubmit=${submit}>
      <${Select} label=${t('statement.format')} name="format" value=${format} onChange=${setFormat}
        options=${Object.keys(formats).map((name) => [name, t('statement.' + name)])} />
      ${!period.close && html`<${Select} label=${t('statement.drifting')} name="force" value=${force} onChange=${setForce}
        options=${[['', t('statement.refuse')], ['true', t('statement.force')]]} />`}
      <${Button} type="submit" busy=${action.busy}>${t('statement.download')}</${Button}>
    </form>
    <${Failure} problem=${action.problem} />`;
}

// balanceIn returns the balance with the code in a document of the format camt053.
function balanceIn(text, code) {
  const [, amount, direction] = new RegExp(`<Cd>${code}</Cd>.*?<Amt Ccy="\\w+">([\\d.]+)</Amt><CdtDbtInd>(\\w+)`).exec(text) || [];
  return amount && (direction === 'DBIT' && /[1-9]/.test(amount) ? '-' : '') + amount;
}

const isZero = (text) => !/[1-9]/.test(text);
const negated = (text) => (text.startsWith('-') ? text.slice(1) : '-' + text);

// readBalances returns the balances before and after the period as the service states them in a document, or why it states
// none.
async function readBalances(id, period, rows) {
  try {
    const text = await (await download(pathOf(id, { ...formats.camt053, ...period }))).content.text();
    const [opening, closing] = [balanceIn(text, 'OPBD'), balanceIn(text, 'CLBD')];
    if (!isZero(sum([opening, negated(closing), ...rows.map(({ amount }) => amount)]))) return { moved: true };
    return { opening, closing };
  } catch (problem) {
    if (problem.status !== 409) throw problem;
    return { problem };
  }
}

// findClose returns the close of a day. If kinds is not given, it also returns the one that was reopened last.
async function findClose(id, date, signal, kinds = ['', 'true']) {
  for (const reopened of kinds) {
    const path = `/accounts/${id}/closes` + queryString({ limit: 200, reopened });
    const found = (await request('GET', path, { signal })).data.items.find((close) => close.date === date);
    if (found) return found;
  }
  return undefined;
}

// readStatement returns the account, its rows in the period and the balances. closed is the close that was asked for, and
// wasClosed that of the last day if the present state was asked for.
async function readStatement(id, period, signal) {
  const read = (path) => request('GET', path, { signal }).then(({ data }) => data);
  const [account, rows, closed] = await Promise.all([
    read('/accounts/' + id), read(pathOf(id, { ...formats.matcher, ...period, maxBytes })),
    period.close ? findClose(id, period.close, signal) : findClose(id, period.to, signal, ['']),
  ]);
  const at = new Date().toISOString();
  if (!period.close || !closed) return { account, rows, at, wasClosed: closed, ...period, ...await readBalances(id, period, rows) };
  return { account, rows, at, from: closed.firstDay, to: closed.date, opening: closed.openingBalance, closing: closed.closingBalance, closed };
}

const columns = () => [
  { title: t('column.date'), cell: ({ date }) => html`<${Day} date=${date} />` },
  { title: t('column.description'), kind: 'main', cell: ({ description }) => description || t('transaction.noDescription') },
  { title: t('column.counterparty'), cell: ({ counterparty }) => counterparty || muted },
  { title: t('column.references'), cell: ({ reference }) => (reference ? html`<span class="breakable">${reference}</span>` : muted) },
  { title: t('column.amount'), kind: 'number', cell: ({ amount, currency }) => html`<${Amount} value=${amount} currency=${currency} signed=${true} />` },
];

// Standing says whether the statement is that of a closed period.
const Standing = ({ closed, wasClosed, at, problem, moved }) => (closed
  ? html`<p>${t('statement.closed', { by: actorName(closed.closedBy), at: html`<${Instant} at=${closed.closedAt} />` })} <${State} state=${closed.completeness} />
      ${closed.reopenedAt && html` <strong>${t('statement.reopened', { at: html`<${Instant} at=${closed.reopenedAt} />` })}</strong>`}</p>`
  : html`<p>${t(wasClosed ? 'statement.known' : 'statement.open', { at: html`<${Instant} at=${at} />` })}${' '}
      ${wasClosed && html`${t('statement.wasClosed', { date: day(wasClosed.date), at: html`<${Instant} at=${wasClosed.closedAt} />` })}${' '}
        <span class="actions"><button type="button" onClick=${() => setQuery({ close: wasClosed.date, from: '', to: '' })}>${t('statement.asClosed')}</button></span>${' '}`}
      ${(problem || moved) && html`<strong>${t('statement.noBalances')} ${moved ? t('statement.moved') : problemText({ detail: problem.message })}</strong>`}</p>`);

// Sheet is the statement of one account, which begins a page when it is printed.
function Sheet({ id, period }) {
  const loaded = useLoad(`statement ${id} ${JSON.stringify(period)}`, (signal) => readStatement(id, period, signal));
  return html`<section class="sheet"><${Loaded} of=${loaded} rows=${8}>${({ account, rows, from, to, opening, closing, ...standing }) => {
    const currency = account.currency || rows[0]?.currency || '';
    const total = sumByCurrency(rows)[0] || { incoming: '0', out: '0' };
    const count = (sign) => rows.filter(({ amount }) => amount.startsWith('-') === sign).length;
    const money = (value) => (value === undefined ? t('time.unknown') : html`<${Amount} value=${value} currency=${currency} />`);
    const fact = (name, value) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
    const label = t('statement.of', { name: nameOf(account), from: day(from), to: day(to) });
    return html`<h2>${label}</h2>
      <p class="muted">${[account.institution?.name || account.institution?.id, account.number, currency].filter(Boolean).join(' · ')} · <${ConnectionName} id=${account.connectionId} /></p>
      <dl class="facts">
        ${fact(t('bankStatement.opening'), money(opening))}
        ${fact(t('statement.in', { n: count(false) }), money(total.incoming))}
        ${fact(t('statement.out', { n: count(true) }), money(isZero(total.out) ? total.out : '-' + total.out))}
        ${fact(t('bankStatement.closing'), money(closing))}
      </dl>
      <${Standing} ...${standing} />
      ${rows.length === 0 ? html`<${Empty} title=${t('statement.empty')} />`
        : html`<${Table} label=${label} columns=${columns()} items=${rows} rowKey=${(row) => row.transaction_id} />`}`;
  }}</${Loaded}></section>`;
}

// periodOf returns the period that the query of the location selects: a closed one, or days.
function periodOf({ close, from, to = lastMonth() }) {
  return close ? { close } : { from: from ?? firstOfMonth(to), to };
}

// Sheets shows the statements of accounts, with what prints and downloads them.
function Sheets({ accounts }) {
  const { query } = useLocation();
  const period = periodOf(query);
  const wrong = !period.close && period.to < period.from;
  const field = (name, error) => html`<${Field} label=${t('filter.' + name)} name=${name} type="date" value=${period[name]} error=${error}
    onChange=${(event) => event.target.value && setQuery({ [name]: event.target.value })} />`;
  return html`<div class="screen">
      <div class="filters">
        ${period.close ? html`<p>${t('close.printed')}: <strong><${Day} date=${period.close} /></strong></p>
          <button type="button" onClick=${() => setQuery({ close: '', from: firstOfMonth(period.close), to: period.close })}>${t('statement.now')}</button>`
          : html`${field('from')}${field('to', wrong && t('invalid.beforeFrom'))}`}
        <${Button} kind="primary" onClick=${() => window.print()}>${t('statement.print')}</${Button}>
      </div>
      <${DownloadForm} accounts=${accounts} period=${period} />
    </div>
    ${!wrong && accounts.map((id) => html`<${Sheet} key=${id + JSON.stringify(period)} id=${id} period=${period} />`)}`;
}

export const AccountStatement = ({ id, account }) => html`<${AccountPage} id=${id} account=${account} tab="statement" heading=${(name) => t('statement.heading', { name })}
    lead=${t('statement.text')}><${Sheets} accounts=${[account]} /></${AccountPage}>`;

// Statements shows the statements of the accounts in the query of the location.
export function Statements() {
  const accounts = (useLocation().query.accounts || '').split(',').filter(Boolean);
  return html`<${Page} title=${t('statement.several', { n: accounts.length })} lead=${t('statement.text')}>
    ${accounts.length > 0 && html`<${Sheets} accounts=${accounts} />`}
  </${Page}>`;
}
