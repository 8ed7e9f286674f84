// What happened to one transaction: its versions, the ids that it had at the vendor, and the actions that undo the
// last replacement and exclude the transaction.
import { request } from './api.js';
import { Confirm } from './confirm.js';
import { has, t } from './i18n.js';
import { html, useState } from './preact.js';
import { useList } from './resource.js';
import { link } from './router.js';
import { Ago, Field, Instant, Loaded, More, Table } from './ui.js';

const muted = html`<span class="muted">–</span>`;

// text returns the value of a member as text; a dash if it was absent.
const text = (value) => (value === null || value === undefined ? '–' : String(value));

const isObject = (value) => value !== null && typeof value === 'object';

// Changed lists the members that a version changed, with the values before and after. An object or a list is only
// named, because it can be large.
function Changed({ version }) {
  const names = Object.keys(version.after || {}).sort();
  if (names.length === 0) return muted;
  return html`<ul class="changed">${names.map((name) => html`<li><code>${name}</code>${!isObject(version.before[name]) && !isObject(version.after[name]) && html`${' '}
    <del>${text(version.before[name])}</del> <ins>${text(version.after[name])}</ins>`}</li>`)}</ul>`;
}

const changeText = (change) => (has('version.' + change) ? t('version.' + change) : change);

const columns = (connection) => [
  { title: t('column.version'), kind: 'main', cell: (version) => `${version.version}. ${changeText(version.change)}` },
  { title: t('column.changed'), cell: (version) => html`<${Ago} at=${version.at} />` },
  {
    title: t('column.trigger'),
    cell: (version) => html`${version.trigger ? t('trigger.' + version.trigger) : muted}
      ${version.deliveryIds.slice(0, 3).map((id, i) => html`${' '}
        <a href=${link(`/connections/${connection}/deliveries/${id}`)}>${t('history.delivery', { n: i + 1 })}</a>`)}`,
  },
  { title: t('history.changes'), cell: (version) => html`<${Changed} version=${version} />
    ${version.reason && html`<p class="small">${t('history.reason', { reason: version.reason })}</p>`}` },
  {
    title: t('history.proof'),
    cell: (version) => (version.rowSha256
      ? html`<code class="digest" title=${version.rowSha256}>${version.rowSha256.slice(0, 12)}…</code> ${version.normalizer}` : muted),
  },
];

// useHistory loads the versions of the transaction at path.
export const useHistory = (path) => useList(path + '/history?limit=50');

export function History({ connection, list }) {
  return html`<section aria-labelledby="history"><h2 id="history">${t('history.title')}</h2>
    <p class="small">${t('history.text')}</p>
    <${Loaded} of=${list} rows=${3}>${() => html`<${Table} label=${t('history.title')} columns=${columns(connection)}
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
