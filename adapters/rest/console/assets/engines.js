// The connections of the reconciliation engine itself.
import { request } from './api.js';
import { duration } from './format.js';
import { t } from './i18n.js';
import { html } from './preact.js';
import { useAction, useList } from './resource.js';
import { ActionButton, Ago, Empty, Failure, Loaded, More, Page, Status, Table } from './ui.js';

// Probe tests one engine connection and shows the outcome beside the button.
function Probe({ engine }) {
  const probe = useAction(async () => (await request('POST', `/connections/${engine.id}/test`)).data);
  const { result } = probe;
  return html`<${ActionButton} busy=${probe.busy} onClick=${() => probe.run()}>${t('action.test')}</${ActionButton}>
    <span role="status">${result && html`<${Status} tone=${result.healthy ? 'good' : 'bad'}>
      ${result.healthy ? t('engine.healthy', { took: duration(result.latencyMs) }) : result.errorMessage || t('health.unhealthy')}
    </${Status}>`}</span>
    <${Failure} problem=${probe.problem} />`;
}

const columns = () => [
  { title: t('column.name'), kind: 'main', cell: (engine) => engine.configName },
  { title: t('column.type'), cell: (engine) => html`<code>${engine.type}</code>` },
  { title: t('column.changed'), cell: (engine) => html`<${Ago} at=${engine.updatedAt} />` },
  { title: t('column.action'), cell: (engine) => html`<${Probe} engine=${engine} />` },
];

export function Engines() {
  const list = useList('/connections?limit=50');
  const title = list.items ? t('engine.heading', { n: list.items.length }) : t('engine.title');
  return html`<${Page} title=${title} lead=${t('engine.lead')}>
    <${Loaded} of=${list}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('engine.empty')}><p>${t('engine.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('engine.title')} columns=${columns()} items=${list.items} /><${More} list=${list} />`)}</${Loaded}>
  </${Page}>`;
}
