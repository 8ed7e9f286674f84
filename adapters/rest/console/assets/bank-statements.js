// The statements of the bank for one account: adding a file, what its comparison has found, and decisions about it.
import { AccountPage } from './account-page.js';
import { query as queryString, request } from './api.js';
import { Confirm } from './confirm.js';
import { day } from './format.js';
import { actorName, has, t } from './i18n.js';
import { html, useState } from './preact.js';
import { refusalText } from './problem-text.js';
import { useAction, useList, useResource } from './resource.js';
import { link, setQuery, useLocation } from './router.js';
import {
  ActionButton, Ago, Amount, announce, Day, Details, Empty, Failure, Field, Loaded, More, Select, Status, Table,
} from './ui.js';

const tones = { agrees: 'good', lines_agree: 'good', dates_differ: 'warn', inconclusive: 'warn', differs: 'bad' };

const verdictOf = (statement) => statement.comparison?.verdict || statement.state;

// Verdict shows the verdict of a compared statement in a word, or the state of another one.
export const Verdict = ({ verdict }) => html`<${Status} tone=${tones[verdict] || 'plain'}>${t('verdict.' + verdict)}</${Status}>`;

const sourceOf = ({ source }) => source.name || (source.kind === 'account' ? t('bankStatement.account') : source.format || '');

// Upload adds the file that is chosen or dropped, and shows its comparison.
function Upload({ path, reload }) {
  const [over, setOver] = useState(false);
  const action = useAction(async (name, key) => {
    const { data } = await request('POST', `${path}/bank-statements` + queryString({ name }), { content: dropped.file, key });
    reload();
    setQuery({ statement: data.id, bucket: '' });
    announce(t('verdict.lead.' + verdictOf(data)));
    return data;
  });
  const [dropped] = useState({ file: null });
  const take = (file) => {
    if (!file) return;
    dropped.file = file;
    action.run(file.name);
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };
  const drag = (event) => {
    event.preventDefault();
    setOver(true);
  };
  return html`<section class=${over ? 'drop over' : 'drop'} onDragOver=${drag} onDragLeave=${() => setOver(false)} onDrop=${drop}>
    <${Field} label=${t('bankStatement.file')} name="file" hint=${t('bankStatement.fileHint')}>
      <input id="file" name="file" type="file" aria-describedby="file-hint"
        accept=".ofx,.csv,.txt,.ret,.xml,.sta,.mt940" onChange=${(event) => take(event.target.files[0])} />
    </${Field}>
    ${action.busy && html`<p role="status">${t('bankStatement.reading')}</p>`}
    <${Failure} problem=${action.problem} />
  </section>`;
}

const columns = () => [
  {
    title: t('bankStatement.source'), kind: 'main',
    cell: (statement) => html`<a href=${'?statement=' + statement.id} onClick=${(event) => {
      event.preventDefault();
      setQuery({ statement: statement.id, bucket: '' });
    }}>${sourceOf(statement)}</a>`,
  },
  { title: t('bankStatement.verdict'), cell: (statement) => html`<${Verdict} verdict=${verdictOf(statement)} />` },
  { title: t('bankStatement.covered'), cell: (statement) => days(statement) },
  { title: t('bankStatement.uploaded'), cell: (statement) => html`${actorName(statement.uploadedBy)}, <${Ago} at=${statement.uploadedAt} />` },
];

const days = ({ covered = [] }) => covered.map(({ from, to }) => `${day(from)} – ${day(to)}`).join(', ') || t('bankStatement.noDay');

const buckets = ['only_theirs', 'only_ours', 'different', 'proposed_group', 'both', 'pending', 'outside', 'apart', 'refused', 'balance_row'];

// shownOf returns the bucket that is shown first: the first that has lines and makes up the difference.
const shownOf = (comparison) => buckets.find((bucket) => comparison.buckets[bucket]?.count > 0) || 'both';

const differences = ({ different = {} }, currency) => Object.entries(different).map(([member, [theirs, ours]]) =>
  html`<span key=${member}>${t('bankStatement.sides', { theirs: t('bankStatement.theirs'), ours: t('bankStatement.ours') })}${' '}
    ${member === 'amount' ? html`<${Amount} value=${theirs} currency=${currency} /> / <${Amount} value=${ours} currency=${currency} />`
      : html`<${Day} date=${theirs} /> / <${Day} date=${ours} />`}</span>`);

const lineColumns = (connection, currency, decide) => [
  { title: t('column.date'), cell: (line) => line.date && html`<${Day} date=${line.date} />` },
  { title: t('column.description'), kind: 'main', cell: (line) => line.text || line.raw },
  { title: t('column.amount'), kind: 'number', cell: (line) => line.amount && html`<${Amount} value=${line.amount} currency=${currency} signed />` },
  {
    title: t('bankStatement.records'),
    cell: (line) => html`${differences(line, currency)} ${(line.transactionIds || []).map((id) => html`<a key=${id}
      href=${link(`/connections/${connection}/transactions/${id}`)}>${t('column.transaction')}</a>${' '}`)}
      ${line.equal && t('bankStatement.equal', line.equal)}`,
  },
  {
    title: t('column.action'),
    cell: (line) => (line.bucket === 'proposed_group' ? ['group_confirmed', 'group_rejected'] : line.position ? ['explained'] : []).map((decision) =>
      html`<${ActionButton} key=${decision} onClick=${() => decide({ decision, lines: [line.position] })}>${t('decision.' + decision)}</${ActionButton}>${' '}`),
  },
];

// DecideDialog asks why, and stores a decision. It stays beside the verdict.
function DecideDialog({ id, decision, reload, onClose }) {
  const [note, setNote] = useState('');
  const decide = (body, key) => request('POST', `/bank-statements/${id}/decisions`, { body, key }).then(({ data }) => {
    reload();
    return data;
  });
  return html`<${Confirm} title=${t('decision.' + decision.decision)} text=${t('decision.text')} label=${t('decision.' + decision.decision)}
      perform=${decide} input=${{ ...decision, note }} ready=${note.trim() !== ''} done=${t('decision.done')} onClose=${onClose}>
    <${Field} label=${t('accept.reason')} name="note" required maxLength="1000" value=${note}
      onInput=${(event) => setNote(event.target.value)} />
  </${Confirm}>`;
}

const stated = ({ amount, date, source, state }, currency) => (amount
  ? html`<${Amount} value=${amount} currency=${currency} /> ${date && html`<${Day} date=${date} />`},${' '}
    ${t('balance.' + source)}, ${t('balance.' + state)}` : t('balance.absent'));

// Comparison shows what the comparison of a statement has found.
function Comparison({ connection, statement, decide }) {
  const { comparison, currency = '' } = statement;
  const { query } = useLocation();
  const bucket = query.bucket || shownOf(comparison);
  const list = useList(`/bank-statements/${statement.id}/lines?limit=50&bucket=${bucket}`);
  const balances = comparison.balances.filter(({ ours }) => ours !== undefined);
  const amount = (member) => (item) => item[member] !== undefined && html`<${Amount} value=${item[member]} currency=${currency} />`;
  return html`<${Details} pairs=${[
    [t('bankStatement.covered'), days(statement)],
    [t('bankStatement.opening'), stated(statement.opening, currency)],
    [t('bankStatement.closing'), stated(statement.closing, currency)],
    [t('bankStatement.firstDayApart'), comparison.firstDayApart && html`<${Day} date=${comparison.firstDayApart} />`],
    [t('bankStatement.unexplained'), html`<${Amount} value=${comparison.unexplained} currency=${currency} />`],
  ]} />
  ${balances.length > 0 && html`<${Table} label=${t('bankStatement.balances')} items=${balances} rowKey=${({ date }) => date} columns=${[
    { title: t('column.date'), kind: 'main', cell: ({ date }) => html`<${Day} date=${date} />` },
    { title: t('bankStatement.theirs'), kind: 'number', cell: amount('theirs') },
    { title: t('bankStatement.ours'), kind: 'number', cell: amount('ours') },
    { title: t('bankStatement.difference'), kind: 'number', cell: amount('difference') },
  ]} />`}
  <div class="filters"><${Select} label=${t('bankStatement.bucket')} name="bucket" value=${bucket} onChange=${(value) => setQuery({ bucket: value })}
    options=${buckets.map((name) => [name, `${t('bucket.' + name)} (${comparison.buckets[name]?.count || 0})`])} /></div>
  <${Loaded} of=${list} rows=${3}>${() => (list.items.length === 0 ? html`<${Empty} title=${t('bankStatement.noLine')} />`
    : html`<${Table} label=${t('bucket.' + bucket)} items=${list.items} columns=${lineColumns(connection, currency, decide)}
        rowKey=${(line) => `${line.position} ${line.transactionIds}`} /><${More} list=${list} />`)}</${Loaded}>`;
}

// Shown shows one statement. Its heading is the verdict in one sentence.
function Shown({ connection, id, reloadList }) {
  const loaded = useResource('/bank-statements/' + id);
  const [decision, setDecision] = useState(null);
  const again = useAction((_, key) => request('POST', `/bank-statements/${id}/comparisons`, { key }).then(() => reload()));
  const reload = () => {
    loaded.reload();
    reloadList();
    return true;
  };
  return html`<section aria-labelledby="shown"><${Loaded} of=${loaded} rows=${4}>${({ data }) => html`
    <h2 id="shown">${t('verdict.lead.' + verdictOf(data))}</h2>
    <p>${sourceOf(data)}${data.reason && html`: <strong>${refusalText(data.reason)}</strong>`} ${data.comparison?.stale && t('bankStatement.stale')}</p>
    ${data.decisions.map((d) => html`<p class="small" key=${d.at + d.decision}>${actorName(d.by)}: ${has('decision.' + d.decision) && t('decision.' + d.decision)},${' '}
      ${d.note} (<${Ago} at=${d.at} />)${d.endedAt && ' ' + t('decision.ended')}</p>`)}
    ${data.comparison && html`<div class="actions">
      <${ActionButton} busy=${again.busy} onClick=${() => again.run()}>${t('bankStatement.again')}</${ActionButton}>
      ${verdictOf(data) === 'differs' && html`<${ActionButton} onClick=${() => setDecision({ decision: 'accepted' })}>${t('decision.accepted')}</${ActionButton}>`}
    </div><${Failure} problem=${again.problem} />
    <${Comparison} key=${data.id + data.comparison.at} connection=${connection} statement=${data} decide=${setDecision} />`}`}</${Loaded}>
    ${decision && html`<${DecideDialog} id=${id} decision=${decision} reload=${reload} onClose=${() => setDecision(null)} />`}
  </section>`;
}

// lead says what the newest statement has found.
const lead = (list) => (list.items.length === 0 ? t('bankStatement.empty') : t('verdict.lead.' + verdictOf(list.items[0])));

export function BankStatements({ id, account }) {
  const path = '/accounts/' + account;
  const list = useList(path + '/bank-statements?limit=20');
  const { query } = useLocation();
  return html`<${AccountPage} id=${id} account=${account} tab="bank-statements" heading=${(name) => t('bankStatement.heading', { name })}
      lead=${list.items && lead(list)}>
    <${Upload} path=${path} reload=${list.reload} />
    ${query.statement && html`<${Shown} key=${query.statement} connection=${id} id=${query.statement} reloadList=${list.reload} />`}
    <section aria-label=${t('bankStatement.list')}><${Loaded} of=${list} rows=${3}>${() => list.items.length > 0
      && html`<${Table} label=${t('bankStatement.list')} items=${list.items} columns=${columns()} /><${More} list=${list} />`}</${Loaded}></section>
  </${AccountPage}>`;
}
