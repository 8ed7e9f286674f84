// The audit log: what operators have changed, with filters, and the newest checkpoint.
import { download, query as queryString } from './api.js';
import { day } from './format.js';
import { actorName, has, t } from './i18n.js';
import { ConnectionName, ObjectName, OwnedName } from './names.js';
import { html } from './preact.js';
import { withFieldProblems } from './problem-text.js';
import { useList, useLoad } from './resource.js';
import { link, navigate, useLocation } from './router.js';
import { Ago, CopyButton, Day, Empty, Field, Instant, Loaded, More, Page, Table } from './ui.js';

const names = ['actor', 'action', 'object', 'from', 'to'];
const muted = html`<span class="muted">–</span>`;

// actionText returns an action in words, or its code if the console does not know it.
const actionText = (action) => (has('audit.action.' + action) ? t('audit.action.' + action) : action);

// Pair is two transactions, as they are named in the object of an entry.
const Pair = ({ ids }) => ids.map((id, i) => html`${i > 0 && ', '}<${OwnedName} key=${id} kind="transactions" id=${id} />`);

// How the object of an entry is named, by the first part of its action. The parts of the object are separated by /.
const objects = {
  connection: ([id]) => html`<${ObjectName} kind="connections" id=${id} />`,
  pull: ([id]) => html`<${ObjectName} kind="connections" id=${id} />`,
  engine: ([id]) => html`<${ObjectName} kind="engines" id=${id} />`,
  application: ([id]) => html`<${ObjectName} kind="applications" id=${id} />`,
  subscription: ([id]) => html`<${ObjectName} kind="subscriptions" id=${id} />`,
  account: ([id, day]) => html`<${OwnedName} kind="accounts" id=${id} tab=${day ? 'closes' : undefined} />${day && html`, <${Day} date=${day} />`}`,
  transaction: (ids) => html`<${Pair} ids=${ids} />`,
  replacement: (ids) => html`<${Pair} ids=${ids} />`,
};

// Subject names the object of an entry. A refused request has the name of an operation.
function Subject({ item: { action, object, detail } }) {
  const name = objects[action.split('.')[0]];
  if (name && object) return name(object.split('/'));
  return html`<code>${object || '–'}</code>${detail.connectionId && html`, <${ConnectionName} id=${detail.connectionId} />`}`;
}

const hash = /^[0-9a-f]{64}$/;
const date = /^\d{4}-\d\d-\d\d$/;

// The names of the members that an entry lists as changed, as keys of messages.
const members = {
  accountId: 'column.account', accountRef: 'field.accountRef', applicationId: 'field.application', baseUrl: 'field.baseUrl', config: 'field.settings',
  configName: 'field.configName', connectionId: 'column.connection', credential: 'audit.credential', name: 'field.configName', sink: 'subscription.sink',
  types: 'subscription.types',
};
const memberText = (name) => (members[name] ? t(members[name]) : name);

// Detail shows the members of a detail. A hash is shown by its beginning, and copied as a whole.
const Detail = ({ item }) => {
  const shown = Object.entries(item.detail).filter(([name]) => name !== 'connectionId');
  return shown.length === 0 ? muted : shown.map(([name, value]) => {
    const text = Array.isArray(value) ? value.map(memberText).join(', ') : date.test(value) ? day(value) : String(value);
    return html`<span class="note breakable" key=${name}>${has('audit.detail.' + name) ? t('audit.detail.' + name) : name}: ${hash.test(text) ? html`<code>${text.slice(0, 12)}…</code> <${CopyButton} text=${text} name=${name} />` : text}</span>`;
  });
};

const columns = () => [
  { title: t('column.number'), kind: 'number', cell: (item) => item.sequence },
  { title: t('column.auditAction'), kind: 'main', cell: (item) => html`<span title=${item.action}>${actionText(item.action)}</span>` },
  { title: t('column.actor'), cell: (item) => actorName(item.actor) },
  { title: t('column.time'), cell: (item) => html`<${Ago} at=${item.at} /> <span class="note"><${Instant} at=${item.at} /></span>` },
  { title: t('column.object'), cell: (item) => html`<${Subject} item=${item} />` },
  { title: t('column.detail'), cell: (item) => html`<${Detail} item=${item} />` },
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
