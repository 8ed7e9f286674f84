// What the health of a connection means to a person: its state in words, and the reasons why it needs someone.
import { has, t } from './i18n.js';
import { html } from './preact.js';
import { link } from './router.js';
import { Status } from './ui.js';

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
