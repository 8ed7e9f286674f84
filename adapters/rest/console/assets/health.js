// What the health of a connection means to a person: its state in words, and the reasons why it needs someone.
import { day } from './format.js';
import { has, t } from './i18n.js';
import { html } from './preact.js';
import { link } from './router.js';
import { Ago, Day, Instant, Status } from './ui.js';

const tones = { healthy: 'good', unhealthy: 'bad', unknown: 'plain' };

// The view in which a person removes the cause of a reason. Reasons that are not listed are outages of the
// vendor, which the next pull checks again.
const remedies = {
  credential_rejected: 'edit', access_denied: 'edit', account_not_found: 'edit', address_not_allowed: 'edit',
};

// reasonText returns a reason or an error code of the API as a sentence.
export const reasonText = (code) => (has('reason.' + code) ? t('reason.' + code) : t('reason.other', { code }));

// reasonsOf returns the reasons why the connection needs a person, the most urgent one first.
export function reasonsOf(id, health) {
  const at = (view) => link('/connections/' + id + (view && '/' + view));
  const all = [];
  if (health.health === 'unhealthy') {
    const view = remedies[health.reason] || 'pulls';
    all.push({ key: health.reason, text: reasonText(health.reason), action: t('remedy.' + view), href: at(view) });
  }
  if (health.needsReauth && health.reason !== 'credential_rejected') {
    all.push({ key: 'reauth', text: t('reason.reauth'), action: t('remedy.connection'), href: at('') });
  }
  if (health.quarantined > 0) {
    const text = t('reason.quarantined', { n: health.quarantined });
    all.push({ key: 'quarantined', text, action: t('remedy.quarantine'), href: at('quarantine') });
  }
  if (health.completeness === 'drifting') {
    all.push({ key: 'drifting', text: t('reason.drifting'), action: t('remedy.accounts'), href: at('') });
  }
  const { consent = {}, webhook = {} } = health;
  if (['expiring', 'expired', 'revoked'].includes(consent.state)) {
    const dated = consent.state === 'expiring' && consent.expiresAt;
    const text = dated ? t('reason.consentUntil', { day: day(consent.expiresAt.slice(0, 10)) }) : t('reason.consent.' + consent.state);
    all.push({ key: 'consent', text, action: t('remedy.connection'), href: at('') });
  }
  if (webhook.state === 'silent') {
    all.push({ key: 'silent', text: t('reason.silent'), action: t('remedy.deliveries'), href: at('deliveries') });
  }
  for (const code of health.warnings || []) {
    all.push({ key: code, text: reasonText(code), action: t('remedy.transactions'), href: at('transactions') });
  }
  return all;
}

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
