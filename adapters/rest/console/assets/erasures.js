// Erasures: the dialog that requests one, and the list of all.
import { query, request } from './api.js';
import { reasonText } from './health.js';
import { actorName, t, vendorName } from './i18n.js';
import { html, useState } from './preact.js';
import { useAction, useList, usePolling, useResource } from './resource.js';
import { link, navigate } from './router.js';
import { announce, Button, Check, Empty, Failure, Field, Dialog, Instant, Loaded, More, Page, Status, Table } from './ui.js';

const runInterval = 1500;
const tones = { running: 'warn', done: 'good', failed: 'bad' };

// EraseDialog says what an erasure does, and asks for the name of the connection.
export function EraseDialog({ connection, onClose }) {
  const [typed, setTyped] = useState('');
  const vendor = vendorName(connection.vendor);
  const erasure = useAction((body, key) => request('POST', `/aggregator-connections/${connection.id}/erasure`, { body, key })
    .then(({ data }) => data));
  const submit = async (event) => {
    event.preventDefault();
    if (!(await erasure.run({ atVendor: new FormData(event.target).has('atVendor') }))) return;
    announce(t('erase.requested', { name: connection.configName }));
    navigate(link('/erasures'));
  };
  return html`<${Dialog} title=${t('erase.title', { name: connection.configName })} onClose=${onClose}>
    <form onSubmit=${submit}>
      <p>${t('erase.text')}</p>
      <p><${Check} name="atVendor" label=${t('erase.atVendor', { vendor })} /></p>
      <${Field} label=${t('delete.confirm', { name: connection.configName })} name="confirm" autocomplete="off"
        value=${typed} onInput=${(event) => setTyped(event.target.value)} />
      <${Failure} problem=${erasure.problem} />
      <div class="actions">
        <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
        <${Button} type="submit" kind="danger" busy=${erasure.busy} disabled=${typed !== connection.configName}>${t('action.erase')}</${Button}>
      </div>
    </form>
  </${Dialog}>`;
}

// Gone says who deleted or erased a connection that is not found, and when, as the audit log has it.
export function Gone({ id }) {
  const entry = useResource('/audit/events' + query({ object: id, limit: 1 })).value?.data.items[0];
  return entry && ['connection.delete', 'connection.erase'].includes(entry.action) && html`<p class="notice">
    ${t('audit.action.' + entry.action)}: ${actorName(entry.actor)}, <${Instant} at=${entry.at} /></p>`;
}

const columns = (requests) => [
  { title: t('column.connection'), kind: 'main', cell: (erasure) => html`<code>${erasure.connectionId}</code>` },
  {
    title: t('column.status'),
    cell: (erasure) => html`<${Status} tone=${tones[erasure.status]}>${t('erasure.' + erasure.status)}</${Status}>
      ${erasure.lastError && html` <span class="muted">${reasonText(erasure.lastError)}</span>`}`,
  },
  {
    title: t('erasure.requested'),
    cell: ({ connectionId }) => requests.filter(({ object }) => object === connectionId).slice(0, 1).map(({ actor, at }) => html`${actorName(actor)}, <${Instant} at=${at} />`),
  },
  { title: t('column.id'), cell: (erasure) => html`<code>${erasure.id}</code>` },
];

export function Erasures() {
  const list = useList('/erasures?limit=50');
  const requests = useResource('/audit/events?action=connection.erase&limit=200').value?.data.items || [];
  const running = (list.items || []).filter((erasure) => erasure.status === 'running').length;
  usePolling(list.reload, running > 0 && !list.extended, runInterval);
  return html`<${Page} title=${t('erasure.title')} lead=${list.items && t(running ? 'erasure.someRunning' : 'erasure.noneRunning', { n: running })}>
    <${Loaded} of=${list}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('erasure.empty')}><p>${t('erasure.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('erasure.title')} columns=${columns(requests)} items=${list.items} /><${More} list=${list} />`)}</${Loaded}>
  </${Page}>`;
}
