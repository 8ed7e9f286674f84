// The trace of the last sign-in link of a connection. A link is shown only once, but its making is in the audit log.
import { query } from './api.js';
import { actorName, t } from './i18n.js';
import { html } from './preact.js';
import { useResource } from './resource.js';
import { Instant } from './ui.js';

// LastLink says who made the last sign-in link, when, and until when it works. Without a link it shows nothing.
export function LastLink({ id }) {
  const entry = useResource('/audit/events' + query({ action: 'connection.link', object: id, limit: 1 })).value?.data.items[0];
  const seconds = entry?.detail.validSeconds;
  const until = seconds && Date.parse(entry.at) + seconds * 1000;
  return entry && html`<p class="notice">${t('link.last', { actor: actorName(entry.actor), at: html`<${Instant} at=${entry.at} />` })} ${until
    && t(until > Date.now() ? 'link.expires' : 'link.expired', { when: html`<${Instant} at=${new Date(until).toISOString()} />` })}</p>`;
}
