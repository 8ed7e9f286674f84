// The names of connections, applications, accounts and transactions, where only their ids are known.
import { request } from './api.js';
import { t } from './i18n.js';
import { html } from './preact.js';
import { useLoad, useResource } from './resource.js';
import { link } from './router.js';
import { session } from './session.js';
import { transactionTitle } from './transaction-table.js';
import { Day } from './ui.js';

const keptFor = 5000;

// answers contains the recent requests for an object by path, so that a table asks once for what many rows name.
const answers = new Map();
session.subscribe(() => answers.clear());

// readShared reads an object, or returns the answer of a request of the last keptFor milliseconds. A failure is not kept.
async function readShared(path) {
  const found = answers.get(path);
  if (found && Date.now() - found.at < keptFor) return found.answer;
  const answer = request('GET', path);
  answers.set(path, { answer, at: Date.now() });
  answer.catch(() => answers.delete(path));
  return answer;
}

// useShared reads an object that many parts of a page show.
export const useShared = (path) => useLoad(path, () => readShared(path));

// ConnectionName is the name of a connection, as a link to it. A deleted connection has no name.
export function ConnectionName({ id }) {
  const { value, problem } = useShared('/aggregator-connections/' + id);
  if (problem?.status === 404) return html`<span class="muted">${t('search.deletedConnection')}</span>`;
  return html`<a href=${link('/connections/' + id)}>${value?.data?.configName || '…'}</a>`;
}

// ApplicationName is the name of an application, as a link to the list of applications.
export function ApplicationName({ id }) {
  const application = useResource('/applications/' + id).value?.data;
  return html`<a href=${link('/applications')}>${application?.name || '…'}</a>`;
}

// nameOf returns what the console calls an account.
export const nameOf = (account) => account.name || account.number || account.externalId;

// AccountName is the name of an account, as a link to its transactions.
export function AccountName({ connection, id }) {
  const account = useShared('/accounts/' + id).value?.data;
  return html`<a href=${link(`/connections/${connection}/transactions`, { accountId: id })}>${account ? nameOf(account) : '…'}</a>`;
}

// TransactionName is the description of a transaction, as a link to it. With dated, the date is shown, too.
export function TransactionName({ connection, id, dated = false }) {
  const { value, problem } = useShared('/transactions/' + id);
  const found = value?.data;
  return html`<a href=${link(`/connections/${connection}/transactions/${id}`)}>${found ? transactionTitle(found)
    : problem ? html`<code>${id}</code>` : '…'}</a>${dated && found?.date && html`, <${Day} date=${found.date} />`}`;
}

// The objects whose own address names them, with the member that is their name.
const named = {
  connections: ['/aggregator-connections/', 'configName', (id) => '/connections/' + id],
  subscriptions: ['/subscriptions/', 'name', (id) => '/subscriptions/' + id],
  applications: ['/applications/', 'name', () => '/applications'],
  engines: ['/connections/', 'configName', () => '/engines'],
};

// ObjectName is the name of an object as a link to it, or its id if it is gone.
export function ObjectName({ kind, id }) {
  const [path, member, address] = named[kind];
  const { value, problem } = useShared(path + id);
  return problem ? html`<code>${id}</code>` : html`<a href=${link(address(id))}>${value?.data?.[member] || '…'}</a>`;
}

// OwnedName is the name of an account or a transaction, whose connection is read with it, as a link to it. tab is the page of
// the account.
export function OwnedName({ kind, id, tab = 'completeness' }) {
  const { value, problem } = useShared(`/${kind}/${id}`);
  const found = value?.data;
  if (problem) return html`<code>${id}</code>`;
  const path = found && (kind === 'accounts' ? `/connections/${found.connectionId}/accounts/${id}/${tab}` : `/connections/${found.connectionId}/transactions/${id}`);
  return found ? html`<a href=${link(path)}>${kind === 'accounts' ? nameOf(found) : transactionTitle(found)}</a>` : html`…`;
}
