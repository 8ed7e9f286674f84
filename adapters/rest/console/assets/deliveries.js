// The webhooks that were accepted, for one connection and for all of them, their payloads, and replay.
import { query as queryString, request } from './api.js';
import { Breadcrumb } from './connection.js';
import { t, vendorName } from './i18n.js';
import { ConnectionName } from './names.js';
import { html, useState } from './preact.js';
import { withFieldProblems } from './problem-text.js';
import { useAction, useList, usePolling, useResource } from './resource.js';
import { link, navigate, setQuery, useLocation } from './router.js';
import {
  ActionButton, announce, Copyable, CopyButton, Details, Dialog, Empty, Failure, Field, Instant, Json, Loaded, More, Page, Select, Status,
  Table,
} from './ui.js';

const tones = { processed: 'good', accepted: 'plain', ignored: 'plain', unreadable: 'warn', failed: 'bad' };
const statuses = Object.keys(tones);
const refreshInterval = 5000;

const DeliveryStatus = ({ status, end = '' }) => html`<${Status} tone=${tones[status]}>${t('delivery.' + status)}${end}</${Status}>`;

const address = (connection, id) => link(`/connections/${connection}/deliveries/${id}`);

// PullLink leads to the pull of a delivery, and says that there is one.
const PullLink = ({ item }) => item.pullId && html`<a href=${link(`/connections/${item.connectionId}/pulls/${item.pullId}`)}>${t('delivery.pull')}</a>`;

const columns = () => [
  {
    title: t('column.event'), kind: 'main',
    cell: (item) => html`<a class="name" href=${address(item.connectionId, item.id)}>${item.event || t('delivery.noEvent')}</a>`,
  },
  { title: t('column.received'), cell: (item) => html`<${Instant} at=${item.receivedAt} />` },
  { title: t('column.status'), cell: (item) => html`<${DeliveryStatus} status=${item.status} />` },
  { title: t('column.pull'), cell: (item) => html`<${PullLink} item=${item} />` },
  { title: t('column.eventId'), cell: (item) => html`<code>${item.eventId || '–'}</code>` },
];

const columnsOfAll = () => {
  const [event, received, ...others] = columns();
  return [event, received, { title: t('column.connection'), cell: (item) => html`<${ConnectionName} id=${item.connectionId} />` }, ...others];
};

// moment returns the time that was typed in the reader's zone as the API expects it, moved by a number of minutes.
const moment = (text, minutes) => (Number.isNaN(Date.parse(text)) ? text : new Date(Date.parse(text) + minutes * 60000).toISOString());

const statusOptions = () => [['', t('filter.all')], ...statuses.map((name) => [name, t('delivery.' + name)])];

// Times keeps a range of minutes and a status in the query of the location. The last minute belongs to the range.
function Times({ query: { from = '', to = '', status = '' }, errors }) {
  const submit = (event) => {
    event.preventDefault();
    navigate(link('/webhooks', Object.fromEntries(new FormData(event.target))));
  };
  return html`<form class="filters" role="search" onSubmit=${submit} key=${[from, to, status].join()}>
    <${Field} label=${t('filter.from')} name="from" type="datetime-local" max="9999-12-31T23:59" error=${errors.from} defaultValue=${from} />
    <${Field} label=${t('filter.through')} name="to" type="datetime-local" max="9999-12-31T23:59" error=${errors.to} defaultValue=${to} />
    <${Select} label=${t('column.status')} name="status" value=${status} options=${statusOptions()} />
    <button class="primary">${t('filter.search')}</button>
  </form>`;
}

// Webhooks lists the webhooks of all connections with the times at which they were received.
export function Webhooks() {
  const { query } = useLocation();
  const { from, to, status } = query;
  const list = withFieldProblems(useList('/webhooks/deliveries' + queryString({
    from: from && moment(from, 0), to: to && moment(to, 1), status, limit: 50,
  })), ['from', 'to']);
  usePolling(list.reload, !list.extended && !list.problem, refreshInterval);
  return html`<${Page} title=${t('webhooks.title')} lead=${t('webhooks.lead', { zone: Intl.DateTimeFormat().resolvedOptions().timeZone })}>
    <${Times} query=${query} errors=${list.errors} />
    <${Loaded} of=${list} rows=${8}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t(from || to || status ? 'filter.noMatch' : 'delivery.empty')}>
          ${!from && !to && !status && html`<p>${t('webhooks.emptyText')}</p>`}</${Empty}>`
      : html`<${Table} label=${t('tab.deliveries')} columns=${columnsOfAll()} items=${list.items} /><${More} list=${list} />`)}</${Loaded}>
  </${Page}>`;
}

// useReplay returns the action that replays one delivery.
const useReplay = (done) => useAction(async (id, key) => {
  const { data } = await request('POST', `/webhooks/deliveries/${id}/replay`, { key });
  announce(t('replay.done'));
  done();
  return data;
});

// ReplayDialog replays all deliveries of one status, the newest first, up to a number.
function ReplayDialog({ connection, initial, onClose, done }) {
  const [status, setStatus] = useState(initial);
  const action = useAction((body, key) => request('POST', '/webhooks/deliveries/replay', { body, key }));
  const submit = async (event) => {
    event.preventDefault();
    const limit = Number(new FormData(event.target).get('limit'));
    const replayed = await action.run({ connectionId: connection.id, status: status || undefined, limit });
    if (!replayed) return;
    announce(t('replay.many', { n: replayed.data.replayed }));
    done();
    onClose();
  };
  return html`<${Dialog} title=${t('replay.title')} onClose=${onClose}><form onSubmit=${submit}>
    <p>${t('replay.text')}</p>
    <${Select} label=${t('column.status')} name="replay-status" value=${status} onChange=${setStatus}
      options=${['', ...statuses].map((name) => [name, t(name ? 'delivery.' + name : 'filter.all')])} />
    <${Field} label=${t('replay.limit')} name="limit" type="number" min="1" max="1000" defaultValue="100" required />
    <${Failure} problem=${action.problem} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
      <${ActionButton} type="submit" kind="primary" busy=${action.busy}>${t('action.replay')}</${ActionButton}>
    </div>
  </form></${Dialog}>`;
}

export function Deliveries({ connection }) {
  const { query } = useLocation();
  const [replaying, setReplaying] = useState(false);
  const { status } = query;
  const list = useList('/webhooks/deliveries' + queryString({ connectionId: connection.id, limit: 50, status }));
  usePolling(list.reload, !list.extended, refreshInterval);
  return html`<section aria-labelledby="deliveries">
    <div class="section-head"><h2 id="deliveries">${t('delivery.heading')}</h2>
      <${ActionButton} onClick=${() => setReplaying(true)}>${t('action.replayMany')}</${ActionButton}></div>
    <form class="filters" onSubmit=${(event) => event.preventDefault()}>
      <${Select} label=${t('column.status')} name="status" value=${status || ''} options=${statusOptions()}
        onChange=${(next) => setQuery({ status: next })} />
    </form>
    <${Loaded} of=${list} rows=${8}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t(status ? 'filter.noMatch' : 'delivery.empty')}>
          <p>${t('delivery.emptyText')} <a href=${link(`/connections/${connection.id}/tokens`)}>${t('tab.tokens')}</a></p></${Empty}>`
      : html`<${Table} label=${t('tab.deliveries')} columns=${columns()} items=${list.items} />
        <${More} list=${list} />`)}</${Loaded}>
    ${replaying && html`<${ReplayDialog} connection=${connection} initial=${status || 'failed'} done=${list.reload}
      onClose=${() => setReplaying(false)} />`}
  </section>`;
}

// DeliveryPage shows one delivery with its payload.
export function DeliveryPage({ id, delivery }) {
  const loaded = useResource('/webhooks/deliveries/' + delivery);
  const replay = useReplay(loaded.reload);
  const item = loaded.value?.data;
  usePolling(loaded.reload, item?.status === 'accepted', 1500);
  const back = link(`/connections/${id}/deliveries`);
  const button = html`<${ActionButton} busy=${replay.busy} onClick=${() => replay.run(delivery)}>${t('action.replay')}</${ActionButton}>`;
  return html`<${Page} title=${item?.event || t('delivery.title')} place=${item?.event && t('delivery.title')} actions=${item && button}
      above=${html`<${Breadcrumb} id=${id}> › <a href=${back}>${t('tab.deliveries')}</a></${Breadcrumb}>`}
      lead=${item && html`<${DeliveryStatus} status=${item.status} end="." /> ${t('delivery.lead.' + item.status)}`}>
    <${Failure} problem=${replay.problem} />
    <${Loaded} of=${loaded}>${() => html`
      <${Details} pairs=${[
        [t('column.received'), html`<${Instant} at=${item.receivedAt} />`],
        [t('column.processed'), item.processedAt && html`<${Instant} at=${item.processedAt} />`],
        [t('column.vendor'), vendorName(item.vendor)],
        [t('column.eventId'), html`<${Copyable} value=${item.eventId} name=${t('column.eventId')} />`],
        [t('column.pull'), item.pullId && html`<${PullLink} item=${item} /> <${CopyButton} text=${item.pullId} name=${t('column.pull')} />`],
        [t('column.id'), html`<${Copyable} value=${item.id} name=${t('column.id')} />`],
      ]} />
      <h2>${t('delivery.payload')}</h2>
      <${Json} value=${item.payload} label=${t('delivery.payload')} />`}</${Loaded}>
  </${Page}>`;
}
