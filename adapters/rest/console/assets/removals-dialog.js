// The dialog about removals that are held back because there are many.
import { Problem, request } from './api.js';
import { t } from './i18n.js';
import { html } from './preact.js';
import { readAll, useAction } from './resource.js';
import { ActionButton, announce, Dialog, Failure } from './ui.js';

// RemovalsDialog removes the rows of a connection that its vendor has announced as deleted, or asks for another read. held
// is the number of rows that wait.
export function RemovalsDialog({ id, held, pull, changed, onClose }) {
  const apply = useAction(async (body, key) => {
    const { items } = await readAll(`/aggregator-connections/${id}/accounts?limit=200`, 50);
    let removed = 0;
    for (const account of items.filter(({ removedAt }) => !removedAt)) {
      try {
        const { data } = await request('POST', `/accounts/${account.id}/removals/apply`, { key: key + account.id.slice(-12) });
        removed += data.removed;
      } catch (problem) {
        if (!(problem instanceof Problem) || problem.status !== 409) throw problem; // 409: no row of this account waits
      }
    }
    announce(t('removals.done', { n: removed }));
    return true;
  });
  const end = async (action) => {
    if (!(await action.run())) return;
    onClose();
    changed();
  };
  return html`<${Dialog} title=${t('removals.title', { n: held ?? 0 })} onClose=${onClose}>
    <p>${t('removals.text')}</p>
    <ul><li>${t('removals.pullText')}</li><li>${t('removals.applyText')}</li></ul>
    <${Failure} problem=${apply.problem || pull.problem} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
      <${ActionButton} kind="danger" busy=${apply.busy} onClick=${() => end(apply)}>${t('removals.apply')}</${ActionButton}>
      <${ActionButton} kind="primary" busy=${pull.busy} onClick=${() => end(pull)}>${t('action.pull')}</${ActionButton}>
    </div>
  </${Dialog}>`;
}
