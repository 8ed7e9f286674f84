// The actions against the reasons why a connection needs a person, where a reason is shown.
import { AcceptDialog } from './accept-dialog.js';
import { request } from './api.js';
import { ContinueDialog } from './continue-dialog.js';
import { findDiffering } from './differing.js';
import { t } from './i18n.js';
import { LinkDialog } from './link-dialog.js';
import { nameOf } from './names.js';
import { html, useState } from './preact.js';
import { fieldProblems } from './problem-text.js';
import { RemovalsDialog } from './removals-dialog.js';
import { useAction, useResource } from './resource.js';
import { link, navigate, useLocation } from './router.js';
import { ActionButton, Amount, announce, Button, Dialog, Failure, Field } from './ui.js';

// What a person does about each reason: one of actions, or a view of views. A reason that is not listed leads to the
// connection.
const remedies = {
  reauth: 'link', consent_expired: 'link', consent_revoked: 'link', consent_expiring: 'link',
  credential_rejected: 'credential', credential_unopened: 'credential', account_not_found: 'account',
  pull_failed: 'pull', mass_removal: 'removals', drifting: 'drift', silent: 'tokens', quarantined: 'quarantine',
  account_shared: 'settings', account_ambiguous: 'continue', stale: 'refresh', statement_differs: 'statement', suggestions: 'suggestions', join_undone: 'suggestions',
};

// remedyOf returns what a person does about a reason.
export const remedyOf = (reason) => remedies[reason] || 'connection';

// The views that help, by the name of the remedy.
const tabs = { account: '/edit', tokens: '/tokens', quarantine: '/quarantine', settings: '/edit' };

// addressOf returns the address of the view that helps a connection.
const addressOf = (id, remedy) => (remedy === 'suggestions' ? link('/possible-replacements', { connectionId: id })
  : link('/connections/' + id + (tabs[remedy] || '')));

// requestPull asks for a pull of the connection.
async function requestPull(id, key) {
  await request('POST', `/aggregator-connections/${id}/pulls`, { body: {}, key });
  announce(t('pull.requested'));
}

// requestRefresh asks the vendor of the connection at path to read the bank.
export async function requestRefresh(path, key) {
  await request('POST', path + '/refresh', { key });
  announce(t('refresh.requested'));
  return true;
}

// findDrift returns the first account of a connection whose transactions do not explain its balance, with the result of
// the check that failed. It returns undefined if there is none.
async function findDrift(id) {
  const { data } = await request('GET', `/aggregator-connections/${id}/accounts?limit=200`);
  for (const account of data.items) {
    if (account.removedAt) continue;
    const { data: completeness } = await request('GET', `/accounts/${account.id}/completeness`);
    if (completeness.state !== 'drifting') continue;
    return { account, check: completeness.checks.find(({ state, difference }) => state === 'drifting' && difference) };
  }
  return undefined;
}

// differingAddress returns the address of the statement of the bank that differs from an account; otherwise that of the accounts.
async function differingAddress(id) {
  const { data } = await request('GET', `/aggregator-connections/${id}/accounts?limit=200`);
  for (const account of data.items) {
    const statement = await findDiffering(account.id);
    if (statement) return link(`/connections/${id}/accounts/${account.id}/bank-statements`, { statement });
  }
  return link(`/connections/${id}`);
}

// DriftDialog shows by how much the balance of an account differs, and accepts the difference.
const DriftDialog = ({ id, drift: { account, check }, done, onClose }) => html`<${AcceptDialog} path=${'/accounts/' + account.id}
    done=${done} onClose=${onClose}>
  <p><strong>${nameOf(account)}</strong>${check && check.check !== 'announced_count' && html`${': '}
    <${Amount} value=${check.difference} currency=${account.currency || ''} signed=${true} />`}</p>
  <p><a href=${link(`/connections/${id}/accounts/${account.id}/completeness`)}>${t('drift.checks')}</a></p>
</${AcceptDialog}>`;

// CredentialDialog replaces the credential of a connection, and pulls.
function CredentialDialog({ id, changed, onClose }) {
  const path = '/aggregator-connections/' + id;
  const change = useAction(async (credential, key) => {
    const { data: { configName, baseUrl, accountRef, applicationId }, etag } = await request('GET', path);
    if (applicationId) { // the credential is that of all connections of the application
      const { data: { name } } = await request('GET', '/applications/' + applicationId);
      await request('PUT', '/applications/' + applicationId, { body: { name, ...credential }, key });
    } else {
      await request('PUT', path, { body: { configName, baseUrl, accountRef, ...credential }, key, etag });
    }
    await requestPull(id, key + 'p');
    return true;
  });
  const shared = useResource(path).value?.data.applicationId;
  const { errors, rest } = fieldProblems(change.problem, ['clientId', 'secret']);
  const submit = async (event) => {
    event.preventDefault();
    if (!(await change.run(Object.fromEntries(new FormData(event.target))))) return;
    onClose();
    changed();
  };
  return html`<${Dialog} title=${t('remedy.credential')} onClose=${onClose}><form onSubmit=${submit}>
    <p>${t(shared ? 'credential.textShared' : 'credential.text')}</p>
    <${Field} label=${t('field.clientId')} name="clientId" required autocomplete="off" spellcheck=${false} error=${errors.clientId} />
    <${Field} label=${t('field.secret')} name="secret" type="password" required autocomplete="new-password" hint=${t('field.secretHint')} error=${errors.secret} />
    <${Failure} problem=${rest} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
      <${ActionButton} type="submit" kind="primary" busy=${change.busy}>${t('credential.confirm')}</${ActionButton}>
    </div>
  </form></${Dialog}>`;
}

// Remedy is the action against a reason. It is nothing on the view to which the action would lead. changed is called after
// the action has changed the connection.
export function Remedy({ id, reason: { remedy, ambiguous, held, heldAccounts }, changed = () => {} }) {
  const [dialog, setDialog] = useState('');
  const close = () => setDialog('');
  const { path } = useLocation();
  const address = addressOf(id, remedy);
  const session = useAction((body, key) => request('POST', `/aggregator-connections/${id}/link-sessions`, { key }).then(({ data }) => data));
  const pull = useAction(async (body, key) => {
    await requestPull(id, key);
    changed();
    return true;
  });
  const refresh = useAction((body, key) => requestRefresh('/aggregator-connections/' + id, key));
  const drift = useAction(async () => {
    const found = await findDrift(id);
    if (!found) navigate(link('/connections/' + id));
    return found || true;
  });
  const statement = useAction(async () => {
    navigate(await differingAddress(id));
    return true;
  });
  const text = t('remedy.' + remedy);
  const act = (action) => html`<${ActionButton} onClick=${() => action.run()} busy=${action.busy}>${text}</${ActionButton}>`;
  const ask = () => html`<${ActionButton} onClick=${() => setDialog(remedy)}>${text}</${ActionButton}>`;
  const controls = {
    link: () => act(session), pull: () => act(pull), refresh: () => act(refresh), credential: ask, removals: ask,
    drift: () => html`<${Button} onClick=${() => drift.run()} busy=${drift.busy}>${text}</${Button}>`,
    statement: () => html`<${Button} onClick=${() => statement.run()} busy=${statement.busy}>${text}</${Button}>`,
    ...(ambiguous && { continue: ask }),
  };
  return html`${controls[remedy]?.() || (address !== link(path) && html`<a class="button" href=${address}>${text}</a>`)}
    <${Failure} problem=${session.problem || pull.problem || refresh.problem || drift.problem || statement.problem} />
    ${session.result && html`<${LinkDialog} session=${session.result} again=${() => session.run()} onClose=${() => {
      session.reset();
      changed();
    }} />`}
    ${drift.result?.account && html`<${DriftDialog} id=${id} drift=${drift.result} done=${changed} onClose=${drift.reset} />`}
    ${dialog === 'removals' && html`<${RemovalsDialog} id=${id} held=${held} heldAccounts=${heldAccounts} pull=${pull} changed=${changed} onClose=${close} />`}
    ${dialog === 'credential' && html`<${CredentialDialog} id=${id} changed=${changed} onClose=${close} />`}
    ${dialog === 'continue' && html`<${ContinueDialog} connection=${id} ambiguous=${ambiguous} done=${changed} onClose=${close} />`}`;
}
