// The frame of one connection: its state in words, the actions, and the tabs.
import { request } from './api.js';
import { ActionResults, ConnectionActions, useConnectionActions } from './connection-actions.js';
import { EraseDialog, Gone } from './erasures.js';
import { duration } from './format.js';
import { HealthStatus, LinkFacts, Reasons, reasonText, reasonsOf } from './health.js';
import { t, vendorName } from './i18n.js';
import { LastLink } from './last-link.js';
import { ConnectionName } from './names.js';
import { html, useEffect, useRef, useState } from './preact.js';
import { remedyOf } from './remedies.js';
import { useAction, usePolling, useResource } from './resource.js';
import { link, navigate } from './router.js';
import { Ago, announce, Button, Dialog, Failure, Field, Page, Skeleton } from './ui.js';

const tabs = [
  ['accounts', ''], ['transactions', '/transactions'], ['pulls', '/pulls'], ['deliveries', '/deliveries'],
  ['tokens', '/tokens'], ['quarantine', '/quarantine'],
];

const runInterval = 1500;

export const isOpen = (pull) => pull?.status === 'queued' || pull?.status === 'running';

// useLatestPull reads the newest pull of a connection, and reads it again while it is queued or running. It
// announces the end of a pull, also of one that had ended before it was read for the first time.
export function useLatestPull(path) {
  const list = useResource(path + '/pulls?limit=1');
  const pull = list.value?.data.items[0];
  usePolling(list.reload, isOpen(pull), runInterval);
  const before = useRef();
  useEffect(() => {
    const ended = pull && !isOpen(pull) && (isOpen(before.current) || (before.current && before.current.id !== pull.id));
    if (ended) announce(outcome(pull));
    before.current = pull || before.current;
  }, [pull]);
  return { pull, reload: list.reload };
}

// outcome returns the result of a pull as a sentence.
export function outcome(pull) {
  if (pull.status === 'failed') return t('pull.failed', { reason: reasonText(pull.lastError) });
  return t('pull.succeeded', { n: pull.counts.added, modified: pull.counts.modified, removed: pull.counts.removed });
}

// Lead is the first sentence of the view: the health and the last pull.
function Lead({ health, pull }) {
  const state = html`<${HealthStatus} health=${health} end="." />`;
  if (isOpen(pull) && !health.paused) {
    return html`${state} ${t('connection.pulling', { n: pull.counts.read })} <progress aria-label=${t('pull.running')} />`;
  }
  if (!health.lastPullAt) return html`${state} ${t('connection.neverRead')}`;
  const when = html`<${Ago} at=${health.lastPullAt} />`;
  const rows = pull?.status === 'succeeded' ? pull.counts.added : undefined;
  const key = rows === undefined ? 'connection.lastRead' : rows ? 'connection.lastReadRows' : 'connection.lastReadNothing';
  const bank = health.bankReadAt && t('bank.read', { when: html`<${Ago} at=${health.bankReadAt} />` });
  return html`${state} ${t(key, { when, n: rows })} ${bank}`;
}

// TestResult shows the outcome of a live test.
export const TestResult = ({ result, vendor }) => html`<div class=${'notice ' + (result.healthy ? 'good' : 'bad')} role="status">
  <p><strong>${result.healthy ? t('test.healthy', { vendor, took: duration(result.latencyMs) })
    : reasonText(result.reason)}</strong></p>
</div>`;

// DeleteDialog says what a deletion does, and asks for the name of the connection.
function DeleteDialog({ connection, etag, onClose }) {
  const [typed, setTyped] = useState('');
  const removal = useAction(() => request('DELETE', '/aggregator-connections/' + connection.id, { etag }).then(() => true));
  const submit = async (event) => {
    event.preventDefault();
    if (!(await removal.run())) return;
    announce(t('delete.done', { name: connection.configName }));
    navigate(link('/'));
  };
  return html`<${Dialog} title=${t('delete.title', { name: connection.configName })} onClose=${onClose}>
    <form onSubmit=${submit}>
      <p>${t('delete.text')}</p>
      <${Field} label=${t('delete.confirm', { name: connection.configName })} name="confirm" autocomplete="off"
        value=${typed} onInput=${(event) => setTyped(event.target.value)} />
      <${Failure} problem=${removal.problem} />
      <div class="actions">
        <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
        <${Button} type="submit" kind="danger" busy=${removal.busy} disabled=${typed !== connection.configName}>${t('action.delete')}</${Button}>
      </div>
    </form>
  </${Dialog}>`;
}

const Tabs = ({ id, tab, quarantined }) => html`<nav class="tabs" aria-label=${t('connection.tabs')}>${tabs.map(([name, path]) => html`
  <a key=${name} href=${link('/connections/' + id + path)} aria-current=${name === tab ? 'page' : undefined}>
    ${t('tab.' + name)}${name === 'quarantine' && quarantined > 0 && html` <span class="count">${quarantined}</span>`}</a>`)}</nav>`;

// Breadcrumb shows where a view is. id is the connection that the view belongs to.
export const Breadcrumb = ({ id, children }) => html`<p class="breadcrumb">
  <a href=${link('/')}>${t('nav.connections')}</a>${id && html` › <${ConnectionName} id=${id} />`}${children}
</p>`;

// ConnectionPage shows the frame of a connection around the content of a tab.
export function ConnectionPage({ id, tab, content: Content }) {
  const path = '/aggregator-connections/' + id;
  const loaded = useResource(path);
  const health = useResource(path + '/health');
  const latest = useLatestPull(path);
  const [deleting, setDeleting] = useState(false);
  const [erasing, setErasing] = useState(false);
  const connection = loaded.value?.data;
  const test = useAction(async () => {
    const { vendor, configName } = connection;
    const { data } = await request('POST', '/aggregator-connections/test', { body: { vendor, configName } });
    health.reload();
    return data;
  });
  const pull = useAction(async (body, key) => {
    const { data } = await request('POST', path + '/pulls', { body: {}, key });
    announce(t('pull.requested'));
    latest.reload();
    return data;
  });
  const [round, setRound] = useState(0);
  const changed = () => {
    setRound((n) => n + 1);
    health.reload();
    latest.reload();
  };
  const actions = useConnectionActions(path, changed);
  useEffect(() => health.reload(), [latest.pull?.id, isOpen(latest.pull)]);
  if (!connection || !health.value) {
    const problem = loaded.problem || health.problem;
    return html`<${Page} title=${t('connection.title')} above=${html`<${Breadcrumb} />`}>
      ${problem ? html`<${Failure} problem=${problem} retry=${loaded.reload} />` : html`<${Skeleton} />`}
      ${problem?.status === 404 && html`<${Gone} id=${id} />`}
    </${Page}>`;
  }
  const state = health.value.data;
  return html`<${Page} title=${connection.configName} place=${t('tab.' + tab)} above=${html`<${Breadcrumb} />`}
      lead=${html`<${Lead} health=${state} pull=${latest.pull} />`}
      actions=${html`<${ConnectionActions} connection=${connection} paused=${state.paused} test=${test} pull=${pull}
        actions=${actions} onDelete=${() => setDeleting(true)} onErase=${() => setErasing(true)} />`}>
    ${test.result && html`<${TestResult} result=${test.result} vendor=${vendorName(connection.vendor)} />`}
    <${Failure} problem=${test.problem || pull.problem} />
    <${ActionResults} actions=${actions} />
    <${Reasons} id=${id} reasons=${reasonsOf({ ...state, vendor: connection.vendor })} boxed=${true} changed=${changed} />
    ${state.attention?.some(({ reason }) => remedyOf(reason) === 'link') && html`<${LastLink} key=${[round, actions.session.result?.url]} id=${id} />`}
    ${!state.lastPullAt && !state.paused && html`<p class="notice">${t('setup.open')} <a href=${link(`/connections/${id}/setup`)}>${t('setup.continue')}</a></p>`}
    <${LinkFacts} connection=${connection} health=${state} />
    <${Tabs} id=${id} tab=${tab} quarantined=${state.quarantined} />
    <${Content} connection=${connection} path=${path} latest=${latest} />
    ${deleting && html`<${DeleteDialog} connection=${connection} etag=${loaded.value.etag}
      onClose=${() => setDeleting(false)} />`}
    ${erasing && html`<${EraseDialog} connection=${connection} onClose=${() => setErasing(false)} />`}
  </${Page}>`;
}
