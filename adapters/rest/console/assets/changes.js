// The change feed of all connections, followed live from the moment at which the view is opened first.
import { query, request } from './api.js';
import { t } from './i18n.js';
import { SinceLastVisit } from './last-visit.js';
import { ConnectionName } from './names.js';
import { html, useEffect, useState } from './preact.js';
import { useAgain } from './resource.js';
import { link } from './router.js';
import { session } from './session.js';
import { transactionTitle } from './transaction-table.js';
import { Ago, Amount, Day, Empty, Failure, Page, Skeleton, Status, Table } from './ui.js';

const tones = { added: 'good', modified: 'plain', removed: 'bad' };
const pageSize = 1000;
const waitSeconds = 25;
const shown = 200;
const retryDelay = 3000;

// follower is where the console is in the feed of an operator. It outlives the view, so that the feed is not read from
// its beginning again.
const start = { cursor: 'now', recent: [], atEnd: false };
let follower = { holder: '', ...start };

// nextPage reads the next page of the feed. The first one is empty: it says where the present end is. At the end of the
// feed the request waits for the next change.
async function nextPage(signal) {
  const { cursor, atEnd } = follower;
  const path = '/transactions/changes' + query({ limit: pageSize, cursor, wait: atEnd ? waitSeconds : '' });
  const { data } = await request('GET', path, { signal });
  const newest = data.items.slice(-shown).reverse().map(({ change, transaction }) => {
    const { metadata, ...rest } = transaction; // the vendor's object is large and is not shown here
    return { change, transaction: rest };
  });
  follower = {
    ...follower, cursor: data.nextCursor, atEnd: !data.hasMore,
    recent: [...newest, ...follower.recent].slice(0, shown),
  };
}

const pause = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => clearTimeout(timer));
});

// follow reads the feed until the signal aborts, and reports each page and each failure.
async function follow(signal, report) {
  while (!signal.aborted) {
    try {
      await nextPage(signal);
      report({ ...follower, problem: null });
    } catch (problem) {
      if (signal.aborted) return;
      report({ ...follower, problem });
      if (problem.status === 401) return;
      await pause(Math.max(retryDelay, (problem.retryAfter || 0) * 1000), signal);
    }
  }
}

function useFeed() {
  const { holder } = session.get();
  if (follower.holder !== holder) follower = { holder, ...start };
  const [round, setRound] = useState(0);
  const [state, setState] = useState({ ...follower, problem: null });
  useEffect(() => {
    const abort = new AbortController();
    follow(abort.signal, setState);
    return () => abort.abort();
  }, [round]);
  useAgain(state.problem, () => setRound((n) => n + 1));
  return state;
}

const href = ({ connectionId, id }) => link(`/connections/${connectionId}/transactions/${id}`);

const columns = () => [
  { title: t('column.change'), cell: ({ change }) => html`<${Status} tone=${tones[change]}>${t('change.' + change)}</${Status}>` },
  {
    title: t('column.description'), kind: 'main',
    cell: ({ transaction }) => html`<a class="name" href=${href(transaction)}>${transactionTitle(transaction)}</a>`,
  },
  {
    title: t('column.connection'),
    cell: ({ transaction }) => html`<${ConnectionName} id=${transaction.connectionId} />`,
  },
  { title: t('column.date'), cell: ({ transaction }) => !transaction.erasedAt && html`<${Day} date=${transaction.date} />` },
  { title: t('column.changed'), cell: ({ transaction }) => html`<${Ago} at=${transaction.erasedAt || transaction.updatedAt} />` },
  {
    title: t('column.amount'), kind: 'number',
    cell: ({ transaction }) => !transaction.erasedAt && html`<${Amount} value=${transaction.amount} currency=${transaction.currency} signed=${true} />`,
  },
];

// status says whether the view is live.
const status = (feed) => (feed.atEnd ? html`<${Status} tone="good">${t('changes.live')}</${Status}>`
  : html`<span role="status">${t('changes.reading')}</span>`);

export function Changes() {
  const feed = useFeed();
  const key = ({ transaction }) => transaction.id + '-' + transaction.version;
  return html`<${Page} title=${t('changes.title')} lead=${status(feed)}>
    <${SinceLastVisit} />
    <${Failure} problem=${feed.problem} />
    ${feed.recent.length > 0
      ? html`<div role="log" aria-label=${t('changes.title')}>
          <${Table} label=${t('changes.title')} columns=${columns()} items=${feed.recent} rowKey=${key} /></div>`
      : feed.atEnd ? html`<${Empty} title=${t('changes.empty')}><p>${t('changes.emptyText')}</p></${Empty}>`
        : !feed.problem && html`<${Skeleton} rows=${8} />`}
  </${Page}>`;
}
