// The parts of a subscription that sends records to Matcher: the form, the conflicts, and the accounts without a source.
import { request } from './api.js';
import { t } from './i18n.js';
import { html } from './preact.js';
import { useAction, useList, usePolling } from './resource.js';
import { link } from './router.js';
import { ActionButton, Ago, Amount, Copyable, Failure, Field, Loaded, More, Select, Status, Table } from './ui.js';

const refreshInterval = 5000;

// The names of the form's fields.
export const matcherFields = ['url', 'sources', 'dateFrom', 'externalId', 'tokenUrl', 'clientId', 'clientSecret', 'authorization', 'auth'];

// sourcesOf parses the sources: a line for each account, with the ids of the account, the context and the source.
const sourcesOf = (text) => String(text || '').split('\n').map((line) => line.trim().split(/[\s,;]+/)).filter(([id]) => id)
  .map(([accountId, contextId = '', sourceId = '']) => ({ accountId, contextId, sourceId }));

// matcherSink returns the sink of a filled form. values is its FormData.
export function matcherSink(values) {
  const filled = (names) => Object.fromEntries(names.map((name) => [name, values.get(name)]).filter(([, value]) => value));
  const auth = filled(['tokenUrl', 'clientId', 'clientSecret', 'authorization']);
  return {
    kind: 'matcher', ...filled(['url', 'dateFrom', 'externalId']), sources: sourcesOf(values.get('sources')),
    ...(Object.keys(auth).length > 0 && { auth }),
  };
}

const text = { autocomplete: 'off', spellcheck: false };

export function MatcherFields({ errors }) {
  const field = (name, label, rest) => html`<${Field} label=${t(label)} name=${name} error=${errors[name]} ...${text} ...${rest} />`;
  return html`
    ${field('url', 'field.sinkUrl', { required: true, type: 'url', maxlength: 2048, placeholder: 'https://matcher.example.com' })}
    ${field('tokenUrl', 'matcher.tokenUrl', { type: 'url', maxlength: 2048 })}
    ${field('clientId', 'field.clientId', { maxlength: 512 })}
    ${field('clientSecret', 'field.secret', { type: 'password', maxlength: 4096, hint: t('field.passwordHint') })}
    ${field('authorization', 'matcher.authorization', { type: 'password', maxlength: 8192, hint: `${t('matcher.authorizationHint')} ${t('field.passwordHint')}` })}
    ${errors.auth && html`<p class="error">${errors.auth}</p>`}
    <${Field} label=${t('matcher.sources')} name="sources" hint=${t('matcher.sourcesHint')} error=${errors.sources}>
      <textarea id="sources" name="sources" rows="4" required aria-describedby="sources-hint" ...${text}></textarea>
    </${Field}>
    <${Select} label=${t('matcher.externalId')} name="externalId"
      options=${[['reference', t('search.reference')], ['id', t('column.id')]]} />
    ${field('dateFrom', 'filter.from', { type: 'date' })}`;
}

const side = (row) => (row ? html`<${Amount} value=${row.amount} currency=${row.currency} /> <span class="small">${row.date}
  <code>${row.externalId}</code></span>` : html`<span class="muted">–</span>`);

// Retry tries a conflict again.
function Retry({ path, conflict, changed }) {
  const retry = useAction((_input, key) => request('POST', `${path}/conflicts/${conflict.transactionId}/retry`, { key }).then(() => true));
  const run = async () => await retry.run() && changed();
  return html`<${ActionButton} busy=${retry.busy} onClick=${run}>${t('action.retry')}</${ActionButton}>
    <${Failure} problem=${retry.problem} />`;
}

const conflictColumns = (path, changed) => [
  {
    title: t('column.transaction'), kind: 'main',
    cell: (item) => html`${(item.ours || item.theirs || {}).description || ''}
      <${Copyable} value=${item.transactionId} name=${t('column.id')} />`,
  },
  { title: t('matcher.reason'), cell: (item) => html`<${Status} tone="warn">${t('matcher.reason.' + item.reason)}</${Status}>` },
  { title: t('matcher.ours'), cell: (item) => side(item.ours) },
  { title: t('matcher.theirs'), cell: (item) => html`${side(item.theirs)} ${item.theirs && html`<span class="small">${item.theirs.status}</span>`}` },
  { title: t('column.when'), cell: (item) => html`<${Ago} at=${item.since} />` },
  { title: '', cell: (item) => html`<${Retry} path=${path} conflict=${item} changed=${changed} />` },
];

const unmappedColumns = () => [
  { title: t('column.account'), kind: 'main', cell: (item) => [item.name || item.type, item.number].filter(Boolean).join(' ') },
  { title: t('column.id'), cell: (item) => html`<code>${item.accountId}</code>` },
  { title: t('column.connection'), cell: (item) => html`<a href=${link('/connections/' + item.connectionId)}><code>${item.connectionId}</code></a>` },
  { title: t('matcher.reason'), cell: (item) => t('matcher.unmapped.' + item.reason) },
];

// Section shows a list, unless it is empty.
const Section = ({ list, name, intro, columns, rowKey }) => (list.items?.length === 0 ? null : html`<section aria-labelledby=${name}>
  <h2 id=${name}>${t('matcher.' + name)}</h2>${intro && html`<p>${intro}</p>`}
  <${Loaded} of=${list}>${() => html`<${Table} label=${t('matcher.' + name)} columns=${columns} items=${list.items} rowKey=${rowKey} />
    <${More} list=${list} />`}</${Loaded}>
</section>`);

// MatcherSections shows the conflicts and the unmapped accounts of the subscription at path.
export function MatcherSections({ path }) {
  const conflicts = useList(path + '/conflicts?limit=50');
  const unmapped = useList(path + '/unmapped?limit=50');
  usePolling(conflicts.reload, !conflicts.extended, refreshInterval);
  return html`<${Section} list=${conflicts} name="conflicts" intro=${t('matcher.conflictsText')} rowKey=${(item) => item.transactionId}
      columns=${conflictColumns(path, conflicts.reload)} />
    <${Section} list=${unmapped} name="unmapped" rowKey=${(item) => item.accountId} columns=${unmappedColumns()} />`;
}
