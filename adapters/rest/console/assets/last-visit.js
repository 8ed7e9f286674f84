// What has changed since the operator's last visit on an earlier day, by account. The browser keeps the position in the
// change feed at each visit.
import { query, request } from './api.js';
import { t } from './i18n.js';
import { AccountName, ConnectionName } from './names.js';
import { html } from './preact.js';
import { useLoad } from './resource.js';
import { session } from './session.js';
import { Empty, Failure, Instant, Table } from './ui.js';

const storageKey = 'discovery.visits';
const pageSize = 1000;
const maxPages = 20;

// fingerprint returns a number that tells apart the operators of a browser. It reveals nothing about them.
const fingerprint = (text) => [...text].reduce((hash, character) => (Math.imul(hash, 31) + character.codePointAt(0)) | 0, 7);

const dayOf = (time) => new Date(time).toDateString(); // in the reader's zone

// visit notes the present end of the feed, and returns the visit on an earlier day, or undefined if none is known.
function visit(cursor) {
  const holder = fingerprint(session.get().holder);
  let known = {};
  try {
    known = JSON.parse(localStorage.getItem(storageKey)) || {};
  } catch {
    // what is stored is not usable
  }
  const { since, latest } = known.holder === holder ? known : { since: undefined, latest: undefined };
  const now = new Date().toISOString();
  const earlier = latest && dayOf(latest.at) !== dayOf(now) ? latest : since;
  localStorage.setItem(storageKey, JSON.stringify({ holder, since: earlier, latest: { cursor, at: now } }));
  return earlier;
}

// readSince returns the changes after the visit by account, the account with the most changes first. more reports whether
// there are further ones.
async function readSince(signal) {
  const page = (cursor) => request('GET', '/transactions/changes' + query({ limit: pageSize, cursor }), { signal }).then(({ data }) => data);
  const { nextCursor: end } = await page('now');
  const since = visit(end);
  const accounts = new Map();
  let data = { nextCursor: since?.cursor, hasMore: Boolean(since) };
  for (let pages = 0; data.hasMore && pages < maxPages; pages++) {
    data = await page(data.nextCursor);
    for (const { change, transaction } of data.items) {
      const { accountId, connectionId } = transaction;
      if (!accountId) continue; // erased meanwhile
      const row = accounts.get(accountId) || { accountId, connectionId, added: 0, modified: 0, removed: 0 };
      row[change]++;
      accounts.set(accountId, row);
    }
  }
  const total = ({ added, modified, removed }) => added + modified + removed;
  const rows = [...accounts.values()].sort((a, b) => total(b) - total(a));
  return { since, rows, n: rows.reduce((n, row) => n + total(row), 0), more: data.hasMore };
}

const columns = () => [
  { title: t('column.account'), kind: 'main', cell: (row) => html`<${AccountName} connection=${row.connectionId} id=${row.accountId} />` },
  { title: t('column.connection'), cell: (row) => html`<${ConnectionName} id=${row.connectionId} />` },
  ...[['added', t('column.added')], ['modified', t('column.modified')], ['removed', t('column.removedCount')]].map(([name, title]) => ({ title, kind: 'number', cell: (row) => row[name] })),
];

// SinceLastVisit lists the accounts with changes since the last visit on an earlier day.
export function SinceLastVisit() {
  const loaded = useLoad('since the last visit', readSince);
  const { since, rows, n, more } = loaded.value || {};
  if (!since) return html`<${Failure} problem=${loaded.problem} retry=${loaded.reload} />`;
  return html`<section aria-labelledby="since"><h2 id="since">${t('visit.title', { n, accounts: rows.length, at: html`<${Instant} at=${since.at} />` })}</h2>
    ${more && html`<p>${t('visit.more')}</p>`}
    ${rows.length === 0 ? html`<${Empty} title=${t('visit.none')} />`
      : html`<${Table} label=${t('visit.label')} items=${rows} columns=${columns()} rowKey=${({ accountId }) => accountId} />`}
  </section>`;
}
