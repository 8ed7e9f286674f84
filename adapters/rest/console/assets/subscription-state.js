// The state of a subscription in words, and its secret, which is shown once.
import { reasonText } from './health.js';
import { has, t } from './i18n.js';
import { html, useLayoutEffect, useRef } from './preact.js';
import { CopyButton, Status } from './ui.js';

const tones = { active: 'good', paused: 'plain', disabled: 'bad' };

// sinkReason returns why an event was not delivered, as a sentence.
export const sinkReason = (code) => (has('sinkReason.' + code) ? t('sinkReason.' + code) : reasonText(code));

// SubscriptionState shows the state as a word. An active subscription whose events are retried needs attention.
export function SubscriptionState({ subscription, end = '' }) {
  const { state, retrying } = subscription;
  const needs = state === 'active' && retrying > 0;
  return html`<${Status} tone=${needs ? 'warn' : tones[state]}>${t(needs ? 'subscription.retrying' : 'subscription.' + state)}${end}</${Status}>`;
}

// OneTimeSecret shows a new signing secret. It gets the focus, so that it is not missed.
export function OneTimeSecret({ secret, close }) {
  const element = useRef();
  useLayoutEffect(() => element.current.focus(), []);
  return html`<div class="notice good minted" ref=${element} tabindex="-1" role="status">
    <p><strong>${t('subscription.secret')}</strong></p>
    <p>${t('subscription.secretText')}</p>
    <p class="copy"><code>${secret}</code> <${CopyButton} text=${secret} /></p>
    <button type="button" onClick=${close}>${t('token.stored')}</button>
  </div>`;
}
