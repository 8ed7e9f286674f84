// What happened to one transaction: its versions, the ids that it had at the vendor, and the actions that undo the
// last replacement and exclude the transaction.
import { request } from './api.js';
import { Confirm } from './confirm.js';
import * as format from './format.js';
import { actorName, has, t } from './i18n.js';
import { html, useState } from './preact.js';
import { useList } from './resource.js';
import { link } from './router.js';
import { Field, Instant, Loaded, More, Table } from './ui.js';

const muted = html`<span class="muted">–</span>`;

const isObject = (value) => value !== null && typeof value === 'object';

// The names of the members that a version can change, as keys of messages.
const members = {
  amount: 'column.amount', currency: 'column.currency', accountAmount: 'column.accountAmount', accountCurrency: 'column.accountCurrency',
  status: 'column.status', date: 'column.date', occurredAt: 'column.occurred', description: 'column.description', category: 'column.category',
  counterparty: 'column.counterparty', counterpartyDocument: 'column.counterpartyDocument', references: 'column.references',
  accountId: 'column.account', connectionId: 'column.connection', externalId: 'column.externalId', warnings: 'column.warnings',
  removedAt: 'column.removedAt', excludedAt: 'column.excludedAt', excludedBy: 'column.excludedBy', supersededBy: 'column.supersededBy',
  metadata: 'transaction.metadata', supersedes: 'column.supersedes', possiblySupersedes: 'column.possiblySupersedes',
};

// valueText returns the value of a member as a person reads it; a dash if it was absent.
function valueText(name, value) {
  if (value === null || value === undefined) return '–';
  if (name === 'amount' || name === 'accountAmount') return format.amount(value, true);
  if (name === 'status') return t('transaction.' + value);
  if (name === 'date') return format.day(value);
  return name.endsWith('At') ? format.instant(value) : String(value);
}

// Changed lists the members that a version changed, with the values before and after. An object or a list is only
// named, because it can be large, and so is an id.
function Changed({ version }) {
  const names = Object.keys(version.after || {}).sort();
  if (names.length === 0) return muted;
  const shown = (name) => !isObject(version.before[name]) && !isObject(version.after[name]) && !['accountId', 'connectionId', 'supersededBy'].includes(name);
  return html`<ul class="changed">${names.map((name) => html`<li>${members[name] ? t(members[name]) : html`<code>${name}</code>`}${shown(name) && html`${': '}
    <del>${valueText(name, version.before[name])}</del> <ins>${valueText(name, version.after[name])}</ins>`}</li>`)}</ul>`;
}

// decision returns what an operator has decided, by the kind of the change or the members that it changed.
function decision({ change, after = {} }) {
  if (change === 'superseded') return 'joined';
  if (change === 'split' || change === 'restored') return 'split';
  if ('excludedAt' in after) return after.excludedAt ? 'excluded' : 'included';
  return 'possiblySupersedes' in after ? 'dismissed' : 'changed';
}

// sentence says what a version is: who or what changed the transaction.
function sentence(version) {
  const { change, cause, actor } = version;
  if (cause === 'operator') return t('history.operator.' + decision(version), { actor: actorName(actor) });
  const key = cause === 'upgrade' ? 'history.upgrade' : cause === 'matching' ? 'history.matching.' + change : 'history.vendor.' + change;
  return has(key) ? t(key) : has('version.' + change) ? t('version.' + change) : change;
}

// Origin says which pull has read the row, with links to the pull and to the webhooks that it served.
const Origin = ({ connection, version }) => version.pullId && html`<p class="small">
  <a href=${link(`/connections/${connection}/pulls/${version.pullId}`)}>${t('history.read.' + (version.trigger || 'unknown'))}</a>
  ${version.deliveryIds.slice(0, 3).map((id, i) => html`${' '}
    <a href=${link(`/connections/${connection}/deliveries/${id}`)}>${t('history.delivery', { n: i + 1 })}</a>`)}</p>`;

const columns = (connection, account) => [
  { title: t('column.version'), kind: 'main', cell: (version) => html`${version.version}. ${sentence(version)}
    ${version.reason && html`<p class="small">${t('history.reason', { reason: version.reason })}</p>`}
    ${version.adjusts && html`<p class="small"><a href=${link(`/connections/${connection}/accounts/${account}/closes`, { close: version.adjusts })}>
      ${t('history.adjusts', { day: format.day(version.adjusts) })}</a></p>`}` },
  { title: t('column.time'), cell: (version) => html`<${Instant} at=${version.at} /><${Origin} connection=${connection} version=${version} />` },
  { title: t('history.changes'), cell: (version) => html`<${Changed} version=${version} />` },
  {
    title: t('history.proof'),
    cell: (version) => (version.rowSha256
      ? html`<code class="digest" title=${version.rowSha256}>${version.rowSha256.slice(0, 12)}…</code> ${version.normalizer}` : muted),
  },
];

// useHistory loads the versions of the transaction at path.
export const useHistory = (path) => useList(path + '/history?limit=50');

export function History({ connection, account, list }) {
  return html`<section aria-labelledby="history"><h2 id="history">${t('history.title')}</h2>
    <p class="small">${t('history.text')}</p>
    <${Loaded} of=${list} rows=${3}>${() => html`<${Table} label=${t('history.title')} columns=${columns(connection, account)}
      items=${list.items} rowKey=${(version) => version.version} /><${More} list=${list} />`}</${Loaded}>
  </section>`;
}

const pastColumns = () => [
  { title: t('column.externalId'), kind: 'main', cell: (past) => html`<code>${past.externalId}</code>` },
  { title: t('column.rule'), cell: (past) => (has('rule.' + past.rule) ? t('rule.' + past.rule) : past.rule) },
  { title: t('column.replaced'), cell: (past) => html`<${Instant} at=${past.at} />` },
];

// Possible says that the transaction may be the same movement as removed ones, and links to the question.
export function Possible({ connection, item }) {
  const n = item.possiblySupersedes?.length || 0;
  if (n === 0) return null;
  const href = link('/possible-replacements', { connectionId: connection, transaction: item.id });
  return html`<div class="notice"><p>${t('suggestion.possible', { n })} <a href=${href}>${t('suggestion.decide')}</a></p></div>`;
}

// Replacements shows the past ids of the transaction, or the transaction that has taken its row over.
export function Replacements({ connection, item }) {
  if (item.supersededBy) {
    const href = link(`/connections/${connection}/transactions/${item.supersededBy}`);
    return html`<p>${t('replacement.supersededBy')} <a href=${href}>${t('replacement.open')}</a></p>`;
  }
  if (!item.supersedes?.length) return null;
  return html`<section aria-labelledby="replacements"><h2 id="replacements">${t('replacement.title')}</h2>
    <p class="small">${t('replacement.text')}</p>
    <${Table} label=${t('replacement.title')} columns=${pastColumns()} items=${item.supersedes} rowKey=${(past) => past.externalId} />
  </section>`;
}

// ExcludeDialog excludes the transaction, which needs a reason, or takes the exclusion back.
export function ExcludeDialog({ path, excluded, reload, onClose }) {
  const [taken] = useState(excluded); // the transaction is read again before the dialog is closed
  const [reason, setReason] = useState('');
  const [title, text, label, done] = taken ?
    [t('include.title'), t('include.text'), t('action.include'), t('include.done')] :
    [t('exclude.title'), t('exclude.text'), t('action.exclude'), t('exclude.done')];
  const decide = (body, key) => request(taken ? 'DELETE' : 'POST', path + '/exclude', taken ? {} : { body, key }).then(({ data }) => {
    reload();
    return data;
  });
  return html`<${Confirm} title=${title} text=${text} label=${label}
      ready=${taken || reason.trim() !== ''} perform=${decide} input=${{ reason: reason.trim() }} done=${done} onClose=${onClose}>
    ${!taken && html`<${Field} label=${t('exclude.reason')} name="reason" required maxlength="500" autocomplete="off" value=${reason}
      onInput=${(event) => setReason(event.target.value)} />`}
  </${Confirm}>`;
}

export function SplitDialog({ path, reload, onClose }) {
  const split = (input, key) => request('POST', path + '/split', { key }).then(({ data }) => {
    reload();
    return data;
  });
  return html`<${Confirm} title=${t('split.title')} text=${t('split.text')} label=${t('action.split')} kind="danger"
    perform=${split} done=${t('split.done')} onClose=${onClose} />`;
}
