// What the health of a connection means to a person: its state in words, and the reasons why it needs someone.
import { day } from './format.js';
import { has, t } from './i18n.js';
import { ApplicationName } from './names.js';
import { html } from './preact.js';
import { Remedy, remedyOf } from './remedies.js';
import { useResource } from './resource.js';
import { Ago, Day, Instant, Status } from './ui.js';

const tones = { healthy: 'good', unhealthy: 'bad', unknown: 'plain' };

// reasonText returns a reason or an error code of the API as a sentence.
export const reasonText = (code) => (has('reason.' + code) ? t('reason.' + code) : t('reason.other', { code }));

// attentionText returns a reason of the health of a connection as a sentence.
function attentionText(reason, { quarantined, heldRemovals, heldAccounts, consent = { expiresAt: '' }, reason: code, bankReadAt }) {
  if (reason === 'quarantined') return t('reason.quarantined', { n: quarantined });
  if (reason === 'mass_removal' && heldAccounts > 0) {
    return [!!heldRemovals && reasonText(reason), t('reason.heldAccounts', { n: heldAccounts })].filter(Boolean).join(' ');
  }
  if (reason === 'stale' && bankReadAt) return html`${t('bank.read', { when: html`<${Ago} at=${bankReadAt} />` })} ${t('reason.stale')}`;
  if (reason === 'pull_failed' && code) return reasonText(code);
  if (reason === 'consent_expiring' && consent.expiresAt) return t('reason.consentUntil', { day: day(consent.expiresAt.slice(0, 10)) });
  if (reason.startsWith('consent_')) return t('reason.consent.' + reason.slice('consent_'.length));
  return reasonText(reason);
}

// reasonsOf returns the reasons why the connection needs a person, the most urgent one first.
export const reasonsOf = (health) => (health.attention || []).map(({ reason, severity, since }) => ({
  key: reason, severity, since, text: attentionText(reason, health), remedy: remedyOf(reason), ambiguous: health.ambiguousAccounts, held: health.heldRemovals,
  heldAccounts: health.heldAccounts,
}));

// Reasons lists why a connection needs a person, since when, and what helps.
export const Reasons = ({ id, reasons, boxed = false, changed }) => reasons.length > 0 && html`<ul
    class=${boxed ? 'reasons boxed' : 'reasons'}>${reasons.map((reason) => html`<li key=${reason.key} class=${reason.severity}>
  <span><${Status} tone=${reason.severity === 'now' ? 'bad' : 'warn'}>${t('severity.' + reason.severity)}</${Status}> ${reason.text}${' '}
    <span class="muted">${t('reason.since', { when: html`<${Ago} at=${reason.since} />` })}</span></span>
  <${Remedy} id=${id} reason=${reason} changed=${changed} /></li>`)}</ul>`;

// NotRead says that the bank of a connection was not read for too long, and what helps, where an account of it is shown.
export function NotRead({ id }) {
  const { vendor } = useResource('/aggregator-connections/' + id).value?.data || {};
  const health = useResource(`/aggregator-connections/${id}/health`).value?.data;
  return vendor && health && html`<${Reasons} id=${id} boxed=${true} reasons=${reasonsOf({ ...health, vendor }).filter(({ key }) => key === 'stale')} />`;
}

// BankRead shows when the bank of a connection was last read, marked if that is too long ago.
export const BankRead = ({ health: { bankReadAt, attention = [] } }) => (attention.some(({ reason }) => reason === 'stale')
  ? html`<${Status} tone="warn"><${Ago} at=${bankReadAt} /></${Status}>` : html`<${Ago} at=${bankReadAt} none=${'time.unknown'} />`);

// HealthStatus shows the state of a connection as a word. A connection whose data is missing or wrong needs a person, although the
// vendor answers. A pause hides the health, which nothing updates meanwhile. end is punctuation that follows it.
export function HealthStatus({ health, end = '' }) {
  if (health.paused) return html`<${Status}>${t('health.paused')}${end}</${Status}>`;
  const needs = health.reason === 'reauth_required';
  const wrong = health.health === 'healthy' && health.attention?.some(({ severity }) => severity === 'now');
  return html`<${Status} tone=${wrong ? 'bad' : tones[health.health]}>
    ${t(needs ? 'health.reauth' : wrong ? 'filter.needy' : 'health.' + health.health)}${end}
  </${Status}>`;
}

const consentTones = { active: 'good', expiring: 'warn', expired: 'bad', revoked: 'bad', unknown: 'plain' };
const webhookTones = { active: 'good', silent: 'warn', unknown: 'plain' };

// ConsentStatus shows the state of the account holder's consent, with the day on which it expires.
export const ConsentStatus = ({ consent = { state: 'unknown', expiresAt: undefined } }) => html`<${Status} tone=${consentTones[consent.state]}>
  ${t('consent.' + consent.state)}
  ${consent.expiresAt && html` · <${Day} date=${consent.expiresAt.slice(0, 10)} />`}</${Status}>`;

// WebhookStatus shows whether webhooks arrive, and when the last one did.
export const WebhookStatus = ({ webhook = { state: 'unknown', lastAt: undefined } }) => html`${webhook.state === 'silent' && html`
  <${Status} tone=${webhookTones.silent}>${t('webhook.silent')}</${Status}> `}<${Ago} at=${webhook.lastAt} />`;

// LinkFacts shows the application of a connection, when the bank was last read, and what is known about its consent and its webhooks.
export const LinkFacts = ({ connection, health, health: { consent, webhook, bankReadAt, awaitingApprovalSince } }) => html`<dl class="facts">
  ${connection.applicationId && html`<div><dt>${t('field.application')}</dt><dd><${ApplicationName} id=${connection.applicationId} /></dd></div>`}
  <div><dt>${t('column.consent')}</dt><dd><${ConsentStatus} consent=${consent} /></dd></div>
  <div><dt>${t('column.webhooks')}</dt><dd><${Status} tone=${webhookTones[webhook.state]}>${t('webhook.' + webhook.state)}</${Status}></dd></div>
  <div><dt>${t('column.lastWebhook')}</dt><dd><${Ago} at=${webhook.lastAt} /></dd></div>
  ${awaitingApprovalSince && html`<div><dt>${t('column.awaitsApproval')}</dt><dd><${Ago} at=${awaitingApprovalSince} /></dd></div>`}
  ${bankReadAt && html`<div><dt>${t('column.bankRead')}</dt><dd><${BankRead} health=${health} /></dd></div>`}
  ${webhook.expectedBy && html`<div><dt>${t('column.expectedBy')}</dt><dd><${Instant} at=${webhook.expectedBy} /></dd></div>`}
</dl>`;
