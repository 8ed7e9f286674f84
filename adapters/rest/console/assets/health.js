// What the health of a connection means to a person: its state in words, and the reasons why it needs someone.
import { request } from './api.js';
import { day } from './format.js';
import { has, t } from './i18n.js';
import { LinkDialog } from './link-dialog.js';
import { html } from './preact.js';
import { useAction } from './resource.js';
import { link, navigate } from './router.js';
import { ActionButton, Ago, announce, Button, Day, Failure, Instant, Status } from './ui.js';

const tones = { healthy: 'good', unhealthy: 'bad', unknown: 'plain' };

// What a person does about each reason: the name of an action of useRemedies, or the view that helps. A reason that is
// not listed leads to the connection.
const remedies = {
  reauth: 'link', consent_expired: 'link', consent_revoked: 'link', consent_expiring: 'link',
  credential_rejected: 'edit', credential_unopened: 'edit', account_not_found: 'account',
  pull_failed: 'pull', mass_removal: 'pull', drifting: 'drift', silent: 'tokens', quarantined: 'quarantine',
  account_shared: 'settings',
};

const views = { edit: '/edit', account: '/edit', tokens: '/tokens', quarantine: '/quarantine', settings: '/edit', connection: '' };

// remedyOf returns what a person does about a reason.
export const remedyOf = (reason) => remedies[reason] || 'connection';

// reasonText returns a reason or an error code of the API as a sentence.
export const reasonText = (code) => (has('reason.' + code) ? t('reason.' + code) : t('reason.other', { code }));

// attentionText returns a reason of the health of a connection as a sentence.
function attentionText(reason, { quarantined, consent = {}, reason: code }) {
  if (reason === 'quarantined') return t('reason.quarantined', { n: quarantined });
  if (reason === 'pull_failed' && code) return reasonText(code);
  if (reason === 'consent_expiring' && consent.expiresAt) return t('reason.consentUntil', { day: day(consent.expiresAt.slice(0, 10)) });
  if (reason.startsWith('consent_')) return t('reason.consent.' + reason.slice('consent_'.length));
  return reasonText(reason);
}

// reasonsOf returns the reasons why the connection needs a person, the most urgent one first.
export const reasonsOf = (health) => (health.attention || []).map(({ reason, severity, since }) => ({
  key: reason, severity, since, text: attentionText(reason, health), remedy: remedyOf(reason),
}));

// driftingAccount returns the first account of a connection whose records do not explain its balance, or undefined.
async function driftingAccount(id) {
  const { data } = await request('GET', `/aggregator-connections/${id}/accounts?limit=200`);
  for (const account of data.items) {
    if (account.removedAt) continue;
    const { data: completeness } = await request('GET', `/accounts/${account.id}/completeness`);
    if (completeness.state === 'drifting') return account;
  }
  return undefined;
}

// Remedy is the action against a reason, where the reason is shown. changed is called after the action has changed the
// connection.
export function Remedy({ id, reason, changed = () => {} }) {
  const path = '/aggregator-connections/' + id;
  const session = useAction((body, key) => request('POST', path + '/link-sessions', { key }).then(({ data }) => data));
  const pull = useAction(async (body, key) => {
    await request('POST', path + '/pulls', { body: {}, key });
    announce(t('pull.requested'));
    changed();
    return true;
  });
  const drift = useAction(async () => {
    const account = await driftingAccount(id);
    navigate(link('/connections/' + id + (account ? `/accounts/${account.id}/completeness` : '')));
    return true;
  });
  const { remedy } = reason;
  const text = t('remedy.' + remedy);
  const problem = session.problem || pull.problem || drift.problem;
  let action;
  if (remedy === 'link') action = html`<${ActionButton} onClick=${() => session.run()} busy=${session.busy}>${text}</${ActionButton}>`;
  else if (remedy === 'pull') action = html`<${ActionButton} onClick=${() => pull.run()} busy=${pull.busy}>${text}</${ActionButton}>`;
  else if (remedy === 'drift') action = html`<${Button} onClick=${() => drift.run()} busy=${drift.busy}>${text}</${Button}>`;
  else action = html`<a class="button" href=${link('/connections/' + id + views[remedy])}>${text}</a>`;
  return html`${action}<${Failure} problem=${problem} />
    ${session.result && html`<${LinkDialog} session=${session.result} onClose=${session.reset} />`}`;
}

// Reasons lists why a connection needs a person, since when, and what helps.
export const Reasons = ({ id, reasons, boxed = false, changed }) => reasons.length > 0 && html`<ul
    class=${boxed ? 'reasons boxed' : 'reasons'}>${reasons.map((reason) => html`<li key=${reason.key} class=${reason.severity}>
  <span><${Status} tone=${reason.severity === 'now' ? 'bad' : 'warn'}>${t('severity.' + reason.severity)}</${Status}> ${reason.text}${' '}
    <span class="muted">${t('reason.since', { when: html`<${Ago} at=${reason.since} />` })}</span></span>
  <${Remedy} id=${id} reason=${reason} changed=${changed} /></li>`)}</ul>`;

// HealthStatus shows the state of a connection as a word. A pause hides the health, which nothing updates meanwhile. end is punctuation that follows it.
export function HealthStatus({ health, end = '' }) {
  if (health.paused) return html`<${Status}>${t('health.paused')}${end}</${Status}>`;
  const needs = health.health !== 'unhealthy' && health.needsReauth;
  return html`<${Status} tone=${needs ? 'warn' : tones[health.health]}>
    ${t(needs ? 'health.reauth' : 'health.' + health.health)}${end}
  </${Status}>`;
}

const consentTones = { active: 'good', expiring: 'warn', expired: 'bad', revoked: 'bad', unknown: 'plain' };
const webhookTones = { active: 'good', silent: 'warn', unknown: 'plain' };

// ConsentStatus shows the state of the account holder's consent, with the day on which it expires.
export const ConsentStatus = ({ consent = { state: 'unknown' } }) => html`<${Status} tone=${consentTones[consent.state]}>
  ${t('consent.' + consent.state)}
  ${consent.expiresAt && html` · <${Day} date=${consent.expiresAt.slice(0, 10)} />`}</${Status}>`;

// WebhookStatus shows whether webhooks arrive, and when the last one did.
export const WebhookStatus = ({ webhook = { state: 'unknown' } }) => html`${webhook.state === 'silent' && html`
  <${Status} tone=${webhookTones.silent}>${t('webhook.silent')}</${Status}> `}<${Ago} at=${webhook.lastAt} />`;

// LinkFacts shows what is known about the consent and the webhooks of a connection.
export const LinkFacts = ({ health: { consent, webhook } }) => html`<dl class="facts">
  <div><dt>${t('column.consent')}</dt><dd><${ConsentStatus} consent=${consent} /></dd></div>
  <div><dt>${t('column.webhooks')}</dt><dd><${Status} tone=${webhookTones[webhook.state]}>${t('webhook.' + webhook.state)}</${Status}></dd></div>
  <div><dt>${t('column.lastWebhook')}</dt><dd><${Ago} at=${webhook.lastAt} /></dd></div>
  ${webhook.expectedBy && html`<div><dt>${t('column.expectedBy')}</dt><dd><${Instant} at=${webhook.expectedBy} /></dd></div>`}
</dl>`;
