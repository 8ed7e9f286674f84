// Whether the transactions of one account explain its balance: the checks, the balances by day, and the action that
// accepts a difference.
import { AcceptDialog } from './accept-dialog.js';
import { AccountPage, useAccount } from './account-page.js';
import { t } from './i18n.js';
import { TransactionName } from './names.js';
import { html, useState } from './preact.js';
import { useList, useResource } from './resource.js';
import { ActionButton, Ago, Amount, Day, Empty, Loaded, More, Status, Table } from './ui.js';

const tones = { complete: 'good', differs: 'warn', drifting: 'bad', unknown: 'plain', unverified: 'plain', not_covered: 'warn' };
const muted = html`<span class="muted">–</span>`;

// Outdated says that transactions have changed since the balance was read.
export const Outdated = ({ of }) => of.changedSince && html` <span class="note">${t('completeness.changed')}</span>`;

// CoversTo says up to which day the bank has been read.
export const CoversTo = ({ of }) => of.coversTo && html` <span class="note">${t('completeness.upTo', { day: html`<${Day} date=${of.coversTo} />` })}</span>`;

const counted = (check) => check.check === 'announced_count';

// fails reports whether a check has found a difference, also before it counts as a drift.
export const fails = (check) => (counted(check) ? /^-/ : /[1-9]/).test(check.difference || '');

// stateOf returns the shown state of the checks of an account. The state of the service is complete until a difference
// has lasted for DRIFT_GRACE; until then it is differs here.
export const stateOf = ({ state, checks }) => (state === 'complete' && checks.some(fails) ? 'differs' : state);

// stateAt returns what a close of the day would say, in the order of the service, or differs. The rows of the account can
// cover a day that no balance verifies.
export function stateAt(found, date, { coversTo } = found) {
  const verified = !found.coversTo || date <= found.coversTo;
  if (!verified && !(date <= coversTo)) return 'not_covered';
  return !verified || found.changedSince ? 'unverified' : stateOf(found);
}

export const State = ({ state }) => html`<${Status} tone=${tones[state]}>${t('completeness.' + state)}</${Status}>`;

const amount = (value, currency) => (value ? html`<${Amount} value=${value} currency=${currency} />` : muted);

// checked returns an amount, or a number of transactions.
const checked = (check, value, currency) => (counted(check) ? value || muted : amount(value, currency));

const checkColumns = (connection, currency) => [
  { title: t('column.check'), kind: 'main', cell: (check) => t('check.' + check.check) },
  { title: t('column.state'), cell: (check) => html`<${State} state=${stateOf({ state: check.state, checks: [check] })} />` },
  { title: t('column.expected'), kind: 'number', cell: (check) => checked(check, check.expected, currency) },
  { title: t('column.actual'), kind: 'number', cell: (check) => checked(check, check.actual, currency) },
  { title: t('column.difference'), kind: 'number', cell: (check) => checked(check, check.difference, currency) },
  {
    title: t('column.between'),
    cell: (check) => (!check.between ? muted : check.between.map((id, i) => html`<span class="note" key=${id}>${t(i ? 'check.after' : 'check.before')}${' '}
      <${TransactionName} connection=${connection} id=${id} dated=${true} /></span>`)),
  },
  { title: t('column.read'), cell: (check) => html`<${Ago} at=${check.at} />` },
];

const balanceColumns = () => [
  { title: t('column.read'), kind: 'main', cell: (day) => html`<${Ago} at=${day.at} />` },
  { title: t('column.balance'), kind: 'number', cell: (day) => amount(day.balance, day.currency) },
  { title: t('column.posted'), kind: 'number', cell: (day) => amount(day.posted, day.currency) },
  { title: t('column.anchor'), kind: 'number', cell: (day) => amount(day.anchor, day.currency) },
];

export function AccountCompleteness({ id, account }) {
  const path = '/accounts/' + account;
  const loaded = useAccount(account);
  const completeness = useResource(path + '/completeness');
  const balances = useList(path + '/balances?limit=30');
  const [accepting, setAccepting] = useState(false);
  const found = completeness.value?.data;
  const differs = found?.checks.some(fails);
  const reload = () => {
    completeness.reload();
    balances.reload();
  };
  return html`<${AccountPage} id=${id} account=${account} tab="completeness" heading=${(name) => t('completeness.heading', { name })}
      lead=${found && html`${t('completeness.lead.' + stateOf(found))} ${t('basis.' + found.basis)}${found.changedSince && ' ' + t('completeness.changedLead')}${' '}
        ${found.bankReadAt && t('bank.read', { when: html`<${Ago} at=${found.bankReadAt} />` })}<${CoversTo} of=${found} />`}
      actions=${differs && html`<${ActionButton} onClick=${() => setAccepting(true)}>${t('action.accept')}</${ActionButton}>`}>
    <section><${Loaded} of=${completeness} rows=${3}>${() => html`<${Table} label=${t('check.label')} items=${found.checks}
      rowKey=${(check) => check.check} columns=${checkColumns(id, loaded?.currency || '')} />`}</${Loaded}></section>
    <section aria-labelledby="balances"><h2 id="balances">${t('balance.title')}</h2>
    <${Loaded} of=${balances} rows=${3}>${() => (balances.items.length === 0
      ? html`<${Empty} title=${t('balance.empty')}><p>${t('balance.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('balance.title')} items=${balances.items} rowKey=${(day) => day.at}
          columns=${balanceColumns()} /><${More} list=${balances} />`)}</${Loaded}></section>
    ${accepting && html`<${AcceptDialog} path=${path} done=${reload} onClose=${() => setAccepting(false)} />`}
  </${AccountPage}>`;
}
