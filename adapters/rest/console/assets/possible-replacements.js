// Pairs of transactions that may be one movement, one after the other: both rows side by side, what speaks for and
// against one movement, and a key for each answer. Several pairs can also be joined at once.
import { Problem, query as queryString, request } from './api.js';
import { money } from './format.js';
import { has, t } from './i18n.js';
import { AccountName, ConnectionName, TransactionName, useShared } from './names.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from './preact.js';
import { useAction, useList, useResource } from './resource.js';
import { link, setQuery, useLocation } from './router.js';
import { lacks, session, writeScope } from './session.js';
import { createStore, useStore } from './store.js';
import { transactionTitle } from './transaction-table.js';
import { ActionButton, Ago, Amount, announce, Day, Empty, Failure, Field, Instant, Loaded, Page, Skeleton, Table } from './ui.js';

const pageSize = 50;
const mostSelected = 20; // pairs that are listed at once to select them

// The answers, with the key of each.
const answers = { same: 'j', different: 'd', later: 'ArrowRight' };

// keysOn reports whether the keys answer. A person who dictates or who hits keys by mistake turns them off.
const keysOn = createStore(true);

const keyOf = ({ old, new: present }) => old + present;

// The members that are compared: a name, the value as text, and how it is shown. A member that neither row has is left
// out.
const references = ['endToEndId', 'transactionId', 'trackingKey', 'referenceNumber', 'receiverReferenceId', 'authenticationCode', 'chequeNumber', 'digitableLine', 'barcode', 'txId'];
const code = (value) => html`<code>${value}</code>`;
const plain = (value) => value;
const members = () => [
  [t('column.date'), (item) => item.date, (date) => html`<${Day} date=${date} />`],
  [t('column.occurred'), (item) => item.occurredAt?.slice(0, 19), (second, item) => html`<${Instant} at=${item.occurredAt} />`],
  [t('column.description'), (item) => item.description, plain],
  [t('column.counterparty'), (item) => item.counterparty, plain],
  [t('column.counterpartyDocument'), (item) => item.counterpartyDocument?.value, code],
  [t('column.amount'), (item) => item.amount, (value, item) => html`<${Amount} value=${value} currency=${item.currency} signed=${true} />`],
  [t('column.accountAmount'), (item) => item.accountAmount, (value, item) => html`<${Amount} value=${value} currency=${item.accountCurrency} signed=${true} />`],
  [t('column.status'), (item) => item.status, (status) => t('transaction.' + status)],
  ...references.map((name) => [t('reference.' + name), (item) => item.references?.[name], code]),
  [t('column.category'), (item) => item.category, plain],
];

// marked shows the words of a text that the other one lacks as such.
function marked(text, other) {
  const known = new Set(other.toLowerCase().split(/\s+/));
  return text.split(/(\s+)/).map((part) => (part.trim() === '' || known.has(part.toLowerCase()) ? part : html`<mark>${part}</mark>`));
}

const muted = html`<span class="muted">–</span>`;

// Comparison shows both rows side by side. A row of the table whose values differ is marked, and says so.
function Comparison({ connection, rows }) {
  const side = (item, name) => html`<th role="columnheader" scope="col"><a href=${link(`/connections/${connection}/transactions/${item.id}`)}>${t(name)}</a>
    <span class="note"><${Ago} at=${item.removedAt || item.firstSeenAt} /></span></th>`;
  const cell = (/** @type {any[]} */ [, valueOf, show], i) => {
    const [value, other] = [valueOf(rows[i]), valueOf(rows[1 - i])];
    if (!value) return html`<td role="cell">${muted}</td>`;
    const differs = other && other !== value;
    return html`<td role="cell">${differs && show === plain ? marked(value, other)
      : differs ? html`<mark>${show(value, rows[i])}</mark>` : show(value, rows[i])}</td>`;
  };
  const shown = members().filter(([, valueOf]) => rows.some(valueOf));
  return html`<table role="table" class="compare" aria-label=${t('suggestion.rows')}>
    <thead role="rowgroup"><tr role="row"><td role="cell"></td>${side(rows[0], 'suggestion.old')}${side(rows[1], 'suggestion.new')}</tr></thead>
    <tbody role="rowgroup">${shown.map((member) => {
      const [x, y] = rows.map(member[1]);
      const differs = x && y && x !== y;
      return html`<tr role="row" key=${member[0]} class=${differs ? 'differs' : ''}>
        <th role="rowheader" scope="row">${member[0]}${differs && html` <span aria-hidden="true">≠</span><span class="hidden"> ${t('suggestion.differs')}</span>`}</th>
        ${cell(member, 0)}${cell(member, 1)}</tr>`;
    })}</tbody>
  </table>`;
}

// The kinds of evidence that are named like a member of the transaction.
const kindNames = { amount: 'column.amount', balance: 'column.balance', kind: 'column.type', product: 'column.type', vendor_link: 'rule.vendor_link' };

const isDay = (value) => /^\d{4}-\d\d-\d\d$/.test(value);

// evidenceName names a piece of evidence. A date with its year is that of the rows: the dates in texts have none.
const evidenceName = ({ kind, old }) => {
  const key = kind === 'date' && isDay(old) ? 'column.date' : kindNames[kind] || 'evidence.' + kind;
  return has(key) ? t(key) : kind;
};

// operationText returns the words for an operation, which may be followed by refund.
const operationText = (value) => value.split(' ').map((code) => (has('operation.' + code) ? t('operation.' + code) : code)).join(', ');

// shownValue shows a value of the evidence: a time without a zone is in UTC.
function shownValue(kind, value, currency) {
  if (kind === 'amount') return html`<${Amount} value=${value} currency=${currency} signed=${true} />`;
  if (kind === 'operation') return operationText(value);
  if (isDay(value)) return html`<${Day} date=${value} />`;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(value) ? html`<${Instant} at=${value + 'Z'} />` : html`<q>${value}</q>`;
}

const values = ({ old, new: present }) => [...new Set([old, present].filter(Boolean))];

// withAmounts adds different amounts to the evidence of a pair. The service lists only equal ones.
function withAmounts(evidence, rows) {
  const [old, present] = rows.map((row) => row?.amount);
  if (!old || !present || Number(old) === Number(present) || evidence.some(({ kind }) => kind === 'amount')) return evidence;
  return [...evidence, { kind: 'amount', old, new: present, speaks: 'against' }];
}

// Evidence lists what speaks for one movement, and what against it.
const Evidence = ({ evidence, currency }) => html`<div class="evidence">${['for', 'against'].map((speaks) => {
  const found = evidence.filter((item) => item.speaks === speaks);
  return html`<section key=${speaks} aria-labelledby=${'evidence-' + speaks}>
    <h3 id=${'evidence-' + speaks}>${t('suggestion.' + speaks)}</h3>
    ${found.length === 0 ? html`<p class="muted">${t('suggestion.nothing')}</p>` : html`<ul>${found.map((item, i) => html`<li key=${i}>
      ${evidenceName(item)}: ${values(item).map((value, k) => html`${k > 0 && ' / '}${shownValue(item.kind, value, currency)}`)}</li>`)}</ul>`}
  </section>`;
})}</div>`;

const isText = (element) => ['INPUT', 'TEXTAREA', 'SELECT'].includes(element?.tagName) && element.type !== 'checkbox';

// useKeys calls answer with the answer of the key that is pressed. A key that is held down answers once.
function useKeys(answer) {
  const on = useStore(keysOn);
  const latest = useRef();
  latest.current = answer;
  useLayoutEffect(() => {
    if (!on) return undefined;
    const press = (event) => {
      const name = Object.keys(answers).find((key) => answers[key] === event.key || answers[key] === event.key.toLowerCase());
      if (!name || event.repeat || event.ctrlKey || event.metaKey || event.altKey || isText(event.target)) return;
      event.preventDefault();
      latest.current(name);
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [on]);
}

const Key = ({ name }) => html`<kbd aria-hidden="true">${answers[name] === 'ArrowRight' ? '→' : answers[name].toUpperCase()}</kbd>`;

// isWaiting asks the service whether a pair still waits for an answer. An undone join is no open suggestion.
const isWaiting = async ({ old, new: present, state }) => state !== 'open'
  || (await request('GET', '/transactions/' + present)).data.possiblySupersedes?.includes(old);

// decide stores an answer. It returns true.
const decide = ({ old, new: present }, name, reason, key) => (name === 'same'
  ? request('POST', `/transactions/${old}/join`, { body: { with: present, reason }, key })
  : request('POST', '/possible-replacements/dismiss', { body: { old, new: present, reason }, key })).then(() => true);

// Place names the connection and the account of a pair.
const Place = ({ pair: { connectionId, accountId } }) => html`<${ConnectionName} id=${connectionId} />${accountId
  && html` · <${AccountName} connection=${connectionId} id=${accountId} />`}`;

// Pair shows one pair and asks for the answer. done is called after the answer was stored. focused moves the focus to the
// pair.
function Pair({ pair, focused, done }) {
  const heading = useRef();
  const [reason, setReason] = useState('');
  const old = useResource('/transactions/' + pair.old);
  const present = useResource('/transactions/' + pair.new);
  const rows = [old.value?.data, present.value?.data];
  const loaded = rows.every(Boolean);
  const current = useStore(session);
  const undone = pair.state === 'join_undone';
  const sent = useRef();
  const action = useAction(async ({ name, why }, key) => {
    // The service accepts an answer after another one. A repeated request may have had its effect already.
    if (sent.current !== key && !(await isWaiting(pair))) throw new Problem(409, {});
    sent.current = key;
    return decide(pair, name, why, key);
  });
  const on = useStore(keysOn);
  useLayoutEffect(() => {
    if (focused) heading.current.focus();
  }, []);
  const answer = async (name) => {
    if (name === 'later') return done(pair, name, rows[0]);
    if (!loaded || action.busy || (current && lacks(current, writeScope)) || (name === 'same' && undone)) return undefined;
    return await action.run({ name, why: reason.trim() || undefined }) && done(pair, name, rows[0]);
  };
  useKeys(answer);
  const shortcut = (name) => (on ? { 'aria-keyshortcuts': answers[name] } : {});
  const stale = action.problem?.status === 409;
  return html`<section class="pair" aria-labelledby="pair">
    <h2 id="pair" tabindex="-1" ref=${heading}>${rows[0] ? transactionTitle(rows[0]) : t('suggestion.pair')}</h2>
    <p class="small"><${Place} pair=${pair} />
      ${' · '}${t('suggestion.found', { when: html`<${Ago} at=${pair.since} />` })}</p>
    ${undone && html`<div class="notice bad"><p>${t('suggestion.undone')}</p></div>`}
    <${Failure} problem=${old.problem || present.problem} retry=${() => { old.reload(); present.reload(); }} />
    ${loaded ? html`<${Comparison} connection=${pair.connectionId} rows=${rows} />`
      : !old.problem && !present.problem && html`<${Skeleton} rows=${6} />`}
    <${Evidence} evidence=${withAmounts(pair.evidence, rows)} currency=${rows[0]?.currency} />
    ${stale ? html`<div class="notice bad" role="alert"><p><strong>${t('suggestion.stale')}</strong></p></div>`
      : html`<${Failure} problem=${action.problem} />`}
    <div class="answers">
      <${Field} label=${t('suggestion.reason')} name="reason" maxlength="500" autocomplete="off" value=${reason}
        onInput=${(event) => setReason(event.target.value)} />
      <div class="actions">
        <${ActionButton} kind="primary" busy=${action.busy} disabled=${!loaded || undone} onClick=${() => answer('same')} ...${shortcut('same')}>
          ${t('suggestion.same')} ${on && html`<${Key} name="same" />`}</${ActionButton}>
        <${ActionButton} busy=${action.busy} disabled=${!loaded} onClick=${() => answer('different')} ...${shortcut('different')}>
          ${t('suggestion.different')} ${on && html`<${Key} name="different" />`}</${ActionButton}>
        <button type="button" onClick=${() => answer('later')} ...${shortcut('later')}>
          ${t('suggestion.later')} ${on && html`<${Key} name="later" />`}</button>
      </div>
      <label class="check"><input type="checkbox" checked=${on} onChange=${(event) => keysOn.set(event.target.checked)} /> ${t('suggestion.keys')}</label>
    </div>
  </section>`;
}

// Last says what was answered last, and offers to change the answer: a join is undone by a split, and rows that were kept
// apart can still be joined.
function Last({ answered: { pair, name, title }, changed }) {
  const joined = name === 'same';
  const change = useAction((body, key) => (joined ? request('POST', `/transactions/${pair.old}/split`, { key }).then(() => true)
    : decide(pair, 'same', undefined, key)));
  const run = async () => {
    if (!(await change.run())) return;
    announce(t(joined ? 'suggestion.splitDone' : 'suggestion.joined'));
    changed(pair, joined ? 'different' : 'same', title);
  };
  return html`<div class="notice good last">
    <p>${t(joined ? 'suggestion.lastSame' : 'suggestion.lastDifferent', { title })}</p>
    <${Failure} problem=${change.problem} />
    <${ActionButton} busy=${change.busy} onClick=${run}>${t(joined ? 'suggestion.undo' : 'suggestion.joinAfterAll')}</${ActionButton}>
  </div>`;
}

// Row names a transaction of a pair.
function Row({ connection, id }) {
  const row = useShared('/transactions/' + id).value?.data;
  return row ? html`<a class="name" href=${link(`/connections/${connection}/transactions/${id}`)}>${transactionTitle(row)}</a>
    <span class="note"><${Day} date=${row.date} />${row.amount && html` · <${Amount} value=${row.amount} currency=${row.currency} signed=${true} />`}</span>`
    : '…';
}

const kinds = (evidence, speaks) => evidence.filter((item) => item.speaks === speaks).map(evidenceName).join(', ');

// Against names what speaks against a pair, which may be its amounts.
function Against({ pair }) {
  const rows = [pair.old, pair.new].map((id) => useShared('/transactions/' + id).value?.data);
  return html`${kinds(withAmounts(pair.evidence, rows), 'against') || muted}`;
}

// pairColumns returns the columns of the pairs. chosen contains the keys of the selected ones.
const pairColumns = (chosen, choose) => [
  {
    title: t('column.select'),
    cell: (pair) => html`<input type="checkbox" aria-label=${t('suggestion.select', { id: pair.old })} checked=${chosen.includes(keyOf(pair))}
      onChange=${(event) => choose(event.target.checked ? [...chosen, keyOf(pair)] : chosen.filter((key) => key !== keyOf(pair)))} />`,
  },
  { title: t('suggestion.old'), kind: 'main', cell: (pair) => html`<${Row} connection=${pair.connectionId} id=${pair.old} />` },
  { title: t('suggestion.new'), cell: (pair) => html`<${Row} connection=${pair.connectionId} id=${pair.new} />` },
  { title: t('column.account'), cell: (pair) => html`<${Place} pair=${pair} />` },
  { title: t('suggestion.for'), cell: ({ evidence }) => kinds(evidence, 'for') || muted },
  { title: t('suggestion.against'), cell: (pair) => html`<${Against} pair=${pair} />` },
];

// apart returns the pairs without those that share a record with an earlier one: a join ends every other one.
function apart(pairs) {
  const taken = new Set();
  return pairs.filter(({ old, new: present }) => !taken.has(old) && !taken.has(present) && taken.add(old).add(present));
}

// joinSeveral joins those of the pairs that still wait, with one request. It returns the joined ones.
async function joinSeveral(pairs, reason, key, sent) {
  if (sent.key !== key) {
    const open = await Promise.all(pairs.map(isWaiting));
    Object.assign(sent, { key, pairs: pairs.filter((pair, i) => open[i]).map(({ old, new: present }) => ({ old, new: present })) });
  }
  if (sent.pairs.length === 0) return [];
  const { results } = (await request('POST', '/possible-replacements/join', { body: { pairs: sent.pairs, reason }, key })).data;
  return pairs.filter((pair) => results.some((result) => result.status === 200 && keyOf(result) === keyOf(pair)));
}

// asAnswered returns a joined pair as an answer that leads to its record.
const asAnswered = (pair) => ({
  pair, name: 'same', title: html`<${TransactionName} connection=${pair.connectionId} id=${pair.old} dated=${true} />`,
});

// Several lists the pairs that can be joined, and joins the selected ones with one request. reload reads the pairs again.
function Several({ pairs, reload }) {
  const [chosen, choose] = useState([]);
  const [reason, setReason] = useState('');
  const shown = pairs.filter(({ state }) => state !== 'join_undone').slice(0, mostSelected);
  const selected = shown.filter((pair) => chosen.includes(keyOf(pair)));
  const all = apart(shown);
  const [answered, setAnswered] = useState([]);
  const sent = useRef({});
  const join = useAction(async ({ why }, key) => ({ asked: selected.length, joined: await joinSeveral(selected, why, key, sent.current) }));
  const submit = async (event) => {
    event.preventDefault();
    if (selected.length === 0) return;
    const result = await join.run({ pairs: selected.map(keyOf), why: reason.trim() || undefined });
    if (result) {
      choose([]);
      setAnswered([...result.joined.map(asAnswered), ...answered]);
    }
    reload();
  };
  const changed = (pair, name) => {
    setAnswered(answered.map((answer) => (answer.pair === pair ? { ...answer, name } : answer)));
    reload();
  };
  const { joined = [], asked = 0 } = join.result || {};
  return html`<form class="filters" onSubmit=${submit}>
      <${Field} label=${t('suggestion.reason')} name="reason" maxlength="500" autocomplete="off" value=${reason}
        onInput=${(event) => setReason(event.target.value)} />
      <button type="button" disabled=${shown.length === 0} onClick=${() => choose(all.map(keyOf))}>${t('suggestion.selectAll', { n: all.length })}</button>
      <${ActionButton} type="submit" kind="primary" busy=${join.busy} disabled=${selected.length === 0}>${t('suggestion.joinSelected', { n: selected.length })}</${ActionButton}>
    </form>
    ${all.length < shown.length && html`<p class="small">${t('suggestion.shared', { n: shown.length - all.length })}</p>`}
    <${Failure} problem=${join.problem} />
    ${joined.length > 0 && html`<div class="notice good" role="status"><p>${t('suggestion.joinedSeveral', { n: joined.length })}</p></div>`}
    ${asked > joined.length && html`<div class="notice bad" role="alert"><p>${t('suggestion.failedSeveral', { n: asked - joined.length })}</p></div>`}
    ${answered.map((answer) => html`<${Last} key=${keyOf(answer.pair) + answer.name} answered=${answer} changed=${changed} />`)}
    ${shown.length > 0 ? html`<${Table} label=${t('suggestion.pairs')} items=${shown} rowKey=${keyOf} columns=${pairColumns(chosen, choose)} />`
      : html`<${Empty} title=${t('suggestion.none')}><p>${t('suggestion.noneText')}</p></${Empty}>`}`;
}

// ends reports whether an answer has ended a suggestion: a join ends every other one with either record.
const ends = ({ pair, name }, { old, new: present }) => (name === 'same' ? pair.old === old || pair.new === present
  : pair.old === old && pair.new === present);

// title says how many pairs wait.
function title(waiting, list) {
  if (!list.items) return t('suggestion.title');
  if (waiting.length === 0 && !list.hasMore) return t('suggestion.none');
  return t(list.hasMore ? 'suggestion.more' : 'suggestion.count', { n: waiting.length });
}

export function PossibleReplacements() {
  const { query: { connectionId, transaction, several } } = useLocation();
  const list = useList('/possible-replacements' + queryString({ connectionId, limit: pageSize }));
  const [answered, setAnswered] = useState([]);
  const [later, setLater] = useState([]);
  const concerns = (pair) => !transaction || pair.old === transaction || pair.new === transaction;
  const waiting = (list.items || []).filter((pair) => concerns(pair) && !answered.some((answer) => ends(answer, pair)));
  const pair = waiting.find((item) => !later.includes(keyOf(item)));
  useEffect(() => { // the pairs of the pages that were read are answered
    if ((several ? waiting.length === 0 : !pair) && list.hasMore && !list.loadingMore && !list.problem) list.more();
  }, [pair, waiting.length, several, list.hasMore, list.loadingMore]);
  const done = (present, name, row) => {
    if (name === 'later') return setLater([...later, keyOf(present)]);
    announce(t(name === 'same' ? 'suggestion.joined' : 'suggestion.dismissed'));
    setAnswered([{ pair: present, name, title: row.erasedAt ? transactionTitle(row) : `${transactionTitle(row)}, ${money(row.amount, row.currency, true)}` }, ...answered]);
    return list.reload();
  };
  const changed = (present, name, text) => {
    setAnswered([{ pair: present, name, title: text }, ...answered.slice(1)]);
    list.reload();
  };
  return html`<${Page} title=${title(waiting, list)} lead=${t('suggestion.lead')}>
    ${(connectionId || transaction) && html`<p>${connectionId && html`<${ConnectionName} id=${connectionId} /> · `}
      <button type="button" class="quiet" onClick=${() => setQuery({ connectionId: '', transaction: '' })}>${t('suggestion.all')}</button></p>`}
    <p><button type="button" class="quiet" onClick=${() => setQuery({ several: several ? '' : 'true' })}>${t(several ? 'suggestion.single' : 'suggestion.several')}</button></p>
    ${!several && answered.length > 0 && html`<${Last} key=${keyOf(answered[0].pair) + answered[0].name} answered=${answered[0]} changed=${changed} />`}
    <${Loaded} of=${list} rows=${8}>${() => (several ? html`<${Several} pairs=${waiting} reload=${list.reload} />` : pair
      ? html`<${Pair} key=${keyOf(pair)} pair=${pair} focused=${answered.length + later.length > 0} done=${done} />`
      : list.hasMore ? html`<${Skeleton} rows=${6} />`
        : waiting.length > 0 ? html`<${Empty} title=${t('suggestion.left', { n: waiting.length })}>
            <button type="button" onClick=${() => setLater([])}>${t('suggestion.again')}</button></${Empty}>`
          : html`<${Empty} title=${t('suggestion.none')}><p>${t('suggestion.noneText')}</p></${Empty}>`)}</${Loaded}>
  </${Page}>`;
}
