// The pulls of a connection: how long each took, what it brought, and what to do about a failed one.
import { query as queryString, request } from './api.js';
import { BarChart } from './chart.js';
import { Breadcrumb, isOpen, outcome } from './connection.js';
import * as format from './format.js';
import { reasonText } from './health.js';
import { has, t } from './i18n.js';
import { html, useEffect } from './preact.js';
import { fieldProblems } from './problem-text.js';
import { useAction, useList, usePolling, useResource } from './resource.js';
import { link } from './router.js';
import { TransactionTable } from './transaction-table.js';
import {
  ActionButton, Ago, announce, Copyable, CopyButton, Details, Empty, Failure, Field, Instant, Loaded, More, Page, Status, Table,
} from './ui.js';

const tones = { succeeded: 'good', failed: 'bad', running: 'plain', queued: 'plain' };
const runInterval = 1500;

// took returns the duration of a pull in milliseconds, up to now while it runs.
const took = (pull) => (pull.startedAt ? Date.parse(pull.finishedAt || new Date().toISOString()) - Date.parse(pull.startedAt) : 0);

// pullReport returns what the support of the vendor needs to know about a pull that failed.
const pullReport = (pull) => [
  pull.lastError, 'pull ' + pull.id, 'connection ' + pull.connectionId, ...['createdAt', 'startedAt', 'finishedAt'].map((name) => pull[name] && `${name} ${pull[name]}`),
  'attempts ' + pull.attempts,
].filter(Boolean).join('\n');

// Result shows the state of a pull. A failed attempt says why, and what to do.
const Result = ({ pull }) => html`<${Status} tone=${tones[pull.status]}>${t('pull.status.' + pull.status)}</${Status}>
  ${isOpen(pull) && html`<span class="note">${t('pull.read', { n: pull.counts.read })}</span><progress aria-label=${t('pull.running')} />`}
  ${pull.lastError && pull.status !== 'succeeded' && html`<span class="note">${reasonText(pull.lastError)}
    ${' '}${has('advice.' + pull.lastError) ? t('advice.' + pull.lastError) : t('advice.other')}
    ${pull.nextTryAt && isOpen(pull) && html` ${t('pull.nextTry', { when: html`<${Ago} at=${pull.nextTryAt} />`, n: pull.attempts })}`}
    ${' '}<${CopyButton} text=${pullReport(pull)} name=${t('problem.report')} label=${t('problem.copyReport')} /></span>`}`;

const count = (title, name) => ({
  title, kind: 'number', cell: ({ counts }) => html`<span class=${counts[name] ? '' : 'muted'}>${format.number(counts[name] || 0)}</span>`,
});

const columns = () => [
  {
    title: t('column.when'), kind: 'main',
    cell: (pull) => html`<a href=${link(`/connections/${pull.connectionId}/pulls/${pull.id}`)}><${Ago} at=${pull.createdAt} /></a>`,
  },
  { title: t('column.trigger'), cell: (pull) => t('trigger.' + pull.trigger) },
  { title: t('column.result'), cell: (pull) => html`<${Result} pull=${pull} />` },
  { title: t('column.took'), kind: 'number', cell: (pull) => (pull.startedAt ? format.duration(took(pull)) : '–') },
  count(t('column.added'), 'added'), count(t('column.modified'), 'modified'), count(t('column.removedCount'), 'removed'),
  count(t('column.quarantined'), 'quarantined'),
];

// Durations draws how long each finished pull took, the oldest first.
function Durations({ pulls }) {
  const finished = pulls.filter((pull) => pull.finishedAt && pull.startedAt).slice(0, 50).reverse();
  if (finished.length < 2) return null;
  const longest = finished.reduce((most, pull) => Math.max(most, took(pull)), 0);
  const oneDay = finished[0].createdAt.slice(0, 10) === finished[finished.length - 1].createdAt.slice(0, 10);
  const label = ({ createdAt }) => (oneDay ? format.shortTime(createdAt) : format.shortDay(createdAt.slice(0, 10)));
  const seconds = (status) => finished.map((pull) => ((pull.status === 'failed') === (status === 'failed') ? took(pull) / 1000 : null));
  return html`<${BarChart} caption=${t('pull.chart', { n: finished.length, longest: format.duration(longest) })}
    labels=${finished.map(label)} format=${(value) => format.number(value) + ' s'}
    series=${[{ colour: 'accent', values: seconds('succeeded') }, { colour: 'bad', values: seconds('failed') }]} />`;
}

// heading says how many of the listed pulls were good.
function heading(pulls) {
  const ended = pulls.filter((pull) => !isOpen(pull));
  const good = ended.filter((pull) => pull.status === 'succeeded').length;
  const running = pulls.length - ended.length;
  const title = ended.length > 1 ? t('pull.heading', { n: ended.length, good })
    : t('pull.heading.' + (ended[0]?.status || 'none'));
  return title + (running ? ' ' + t('pull.headingRunning', { n: running }) : '');
}

// WindowForm requests a pull of a range of days only.
function WindowForm({ path, requested }) {
  const action = useAction((body, key) => request('POST', path + '/pulls', { body, key }));
  const { errors, rest } = fieldProblems(action.problem, ['from', 'to']);
  const submit = async (event) => {
    event.preventDefault();
    const { from, to } = Object.fromEntries(new FormData(event.target));
    if (!(await action.run({ from: from || undefined, to: to || undefined }))) return;
    announce(t('pull.requested'));
    requested();
  };
  return html`<details class="disclosure"><summary>${t('pull.window')}</summary>
    <form class="filters" onSubmit=${submit}>
      <${Field} label=${t('filter.from')} name="from" type="date" error=${errors.from} />
      <${Field} label=${t('filter.to')} name="to" type="date" error=${errors.to} />
      <${ActionButton} type="submit" busy=${action.busy}>${t('action.pullWindow')}</${ActionButton}>
    </form>
    <${Failure} problem=${rest} />
  </details>`;
}

export function Pulls({ path, latest }) {
  const list = useList(path + '/pulls?limit=50');
  const running = (list.items || []).some(isOpen);
  usePolling(list.reload, running && !list.extended, runInterval);
  useEffect(() => {
    if (latest.pull && list.items && list.items[0]?.id !== latest.pull.id) list.reload();
  }, [latest.pull?.id]);
  const requested = () => {
    latest.reload();
    list.reload();
  };
  return html`<section aria-labelledby="pulls">
    <h2 id="pulls">${list.items?.length ? heading(list.items) : t('tab.pulls')}</h2>
    <${WindowForm} path=${path} requested=${requested} />
    <${Loaded} of=${list} rows=${8}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('pull.empty')}><p>${t('pull.emptyText')}</p></${Empty}>`
      : html`<${Durations} pulls=${list.items} />
        <${Table} label=${t('tab.pulls')} columns=${columns()} items=${list.items} />
        <${More} list=${list} />`)}</${Loaded}>
  </section>`;
}

const instant = (at) => at && html`<${Instant} at=${at} />`;

// Causes lists the newest webhooks whose work the pull has done.
function Causes({ pull }) {
  const to = new Date(Date.parse(pull.finishedAt || pull.createdAt) + 1000).toISOString();
  const list = useList('/webhooks/deliveries' + queryString({ connectionId: pull.connectionId, to, limit: 50 }));
  const own = (list.items || []).filter(({ pullId }) => pullId === pull.id);
  return own.length > 0 && html`<section aria-labelledby="causes"><h2 id="causes">${t('tab.deliveries')}</h2>
    <ul>${own.map((item) => html`<li key=${item.id}><${Instant} at=${item.receivedAt} /> ${' '}
      <a href=${link(`/connections/${pull.connectionId}/deliveries/${item.id}`)}>${item.event || t('delivery.noEvent')}</a></li>`)}</ul></section>`;
}

// PullPage shows one pull: what started it, when, and the transactions that it has changed.
export function PullPage({ id, pull: pullId }) {
  const loaded = useResource('/pulls/' + pullId);
  const pull = loaded.value?.data;
  usePolling(loaded.reload, isOpen(pull), runInterval);
  const list = useList(pull && !isOpen(pull) ? `/aggregator-connections/${id}/transactions?pullId=${pullId}&limit=50` : null);
  const href = (item) => link(`/connections/${id}/transactions/${item.id}`);
  const back = link(`/connections/${id}/pulls`);
  return html`<${Page} title=${t('pull.title')} lead=${pull && (isOpen(pull) ? t('pull.running') + '.' : outcome(pull))}
      above=${html`<${Breadcrumb} id=${id}> › <a href=${back}>${t('tab.pulls')}</a></${Breadcrumb}>`}>
    <${Loaded} of=${loaded}>${() => html`<${Details} pairs=${[
      [t('column.result'), html`<${Result} pull=${pull} />`],
      [t('column.trigger'), t('trigger.' + pull.trigger)],
      [t('pull.created'), instant(pull.createdAt)],
      [t('pull.started'), instant(pull.startedAt)],
      [t('pull.finished'), instant(pull.finishedAt)],
      [t('column.took'), pull.startedAt && format.duration(took(pull))],
      [t('column.id'), html`<${Copyable} value=${pull.id} name=${t('column.id')} />`],
    ]} />`}</${Loaded}>
    ${pull && !isOpen(pull) && html`<section aria-labelledby="records"><h2 id="records">${t('pull.records')}</h2>
      <${Loaded} of=${list} rows=${5}>${() => (list.items.length === 0
        ? html`<${Empty} title=${t('pull.noRecords')} />`
        : html`<${TransactionTable} label=${t('pull.records')} items=${list.items} href=${href} /><${More} list=${list} />`)}</${Loaded}>
    </section>
    <${Causes} pull=${pull} />`}
  </${Page}>`;
}
