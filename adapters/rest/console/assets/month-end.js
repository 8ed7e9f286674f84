// The work of a month-end: all accounts with balance, completeness, last close and open suggestions, and the action that
// closes a day of several accounts.
import { request } from './api.js';
import { Outdated, State, stateOf } from './completeness.js';
import { Confirm } from './confirm.js';
import { loadConnections } from './connections-data.js';
import { day, isoDay } from './format.js';
import { t } from './i18n.js';
import { ConnectionName, nameOf } from './names.js';
import { problemText } from './problem-text.js';
import { html, useEffect, useState } from './preact.js';
import { readAll, useAction, useList, useLoad, useResource } from './resource.js';
import { link, setQuery, useLocation } from './router.js';
import { ActionButton, Ago, Amount, Button, Day, Empty, Failure, Field, Loaded, More, Page, Status, Table } from './ui.js';

const pageSize = 50;
const maxSuggestionPages = 10;
const maxAccountPages = 500;
const readers = 4; // how many accounts are read at once
const mostAtOnce = 200; // accounts that one request can close
const mostListed = 50; // accounts whose failure is shown above the table

const muted = html`<span class="muted">–</span>`;

// lastMonth returns the last day of the month before, which is the day that is closed most often.
export const lastMonth = () => isoDay(Date.parse(isoDay().slice(0, 8) + '01'), -1);

// readState reads the completeness of an account, its latest close, and whether that one has adjustments. What cannot be
// read is undefined.
async function readState(id, signal) {
  const read = (path) => request('GET', `/accounts/${id}/${path}`, { signal }).then(({ data }) => data, () => undefined);
  const [completeness, closes] = await Promise.all([read('completeness'), read('closes?limit=1')]);
  const closed = closes && (closes.items[0]?.date || '');
  const adjusted = closed && (await read(`closes/${closed}/adjustments?limit=1`))?.items.length > 0;
  return { completeness, closed, adjusted };
}

// useStates reads the state of each account, a few at a time. reread reads it again for the accounts with these ids.
function useStates(accounts) {
  const [states, setStates] = useState({});
  const [round, setRound] = useState(0);
  const missing = accounts.map(({ id }) => id).filter((id) => !states[id]);
  useEffect(() => {
    const abort = new AbortController();
    const waiting = [...missing];
    const readNext = async () => {
      for (let id = waiting.shift(); id && !abort.signal.aborted; id = waiting.shift()) {
        const state = await readState(id, abort.signal);
        const read = id;
        if (!abort.signal.aborted) setStates((all) => ({ ...all, [read]: state }));
      }
    };
    for (let i = 0; i < readers; i++) readNext();
    return () => abort.abort();
  }, [accounts.length, round]);
  const reread = (ids) => {
    setStates((all) => Object.fromEntries(Object.entries(all).filter(([id]) => !ids.includes(id))));
    setRound(round + 1);
  };
  return [states, reread];
}

// countSuggestions returns the number of open suggestions by the id of the account.
async function countSuggestions(signal) {
  const { items, complete } = await readAll('/possible-replacements?limit=200', maxSuggestionPages, signal);
  const counts = {};
  for (const { accountId } of items) counts[accountId] = (counts[accountId] || 0) + 1;
  return { counts, complete };
}

// Choice is the box that selects an account.
const Choice = ({ account, chosen, choose }) => html`<input type="checkbox" aria-label=${t('monthEnd.select', { name: nameOf(account) })}
  checked=${chosen.includes(account.id)} onChange=${(event) => choose(event.target.checked
    ? [...chosen, account.id] : chosen.filter((id) => id !== account.id))} />`;

const columns = ({ states, suggestions, names, chosen, choose, date, failures }) => [
  { title: t('column.select'), cell: (account) => html`<${Choice} account=${account} chosen=${chosen} choose=${choose} />` },
  {
    title: t('column.account'), kind: 'main',
    cell: (account) => html`<a class="name" href=${link(`/connections/${account.connectionId}/transactions`, { accountId: account.id })}>${nameOf(account)}</a>
      <span class="vendor">${names[account.connectionId] ? html`<a href=${link('/connections/' + account.connectionId)}>${names[account.connectionId]}</a>`
        : html`<${ConnectionName} id=${account.connectionId} />`}${account.name && account.number && ' · ' + account.number}</span>
      ${account.removedAt && html`<${Status} tone="warn">${t('account.removed')}</${Status}>`}`,
  },
  {
    title: t('column.balance'), kind: 'number',
    cell: ({ balance, currency }) => (balance ? html`<${Amount} value=${balance} currency=${currency || ''} />` : muted),
  },
  {
    title: t('column.completeness'),
    cell: ({ id, connectionId }) => {
      const found = states[id]?.completeness;
      return html`<a href=${link(`/connections/${connectionId}/accounts/${id}/completeness`)}>${found ? html`<${State} state=${stateOf(found)} />`
        : states[id] ? t('monthEnd.unread') : '…'}<span class="hidden"> ${t('account.completeness')}</span></a>
        ${found?.state === 'drifting' && found.since && html`<span class="note">${t('reason.since', { when: html`<${Ago} at=${found.since} />` })}</span>`}
        ${found && html`<${Outdated} of=${found} />`}`;
    },
  },
  {
    title: t('column.closedDay'),
    cell: ({ id, connectionId }) => {
      const closed = states[id]?.closed;
      return html`<a href=${link(`/connections/${connectionId}/accounts/${id}/closes`)}>${closed ? html`<${Day} date=${closed} />`
        : closed === '' ? t('account.notClosed') : states[id] ? t('monthEnd.unread') : '…'}<span class="hidden"> ${t('account.closes')}</span></a>
        ${closed >= date && html` <${Status} tone="good">${t('monthEnd.closed')}</${Status}>`}
        ${states[id]?.adjusted && html` <${Status} tone="warn">${t('close.adjusted')}</${Status}>`}
        ${failures[id] && html`<span class="note error">${problemText(failures[id])}</span>`}`;
    },
  },
  {
    title: t('nav.suggestions'), kind: 'number',
    cell: ({ id, connectionId }) => (suggestions?.counts[id]
      ? html`<a href=${link('/possible-replacements', { connectionId })}>${t('number', { n: suggestions.counts[id] })}</a>` : suggestions ? muted : '…'),
  },
];

// closeAll closes a day of the accounts with these ids, mostAtOnce in one request, and returns the results. report is
// called with the number of accounts that are done. A repetition with the same key does nothing twice.
async function closeAll(date, ids, key, report) {
  const results = [];
  for (let i = 0; i < ids.length; i += mostAtOnce) {
    const body = { date, accountIds: ids.slice(i, i + mostAtOnce) };
    const { data } = await request('POST', '/closes', { body, key: key + i });
    results.push(...data.results);
    report(results.length);
  }
  return results;
}

// CloseDialog says how complete the accounts are before their day is closed. Of accounts on pages that were not read, it
// does not know it.
function CloseDialog({ accounts, states, date, done, onClose }) {
  const [ready, setReady] = useState(0);
  const shownState = ({ id }) => (!states[id] ? 'unread' : states[id].completeness ? stateOf(states[id].completeness) : 'unknown');
  const counts = ['drifting', 'differs', 'unknown', 'complete', 'unread']
    .map((state) => [state, accounts.filter((account) => shownState(account) === state)])
    .filter(([, found]) => found.length > 0);
  const unread = counts.some(([state]) => state === 'unread');
  const drifting = useResource(unread ? '/aggregator-connections/summary' : null).value?.data.drifting;
  const close = async ({ ids }, key) => {
    const results = await closeAll(date, ids, key, setReady);
    done(results);
    return results;
  };
  return html`<${Confirm} title=${t('monthEnd.title', { n: accounts.length, date: day(date) })} text=${t('close.text')}
      label=${t('monthEnd.close', { n: accounts.length })} perform=${close} input=${{ date, ids: accounts.map(({ id }) => id) }}
      done=${t('monthEnd.done', { date: day(date) })} onClose=${onClose}>
    <ul class="plain">${counts.map(([state, found]) => html`<li key=${state}><strong>${t('number', { n: found.length })}</strong> ${state === 'unread' ? t('monthEnd.notRead') : html`<${State} state=${state} />`}${
      ['drifting', 'differs'].includes(state) && html`: ${found.map(nameOf).join(', ')}`}</li>`)}</ul>
    ${drifting > 0 && html`<p><strong>${t('monthEnd.driftingAnywhere', { n: drifting })}</strong></p>`}
    ${counts.some(([state]) => state === 'drifting') && html`<p><strong>${t('monthEnd.drifting')}</strong></p>`}
    ${ready > 0 && html`<p role="status">${t('monthEnd.progress', { n: ready, all: accounts.length })}
      <progress max=${accounts.length} value=${ready} aria-label=${t('monthEnd.close', { n: accounts.length })} /></p>`}
  </${Confirm}>`;
}

// title says how many of the accounts are closed up to the day.
function title(list, states, date) {
  const accounts = list.items?.filter((account) => !account.removedAt);
  if (!accounts?.length || accounts.some(({ id }) => !states[id])) return t('monthEnd.heading', { date: day(date) });
  const n = accounts.filter(({ id }) => states[id].closed >= date).length;
  return t(list.hasMore ? 'monthEnd.countFirst' : 'monthEnd.count', { n, all: accounts.length, date: day(date) });
}

export function MonthEnd() {
  const { query } = useLocation();
  const date = /^\d{4}-\d\d-\d\d$/.test(query.day) ? query.day : lastMonth();
  const list = useList('/accounts?limit=' + pageSize);
  const accounts = list.items || [];
  const [states, reread] = useStates(accounts);
  const suggestions = useLoad('suggestions by account', countSuggestions).value;
  const connections = useLoad('all connections', loadConnections).value?.all || [];
  const names = Object.fromEntries(connections.map(({ connectionId, configName }) => [connectionId, configName]));
  const [chosen, choose] = useState([]);
  const [closing, setClosing] = useState(false);
  const [failures, setFailures] = useState({});
  const [closed, setClosed] = useState({ n: 0, date });
  const open = accounts.filter(({ id, removedAt }) => !removedAt && states[id] && !(states[id].closed >= date));
  const everyAccount = useAction(async () => {
    const { items } = await readAll('/accounts?limit=200', maxAccountPages);
    const present = items.filter(({ removedAt }) => !removedAt).map(({ id, name, number, externalId }) => ({ id, name, number, externalId }));
    choose(present.map(({ id }) => id));
    return present;
  });
  const ids = new Set(chosen);
  const selected = (everyAccount.result || accounts).filter(({ id }) => ids.has(id));
  const done = (results) => {
    const failed = results.filter(({ error }) => error);
    const named = new Map(selected.map((account) => [account.id, nameOf(account)]));
    everyAccount.reset();
    setClosed({ n: results.length - failed.length, date });
    setFailures(Object.fromEntries(failed.map(({ accountId, error }) => [accountId, { ...error, name: named.get(accountId) }])));
    choose(failed.map(({ accountId }) => accountId));
    reread(results.map(({ accountId }) => accountId));
  };
  const submit = (event) => {
    event.preventDefault();
    if (selected.length > 0) setClosing(true);
  };
  const failed = Object.keys(failures).length;
  const elsewhere = Object.keys(failures).filter((id) => !accounts.some((account) => account.id === id));
  return html`<${Page} title=${title(list, states, date)} lead=${t('monthEnd.lead')}>
    <${Loaded} of=${list} rows=${8}>${() => (accounts.length === 0
      ? html`<${Empty} title=${t('account.empty')}><p>${t('account.emptyText')}</p></${Empty}>`
      : html`<form class="filters" onSubmit=${submit}>
          <${Field} label=${t('close.date')} name="day" type="date" required value=${date} max=${isoDay(Date.now(), -1)}
            onChange=${(event) => event.target.value && setQuery({ day: event.target.value })} />
          <button type="button" disabled=${open.length === 0} onClick=${() => choose(open.map(({ id }) => id))}>${t('monthEnd.selectOpen', { n: open.length })}</button>
          ${list.hasMore && html`<${Button} busy=${everyAccount.busy} onClick=${() => everyAccount.run()}>${t('monthEnd.selectAll')}</${Button}>`}
          <${ActionButton} type="submit" kind="primary" disabled=${selected.length === 0}>${t('monthEnd.close', { n: selected.length })}</${ActionButton}>
        </form>
        <${Failure} problem=${everyAccount.problem} />
        ${closed.n > 0 && html`<div class="notice good" role="status"><p>${t('monthEnd.closedNow', { n: closed.n, date: day(closed.date) })}</p></div>`}
        ${failed > 0 && html`<div class="notice bad" role="alert"><p><strong>${t('monthEnd.failed', { n: failed })}</strong></p>
          ${elsewhere.length > 0 && html`<ul>${elsewhere.slice(0, mostListed).map((id) => html`<li key=${id}>${failures[id].name}: ${problemText(failures[id])}</li>`)}</ul>`}</div>`}
        <${Table} label=${t('monthEnd.table')} items=${accounts}
          columns=${columns({ states, suggestions, names, chosen, choose, date, failures })} />
        <${More} list=${list} />`)}</${Loaded}>
    ${closing && html`<${CloseDialog} accounts=${selected} states=${states} date=${date} done=${done} onClose=${() => setClosing(false)} />`}
  </${Page}>`;
}
