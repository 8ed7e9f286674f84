// The dialog that accepts the difference between the balance of an account and its transactions.
import { request } from './api.js';
import { Confirm } from './confirm.js';
import { t } from './i18n.js';
import { html, useState } from './preact.js';
import { useResource } from './resource.js';
import { Field } from './ui.js';

// AcceptDialog asks why the difference of the account at path is right. The reason goes into the audit log. children is
// what is known about the difference.
export function AcceptDialog({ path, done, onClose, children }) {
  const [reason, setReason] = useState('');
  const found = useResource(path + '/completeness').value?.data;
  const accept = (body, key) => request('POST', path + '/completeness/accept', { body, key }).then(({ data }) => {
    done();
    return data;
  });
  return html`<${Confirm} title=${t('accept.title')} text=${t('accept.text')} label=${t('action.accept')}
      perform=${accept} input=${{ reason }} ready=${reason.trim() !== ''} done=${t('accept.done')} onClose=${onClose}>
    ${children}
    ${found?.basis === 'quarantined_rows' && html`<p><strong>${t('basis.quarantined_rows')}</strong></p>`}
    <${Field} label=${t('accept.reason')} name="reason" required maxLength="500" value=${reason}
      onInput=${(event) => setReason(event.target.value)} />
  </${Confirm}>`;
}
