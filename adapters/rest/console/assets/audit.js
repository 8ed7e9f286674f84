// The audit log: what operators have changed, with filters, and the newest checkpoint.
import { download, query as queryString } from './api.js';
import { t } from './i18n.js';
import { html } from './preact.js';
import { withFieldProblems } from './problem-text.js';
import { useList, useLoad } from './resource.js';
import { link, navigate, useLocation } from './router.js';
import { Ago, CopyButton, Empty, Field, Loaded, More, Page, Table } from './ui.js';

const names = ['actor', 'action', 'object', 'from', 'to'];
const muted = html`<span class="muted">–</span>`;

// detail returns the members of a detail as one text.
const detail = (item) => Object.entries(item.detail).map(([name, value]) =>
  `${name}: ${Array.isArray(value) ? value.join(', ') : value}`).join('; ');

const columns = () => [
  { title: t('column.number'), kind: 'number', cell: (item) => item.sequence },
  { title: t('column.auditAction'), kind: 'main', cell: (item) => item.action },
  { title: t('column.actor'), cell: (item) => item.actor },
  { title: t('column.time'), cell: (item) => html`<${Ago} at=${item.at} />` },
  { title: t('column.object'), cell: (item) => html`<code>${item.object || '–'}</code>` },
  { title: t('column.detail'), cell: (item) => html`<span class="breakable">${detail(item) || muted}</span>` },
];

// Form keeps the filters in the query of the location.
function Form({ query, errors }) {
  const submit = (event) => {
    event.preventDefault();
    navigate(link('/audit', Object.fromEntries(new FormData(event.target))));
  };
  return html`<form class="filters" role="search" onSubmit=${submit} key=${queryString(query)}>
    <${Field} label=${t('column.actor')} name="actor" maxlength="200" defaultValue=${query.actor} />
    <${Field} label=${t('column.auditAction')} name="action" maxlength="100" defaultValue=${query.action} />
    <${Field} label=${t('column.object')} name="object" maxlength="200" defaultValue=${query.object} />
    <${Field} label=${t('filter.from')} name="from" type="date" error=${errors.from} defaultValue=${query.from} />
    <${Field} label=${t('filter.to')} name="to" type="date" error=${errors.to} defaultValue=${query.to} />
    <button class="primary">${t('filter.search')}</button>
  </form>`;
}

const readCheckpoint = () => download('/audit/checkpoint').then(({ content }) => content.text());

function Checkpoint() {
  const loaded = useLoad('/audit/checkpoint', readCheckpoint);
  return html`<section aria-labelledby="checkpoint"><h2 id="checkpoint">${t('audit.checkpoint')}</h2>
    <p class="small">${t('audit.checkpointText')}</p>
    <${Loaded} of=${loaded} rows=${2}>${() => html`
      <pre class="json" tabindex="0" role="region" aria-label=${t('audit.checkpoint')}>${loaded.value}</pre>
      <${CopyButton} text=${loaded.value} />`}</${Loaded}>
  </section>`;
}

export function Audit() {
  const { query } = useLocation();
  const values = Object.fromEntries(names.map((name) => [name, query[name]]));
  const list = withFieldProblems(useList('/audit/events' + queryString({ ...values, limit: 50 })), ['from', 'to']);
  const filtered = names.some((name) => query[name]);
  return html`<${Page} title=${t('audit.title')} lead=${t('audit.lead')}>
    <${Form} query=${values} errors=${list.errors} />
    <${Loaded} of=${list} rows=${8}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t(filtered ? 'filter.noMatch' : 'audit.empty')}><p>${t('audit.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('audit.title')} columns=${columns()} items=${list.items} rowKey=${(item) => item.sequence} />
        <${More} list=${list} />`)}</${Loaded}>
    <${Checkpoint} />
  </${Page}>`;
}
