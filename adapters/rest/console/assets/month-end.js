// The work of a month-end: all accounts, those with problems first, with balance, completeness, last close and open
// suggestions; and the actions that close a day of several accounts, and download or print their statements.
import { request } from './api.js';
import { Outdated, State, fails, stateAt } from './completeness.js';
import { Confirm } from './confirm.js';
import { coveragePath } from './coverage-line.js';
import { findDiffering } from './differing.js';
import { day, today } from './format.js';
import { compare, language, t } from './i18n.js';
import { ConnectionName, nameOf } from './names.js';
import { problemText } from './problem-text.js';
import { html, useEffect, useMemo, useState } from './preact.js';
import { readAll, useLoad } from './resource.js';
import { link, setQuery, useLocation } from './router.js';
import { DownloadForm, firstOfMonth, lastMonth } from './statement.js';
import { ActionButton, Ago, Amount, Balance, Day, Dialog, Empty, Field, Instant, Loaded, Page, Select, Skeleton, Status, Table } from './ui.js';

const pageSize = 100; // rows that are shown at first, and more with each request
const maxPages = 500;
const mostRead = 400; // accounts whose state is read although they are not shown
const readers = 4; // how many accounts are read at once
const showPause = 150; // milliseconds after which states that were read are shown together
const mostAtOnce = 200; // accounts that one request can close, and whose statements are in one archive
const mostListed = 50; // accounts that are named above the table, and in the question

const muted = html`<span class="muted">–</span>`;

// readState reads the completeness of an account, its latest close, and whether that one has adjustments; in the days of
// compared, if given, also the statement of the bank that differs. What cannot be read is undefined.
async function readState(id, compared, signal) {
  const read = (path) => request('GET', `/accounts/${id}/${path}`, { signal }).then(({ data }) => data, () => undefined);
  const [completeness, closes, differs] = await Promise.all([
    read('completeness'), read('closes?limit=1'), compared && findDiffering(id, compared, signal).catch(() => undefined),
  ]);
  const closed = closes && (closes.items[0]?.date || '');
  const adjusted = closed && (await read(`closes/${closed}/adjustments?limit=1`))?.items.length > 0;
  return { completeness, closed, adjusted, differs };
}

// useStates reads the state of each account with these ids, a few at a time. comparedOf returns the days of the statements
// of the bank that are looked at. reread reads the state again for some of them.
function useStates(ids, comparedOf) {
  const [states, setStates] = useState({});
  const [round, setRound] = useState(0);
  const missing = ids.filter((id) => !states[id]);
  useEffect(() => {
    const abort = new AbortController();
    const waiting = [...missing];
    let fresh = {};
    let timer = 0;
    const show = () => {
      const some = fresh;
      [fresh, timer] = [{}, 0];
      setStates((all) => ({ ...all, ...some }));
    };
    const readNext = async () => {
      for (let id = waiting.shift(); id && !abort.signal.aborted; id = waiting.shift()) {
        const state = await readState(id, comparedOf(id), abort.signal);
        fresh[id] = state;
        if (!abort.signal.aborted) timer ||= setTimeout(show, showPause);
      }
    };
    for (let i = 0; i < readers; i++) readNext();
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [ids.length, round]);
  const reread = (some) => {
    setStates((all) => Object.fromEntries(Object.entries(all).filter(([id]) => !some.includes(id))));
    setRound(round + 1);
  };
  return [states, reread];
}

// uncoveredAccount returns what the coverage of a day says about an account that does not cover it.
const uncoveredAccount = ({ accountId, ...item }) => ({ ...item, id: accountId, partial: true });

// basisOf returns the basis from what was read: the accounts; the names of the connections by id, and which of them need a
// person; which accounts do not cover the day; and the number of open suggestions by the id of the account. In a basis that
// is not complete, the accounts begin with those that do not cover the day.
function basisOf({ accounts, uncovered, names = [], needy = [], pairs = [] }, complete) {
  const known = new Set(accounts.map(({ id }) => id));
  const further = complete ? [] : uncovered.filter(({ accountId }) => !known.has(accountId)).map(uncoveredAccount);
  const connections = {};
  for (const { connectionId, configName } of uncovered) connections[connectionId] = configName;
  for (const { id, configName } of names) connections[id] = configName;
  const suggestions = {};
  for (const { accountId } of pairs) suggestions[accountId] = (suggestions[accountId] || 0) + 1;
  return {
    accounts: [...further, ...accounts], connections, needy: new Set(needy.map(({ connectionId }) => connectionId)),
    differing: new Set(needy.filter(({ attention }) => attention.some(({ reason }) => reason === 'statement_differs')).map(({ connectionId }) => connectionId)),
    coverage: Object.fromEntries(uncovered.map((item) => [item.accountId, item])), suggestions, complete,
  };
}

// readBasis reads all accounts, and what one request says about many of them. If there are many accounts, show is called
// with the first ones, and again when it is known which accounts do not cover the day.
async function readBasis(date, signal, show) {
  const found = { accounts: [], uncovered: [] };
  const shown = new Set();
  const read = (name, path) => readAll(path, maxPages, signal, (items, more) => {
    found[name] = items;
    const known = name === 'uncovered' || name === 'accounts' && more; // few accounts are shown when all is known
    if (!known || shown.has(name)) return;
    shown.add(name);
    if (shown.has('accounts')) show(basisOf(found, false));
  });
  await Promise.all([
    read('uncovered', coveragePath({ day: date, limit: 200 })), read('accounts', '/accounts?limit=200'),
    read('names', '/aggregator-connections?limit=200'), read('needy', '/aggregator-connections/health?attention=true&limit=200'),
    read('pairs', '/possible-replacements?limit=200'),
  ]);
  return basisOf(found, true);
}

const unknown = 6; // the rank of accounts without a verdict, which is no problem of its own

// The groups of accounts that do not cover a day, with the keys of their texts.
const notCovered = { not_read: 'coverage.notRead', undated: 'coverage.undated', read_since: 'coverage.readSince' };

// Why explains a state that is not complete: the checks that have failed with their differences, or the basis.
const Why = ({ found: { checks, basis }, state, currency }) => html`${checks.filter(fails).map((check) => html` <span class="note" key=${check.check}>${t('check.' + check.check)}
  ${check.check === 'announced_count' ? ` ${check.difference}` : html` <${Amount} value=${check.difference} currency=${currency} signed=${true} />`}</span>`)}
  ${state === 'unknown' && html` <span class="note">${t('basis.' + basis)}</span>`}`;

const addressOf = ({ connectionId, id }, tab) => link(`/connections/${connectionId}/accounts/${id}/${tab}`);

// problemsOf returns what speaks against closing an account, the most severe first: a rank, a state, and a note that explains
// it. The verdicts are those of the service.
function problemsOf(account, { states, coverage, suggestions, date }) {
  const { id, currency } = account;
  const { completeness: found, adjusted, differs } = states[id] || {};
  const state = found && stateAt(found, date, account);
  const { state: reading, coveredFrom } = coverage[id] || {};
  const ranks = { drifting: 0, differs: 2, unverified: 3, unknown };
  return [
    state in ranks && [ranks[state], html`<${State} state=${state} />`,
      html`<${Why} found=${found} state=${state} currency=${currency || ''} />`],
    (reading || state === 'not_covered') && [reading === 'read_since' ? 4 : 1, html`<${State} state="not_covered" />`, reading && html`<span class="note">${t(notCovered[reading])}
      ${reading === 'read_since' && coveredFrom && html`. ${t('coverage.from')} <${Instant} at=${coveredFrom} />`}</span>`],
    differs && [0.5, '', html`<span class="note"><a href=${addressOf(account, 'bank-statements')}><${Status} tone="bad">${t('monthEnd.statementDiffers')}</${Status}></a></span>`],
    found?.basis === 'quarantined_rows' && [2.5, '', html`<span class="note"><${Status} tone="warn">${t('tab.quarantine')}</${Status}> ${t('basis.quarantined_rows')}</span>`],
    suggestions[id] && [3, html`<${Status} tone="warn">${t('nav.suggestions')}: ${t('number', { n: suggestions[id] })}</${Status}>`],
    adjusted && [5, html`<${Status} tone="warn">${t('close.adjusted')}</${Status}>`],
  ].filter(Boolean).sort(([a], [b]) => a - b);
}

const bankOf = ({ institution }) => institution?.name || institution?.id || '';

// Owner is the bank, the number and the connection of an account.
const Owner = ({ account, facts: { connections, complete } }) => html`<span class="vendor">${[bankOf(account), account.number].filter(Boolean).map((text) => text + ' · ')}
  ${connections[account.connectionId] || !complete ? html`<a href=${link('/connections/' + account.connectionId)}>${connections[account.connectionId] || '…'}</a>`
    : html`<${ConnectionName} id=${account.connectionId} />`}</span>`;

// Choice is the box that selects an account.
const Choice = ({ account, chosen, choose }) => html`<input type="checkbox" aria-label=${t('monthEnd.select', { name: nameOf(account) })}
  checked=${chosen.has(account.id)} onChange=${(event) => choose(event.target.checked
    ? [...chosen, account.id] : [...chosen].filter((id) => id !== account.id))} />`;

const columns = ({ facts, chosen, choose, failures, facts: { states, suggestions, date, problems, complete } }) => [
  { title: t('column.select'), cell: (account) => html`<${Choice} account=${account} chosen=${chosen} choose=${choose} />` },
  {
    title: t('column.account'), kind: 'main',
    cell: (account) => html`<a class="name" href=${link(`/connections/${account.connectionId}/transactions`, { accountId: account.id })}>${nameOf(account)}</a>
      <${Owner} account=${account} facts=${facts} />
      ${account.removedAt && html`<${Status} tone="warn">${t('account.removed')}</${Status}>`}`,
  },
  {
    title: t('column.balance'), kind: 'number',
    cell: (account) => (account.partial ? '…' : html`<${Balance} account=${account} />`),
  },
  {
    title: t('column.completeness'),
    cell: (account) => {
      const found = states[account.id]?.completeness;
      const reasons = problems[account.id].filter(([rank]) => rank !== 3 && rank !== 5);
      return html`<a href=${addressOf(account, 'completeness')}>${found && reasons.every(([, text]) => !text) ? html`<${State} state=${stateAt(found, date, account)} />`
        : reasons.length > 0 ? '' : states[account.id] ? t('monthEnd.unread') : '…'}<span class="hidden"> ${t('account.completeness')}</span>
        ${reasons.map(([, text]) => text)}</a>${reasons.map(([, , note]) => note)}
        ${found?.state === 'drifting' && found.since && html`<span class="note">${t('reason.since', { when: html`<${Ago} at=${found.since} />` })}</span>`}
        ${found && html`<${Outdated} of=${found} />`}`;
    },
  },
  {
    title: t('column.closedDay'),
    cell: (account) => {
      const { closed, adjusted } = states[account.id] || {};
      return html`<a href=${addressOf(account, 'closes')}>${closed ? html`<${Day} date=${closed} />`
        : closed === '' ? t('account.notClosed') : states[account.id] ? t('monthEnd.unread') : '…'}<span class="hidden"> ${t('account.closes')}</span></a>
        ${closed >= date && html` <${Status} tone="good">${t('monthEnd.closed')}</${Status}>`}
        ${adjusted && html` <${Status} tone="warn">${t('close.adjusted')}</${Status}>`}
        ${failures[account.id] && html`<span class="note error">${problemText(failures[account.id])}</span>`}`;
    },
  },
  {
    title: t('nav.suggestions'), kind: 'number',
    cell: ({ id, connectionId }) => (suggestions[id]
      ? html`<a href=${link('/possible-replacements', { connectionId })}>${t('number', { n: suggestions[id] })}</a>` : complete ? muted : '…'),
  },
  { title: t('statement.title'), cell: (account) => html`<a href=${addressOf(account, 'statement') + '?to=' + date}>${t('statement.title')}</a>` },
];

// closeAll closes a day of the accounts with these ids, mostAtOnce in one request, and returns the results. The statements
// of accounts without an earlier close begin with the month. report is called with the number of accounts that are done. A
// repetition with the same key does nothing twice.
async function closeAll(date, ids, key, report) {
  const results = [];
  for (let i = 0; i < ids.length; i += mostAtOnce) {
    const body = { date, from: firstOfMonth(date), accountIds: ids.slice(i, i + mostAtOnce) };
    const { data } = await request('POST', '/closes', { body, key: key + i });
    results.push(...data.results);
    report(results.length);
  }
  return results;
}

// CloseDialog names what the close covers although something speaks against it: connection, account and reasons.
function CloseDialog({ accounts, facts, date, done, onClose }) {
  const [ready, setReady] = useState(0);
  const odd = accounts.filter(({ id }) => facts.problems[id].length > 0).sort(facts.byProblem);
  const unread = accounts.filter(({ id }) => !facts.states[id]).length;
  const rest = accounts.filter(({ id }) => facts.states[id] && facts.problems[id].length === 0).length;
  const close = async ({ ids }, key) => {
    const results = await closeAll(date, ids, key, setReady);
    done(results);
    return results;
  };
  return html`<${Confirm} title=${t('monthEnd.title', { n: accounts.length, date: day(date) })} text=${t('close.text') + ' ' + t('close.from', { date: day(firstOfMonth(date)) })}
      label=${t('monthEnd.close', { n: accounts.length })} perform=${close} input=${{ date, ids: accounts.map(({ id }) => id) }}
      done=${t('monthEnd.done', { date: day(date) })} onClose=${onClose}>
    ${odd.length > 0 && html`<p><strong>${t('monthEnd.over', { n: odd.length })}</strong></p>
      <ul class="over" tabindex="0" aria-label=${t('monthEnd.over', { n: odd.length })}>${odd.slice(0, mostListed).map((account) => html`<li key=${account.id}><strong>${nameOf(account)}</strong>
        <${Owner} account=${account} facts=${facts} />
        ${facts.problems[account.id].map(([rank, text, note]) => html`<div key=${rank}>${text}${note}</div>`)}</li>`)}
        ${odd.length > mostListed && html`<li>${t('application.more', { n: odd.length - mostListed })}</li>`}</ul>`}
    ${rest > 0 && html`<p>${t('monthEnd.rest', { n: rest })} <${State} state="complete" /></p>`}
    ${unread > 0 && html`<p><strong>${t('monthEnd.notRead', { n: unread })}</strong></p>`}
    ${ready > 0 && html`<p role="status">${t('monthEnd.progress', { n: ready, all: accounts.length })}
      <progress max=${accounts.length} value=${ready} aria-label=${t('monthEnd.close', { n: accounts.length })} /></p>`}
  </${Confirm}>`;
}

// DownloadDialog downloads the statements of the accounts in archives.
function DownloadDialog({ ids, date, onClose }) {
  const [closed, setClosed] = useState('');
  const period = closed ? { close: date } : { from: firstOfMonth(date), to: date };
  const parts = Array.from({ length: Math.ceil(ids.length / mostAtOnce) }, (unused, i) => ids.slice(i * mostAtOnce, (i + 1) * mostAtOnce));
  return html`<${Dialog} title=${t('monthEnd.download', { n: ids.length })} onClose=${onClose}>
    <${Select} label=${t('monthEnd.which')} name="which" value=${closed} onChange=${setClosed}
      options=${[['', t('monthEnd.present', { from: day(firstOfMonth(date)), to: day(date) })], ['yes', t('monthEnd.asClosed', { date: day(date) })]]} />
    <p class="small">${t('monthEnd.archive')}</p>
    ${parts.map((part, i) => html`<${DownloadForm} key=${i + closed} accounts=${part} period=${period} archive=${true} />`)}
    <div class="actions"><button type="button" onClick=${onClose}>${t('action.close')}</button></div>
  </${Dialog}>`;
}

// title says how many of the accounts are closed up to the day.
function title(accounts, states, date) {
  const present = accounts?.filter((account) => !account.removedAt);
  if (!present?.length || present.some(({ id }) => !states[id])) return t('monthEnd.heading', { date: day(date) });
  return t('monthEnd.count', { n: present.filter(({ id }) => states[id].closed >= date).length, all: present.length, date: day(date) });
}

const orders = ['account', 'bank', 'balance']; // beside the one by problems

const byText = (text) => (a, b) => compare(text(a), text(b)) || compare(nameOf(a), nameOf(b));

// orderOf returns the function that compares two accounts, except by their problems.
const orderOf = (sort) => ({
  account: byText(nameOf), balance: (a, b) => Number(b.balance || 0) - Number(a.balance || 0),
}[sort] || byText(bankOf));

// byProblem returns the function that compares two accounts by their problems.
function byProblem(problems) {
  const rank = ({ id }) => problems[id][0]?.[0] ?? 9;
  return (a, b) => rank(a) - rank(b);
}

// The filters of the accounts by the value of the query.
const filters = {
  problems: (account, { problems }) => problems[account.id][0]?.[0] < unknown,
  open: ({ id, removedAt }, { states, date }) => !removedAt && !(states[id]?.closed >= date),
  closed: ({ id }, { states, date }) => states[id]?.closed >= date,
};

// Filters keeps the day, the filters and the order in the query of the location.
function Filters({ accounts, query, date }) {
  const banks = [...new Set(accounts.map(bankOf))].filter(Boolean).sort();
  const choice = (name, label, options) => html`<${Select} label=${label} name=${name} value=${query[name] || ''} options=${options}
    onChange=${(value) => setQuery({ [name]: value })} />`;
  return html`<form class="filters" onSubmit=${(event) => event.preventDefault()}>
    <${Field} label=${t('close.date')} name="day" type="date" required value=${date} max=${today(-1)}
      onChange=${(event) => event.target.value && setQuery({ day: event.target.value })} />
    ${choice('show', t('monthEnd.show'), [['', t('filter.all')], ...Object.keys(filters).map((name) => [name, t('monthEnd.show.' + name)])])}
    ${banks.length > 1 && choice('bank', t('column.bank'), [['', t('filter.banks')], ...banks.map((name) => [name, name])])}
    ${choice('sort', t('monthEnd.sort'), [['', t('monthEnd.sort.problems')], ['account', t('column.account')], ['bank', t('column.bank')], ['balance', t('column.balance')]])}
    <div class="field grow"><label for="q">${t('filter.search')}</label>
      <input id="q" name="q" type="search" maxlength="255" value=${query.q || ''} onInput=${(event) => setQuery({ q: event.target.value })} /></div>
  </form>`;
}

// Results says which accounts a request has closed, and why it has not closed the others. listed are the accounts of the
// table, which shows the reason itself.
function Results({ closed, failures, listed }) {
  const failed = Object.keys(failures);
  const elsewhere = failed.filter((id) => !listed.some((account) => account.id === id));
  return html`${closed.n > 0 && html`<div class="notice good" role="status"><p>${t('monthEnd.closedNow', { n: closed.n, date: day(closed.date) })}</p></div>`}
    ${closed.before > 0 && html`<div class="notice" role="status"><p>${t('monthEnd.closedBefore', { n: closed.before })}</p></div>`}
    ${failed.length > 0 && html`<div class="notice bad" role="alert"><p><strong>${t('monthEnd.failed', { n: failed.length })}</strong></p>
      ${elsewhere.length > 0 && html`<ul>${elsewhere.slice(0, mostListed).map((id) => html`<li key=${id}>${failures[id].name}: ${problemText(failures[id])}</li>`)}</ul>`}</div>`}`;
}

// useFacts returns the accounts in the order of the query, and what is known about them at the day, with the problems of each.
function useFacts({ sort = '' }, date, shown) {
  const basis = useLoad('month-end ' + date, (signal, show) => readBasis(date, signal, show));
  const { accounts = [], connections = {}, needy = new Set(), differing = new Set(), coverage = {}, suggestions = {}, complete = false } = basis.value || {};
  const wanted = useMemo(() => {
    const rank = ({ connectionId }) => (needy.has(connectionId) ? 0 : 1);
    return complete ? [...accounts].sort((a, b) => rank(a) - rank(b)).slice(0, mostRead).map(({ id }) => id) : [];
  }, [basis.value]);
  const ofDiffering = useMemo(() => new Set(accounts.filter(({ connectionId }) => differing.has(connectionId)).map(({ id }) => id)), [basis.value]);
  const [states, reread] = useStates(complete ? [...new Set([...wanted, ...shown])] : [],
    (id) => (ofDiffering.has(id) ? { from: firstOfMonth(date), to: date } : undefined));
  const spoken = language.get();
  const ordered = useMemo(() => [...accounts].sort(orderOf(sort)), [basis.value, sort, spoken]);
  const facts = useMemo(() => {
    const found = { states, coverage, suggestions, connections, date, complete };
    const problems = Object.fromEntries(accounts.map((account) => [account.id, problemsOf(account, found)]));
    return { ...found, problems, byProblem: byProblem(problems) };
  }, [basis.value, states, date, spoken]);
  // The sort is stable: accounts with equal problems stay in the order of their banks.
  const sorted = useMemo(() => (orders.includes(sort) ? ordered : [...ordered].sort(facts.byProblem)), [ordered, facts]);
  return { basis, accounts: sorted, reread, facts };
}

export function MonthEnd() {
  const { query } = useLocation();
  const date = /^\d{4}-\d\d-\d\d$/.test(query.day) ? query.day : lastMonth();
  const [size, setSize] = useState(pageSize);
  const [shown, setShown] = useState([]);
  const { basis, accounts, reread, facts } = useFacts(query, date, shown);
  const { complete } = facts;
  const [chosen, setChosen] = useState(new Set());
  const choose = (some) => setChosen(new Set(some));
  const [dialog, setDialog] = useState('');
  const [failures, setFailures] = useState({});
  const [closed, setClosed] = useState({ n: 0, date });
  const text = (query.q || '').trim().toLowerCase();
  const fits = (account) => (!filters[query.show] || filters[query.show](account, facts)) && (!query.bank || bankOf(account) === query.bank)
    && (!text || [nameOf(account), account.number, bankOf(account), facts.connections[account.connectionId]].join(' ').toLowerCase().includes(text));
  const found = accounts.filter(fits);
  const listed = found.slice(0, size);
  const ids = listed.map(({ id }) => id);
  useEffect(() => setShown(ids), [ids.join()]);
  const open = found.filter((account) => filters.open(account, facts));
  const selected = accounts.filter(({ id }) => chosen.has(id));
  const done = (results) => {
    const failed = results.filter(({ error }) => error);
    const names = new Map(accounts.map((account) => [account.id, nameOf(account)]));
    const before = results.filter(({ accountId, error }) => !error && facts.states[accountId]?.closed === date).length;
    setClosed({ n: results.length - failed.length - before, before, date });
    setFailures(Object.fromEntries(failed.map(({ accountId, error }) => [accountId, { ...error, name: names.get(accountId) }])));
    choose(failed.map(({ accountId }) => accountId));
    reread(results.map(({ accountId }) => accountId));
  };
  const close = () => setDialog('');
  const odd = accounts.filter((account) => filters.problems(account, facts)).length;
  const read = accounts.filter(({ id }) => facts.states[id]).length;
  const partly = read < accounts.length && accounts.length > mostRead; // the states of the others are not read by themselves
  return html`<${Page} title=${title(complete ? accounts : undefined, facts.states, date)} lead=${html`${complete && odd > 0 && html`<strong>${t(partly ? 'monthEnd.problemsAtLeast' : 'monthEnd.problems', { n: odd })}</strong> `}${
    complete && partly && html`${t('monthEnd.partly', { n: read, all: t('number', { n: accounts.length }) })} `}${t('monthEnd.lead')}`}>
    <${Filters} accounts=${accounts} query=${query} date=${date} />
    <${Loaded} of=${basis} rows=${8}>${() => (accounts.length === 0
      ? html`<${Empty} title=${t('account.empty')}><p>${t('account.emptyText')}</p></${Empty}>`
      : html`<div class="filters">${complete ? html`
          <button type="button" disabled=${open.length === 0} onClick=${() => choose(open.map(({ id }) => id))}>${t('monthEnd.selectOpen', { n: open.length })}</button>
          <${ActionButton} kind="primary" disabled=${selected.length === 0} onClick=${() => setDialog('close')}>${t('monthEnd.close', { n: selected.length })}</${ActionButton}>
          <button type="button" disabled=${selected.length === 0} onClick=${() => setDialog('download')}>${t('monthEnd.download', { n: selected.length })}</button>
          ${selected.length > 0 && selected.length <= mostAtOnce && html`<a class="button" href=${link('/statements', { accounts: [...chosen].join(), to: date })}>${t('monthEnd.print')}</a>`}`
          : html`<p role="status">${t('monthEnd.reading')} <progress aria-label=${t('monthEnd.reading')} /></p>`}
        </div>
        <${Results} closed=${closed} failures=${failures} listed=${listed} />
        ${found.length === 0 && !complete ? html`<${Skeleton} rows=${8} />` : found.length === 0 ? html`<${Empty} title=${t('filter.noMatch')}>
          <button type="button" onClick=${() => setQuery({ show: '', bank: '', q: '' })}>${t('filter.clear')}</button></${Empty}>`
          : html`<${Table} label=${t('monthEnd.table')} items=${listed} columns=${columns({ facts, chosen, choose, failures })} />`}
        ${found.length > size && html`<p class="more"><button type="button" onClick=${() => setSize(size + pageSize)}>${t('action.more')}</button></p>`}`)}</${Loaded}>
    ${dialog === 'close' && html`<${CloseDialog} accounts=${selected} facts=${facts} date=${date} done=${done} onClose=${close} />`}
    ${dialog === 'download' && html`<${DownloadDialog} ids=${selected.map(({ id }) => id)} date=${date} onClose=${close} />`}
  </${Page}>`;
}
