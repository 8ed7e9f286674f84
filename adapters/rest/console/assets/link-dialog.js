// The dialog with the vendor's page on which an account holder signs in again, or links a new account.
import { t, vendorName } from './i18n.js';
import { ConnectionName } from './names.js';
import { html, useEffect, useState } from './preact.js';
import { usePolling, useResource } from './resource.js';
import { ActionButton, CopyButton, Dialog, Failure, Instant } from './ui.js';

const pollInterval = 3000;
const longestTimer = 2 ** 31 - 1; // milliseconds; a browser runs a longer one at once

// useOver reports whether a time is over. It renders again when the time comes.
function useOver(at) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setOver(true), Math.min(longestTimer, Date.parse(at) - Date.now()));
    return () => clearTimeout(timer);
  }, [at]);
  return over;
}

// useSession follows a session that creates a connection. The service cannot follow another one: only its end is known.
function useSession({ id, expiresAt }, created) {
  const read = useResource(created ? '/link-sessions/' + id : null);
  const { status = 'open', connectionId } = read.value?.data || {};
  const over = useOver(expiresAt);
  const ended = created ? status === 'abandoned' : over;
  usePolling(read.reload, created && !ended && !connectionId, pollInterval);
  return { connectionId, ended, problem: read.problem, state: created && (status === 'open' ? 'link.open' : 'reason.awaiting_approval') };
}

// Address shows the page of the vendor, until when it works, and what the session waits for.
const Address = ({ session, created, state }) => html`<p>${t('link.text', { vendor: vendorName(session.vendor) })}</p>
  <p class="copy"><code>${session.url}</code> <${CopyButton} text=${session.url} /></p>
  <p>${t('link.expires', { when: html`<${Instant} at=${session.expiresAt} />` })}</p>
  ${created && html`<p>${t('link.created')}</p><p role="status">${t(state)}</p>`}`;

// LinkDialog shows a new link session, and how it ends. The session is shown once. created: the session creates a connection.
// again makes another one.
export function LinkDialog({ session, created, again, onClose }) {
  const { connectionId, ended, problem, state } = useSession(session, created);
  return html`<${Dialog} title=${t(created ? 'link.newTitle' : 'link.title')} onClose=${onClose}>
    ${connectionId ? html`<p role="status">${t('create.done', { name: html`<${ConnectionName} id=${connectionId} />` })}</p>`
      : ended ? html`<p role="status">${t('link.over')}</p>` : html`<${Address} session=${session} created=${created} state=${state} />`}
    <${Failure} problem=${problem} />
    <div class="actions">
      ${ended && again && html`<${ActionButton} kind="primary" onClick=${again}>${t('link.again')}</${ActionButton}>`}
      <button type="button" onClick=${onClose}>${t('action.close')}</button>
    </div>
  </${Dialog}>`;
}
