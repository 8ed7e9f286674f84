// The dialog with the vendor's page on which an account holder signs in again, or links a new account.
import { t, vendorName } from './i18n.js';
import { html } from './preact.js';
import { CopyButton, Dialog, Instant } from './ui.js';

// LinkDialog shows a new link session. The session is shown once. created: the session creates a connection.
export const LinkDialog = ({ session, created, onClose }) => html`<${Dialog}
    title=${t(created ? 'link.newTitle' : 'link.title')} onClose=${onClose}>
  <p>${t('link.text', { vendor: vendorName(session.vendor) })}</p>
  <p class="copy"><code>${session.url}</code> <${CopyButton} text=${session.url} /></p>
  <p>${t('link.expires', { when: html`<${Instant} at=${session.expiresAt} />` })}</p>
  ${created && html`<p>${t('link.created')}</p>`}
  <div class="actions"><button type="button" onClick=${onClose}>${t('action.close')}</button></div>
</${Dialog}>`;
