// The names of a connection and of an account, where only their ids are known.
import { t } from './i18n.js';
import { html } from './preact.js';
import { useResource } from './resource.js';
import { link } from './router.js';

// ConnectionName is the name of a connection, as a link to it. A deleted connection has no name.
export function ConnectionName({ id }) {
  const { value, problem } = useResource('/aggregator-connections/' + id);
  if (problem?.status === 404) return html`<span class="muted">${t('search.deletedConnection')}</span>`;
  return html`<a href=${link('/connections/' + id)}>${value?.data?.configName || '…'}</a>`;
}

// nameOf returns what the console calls an account.
export const nameOf = (account) => account.name || account.number || account.externalId;

// AccountName is the name of an account, as a link to its transactions.
export function AccountName({ connection, id }) {
  const account = useResource('/accounts/' + id).value?.data;
  return html`<a href=${link(`/connections/${connection}/transactions`, { accountId: id })}>${account ? nameOf(account) : '…'}</a>`;
}
