// A dialog that asks before a change, performs it, and shows why it failed.
import { t } from './i18n.js';
import { html } from './preact.js';
import { useAction } from './resource.js';
import { announce, Button, Dialog, Failure } from './ui.js';

// Confirm calls perform with input, which returns a promise. Its button is disabled until ready is true. done is the
// text that announces the success.
export function Confirm({ title, text, label, kind = '', ready = true, perform, input, done, onClose, children }) {
  const action = useAction(perform);
  const confirm = async () => {
    if (!(await action.run(input))) return;
    onClose();
    announce(done);
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <p>${text}</p>${children}
    <${Failure} problem=${action.problem} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
      <${Button} kind=${kind} busy=${action.busy} disabled=${!ready} onClick=${confirm}>${label}</${Button}>
    </div>
  </${Dialog}>`;
}
