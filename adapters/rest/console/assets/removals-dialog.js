// The dialog about removals that are held back: of rows, because there are many, and of accounts.
import { Problem, request } from './api.js';
import { t } from './i18n.js';
import { nameOf } from './names.js';
import { html } from './preact.js';
import { readAll, useAction, useLoad } from './resource.js';
import { ActionButton, Ago, announce, Dialog, Failure, Loaded } from './ui.js';

const readAccounts = (id, signal) => readAll(`/aggregator-connections/${id}/accounts?limit=200`, 50, signal);

// applyRemovals applies the removals of an account that are held back.
const applyRemovals = (account, key) => request('POST', `/accounts/${account.id}/removals/apply`, { key });

// HeldAccount shows an account whose removal is held back, since when, and removes it.
function HeldAccount({ account, done }) {
  const apply = useAction(async (body, key) => {
    await applyRemovals(account, key);
    announce(t('removals.accountDone', { name: nameOf(account) }));
    return true;
  });
  return html`<li><span><strong>${nameOf(account)}</strong>${account.name && account.number && html` <span class="muted">${account.number}</span>`}${' · '}
      ${t('removals.accountSince', { when: html`<${Ago} at=${account.removalHeldSince} />` })}</span>
    <${ActionButton} kind="danger" busy=${apply.busy} onClick=${async () => (await apply.run()) && done()}>${t('removals.applyAccount')}
      <span class="hidden"> ${nameOf(account)}</span></${ActionButton}>
    <${Failure} problem=${apply.problem} /></li>`;
}

// HeldAccounts lists the accounts of a connection whose removal is held back, and says why and what a person can do.
function HeldAccounts({ list, changed }) {
  const done = () => {
    list.reload();
    changed();
  };
  return html`<p>${t('removals.accountsText')}</p>
    <ul><li>${t('removals.accountsPull')}</li><li>${t('removals.accountsApply')}</li></ul>
    <${Loaded} of=${list} rows=${2}>${() => html`<ul class="reasons" aria-label=${t('removals.accounts')}>${list.value.items
      .filter((account) => account.removalHeldSince && !account.removedAt)
      .map((account) => html`<${HeldAccount} key=${account.id} account=${account} done=${done} />`)}</ul>`}</${Loaded}>`;
}

// RemovalsDialog applies the removals of a connection that are held back, or asks for another read. held is the number of
// rows that wait, and heldAccounts that of accounts. The rows of accounts that wait themselves are removed with these.
export function RemovalsDialog({ id, held = 0, heldAccounts = 0, pull, changed, onClose }) {
  const list = useLoad(heldAccounts > 0 ? 'held accounts ' + id : null, (signal) => readAccounts(id, signal));
  const apply = useAction(async (body, key) => {
    const { items } = await readAccounts(id);
    let removed = 0;
    for (const account of items.filter(({ removedAt, removalHeldSince }) => !removedAt && !removalHeldSince)) {
      try {
        const { data } = await applyRemovals(account, key + account.id.slice(-12));
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
  const rows = held > 0 || heldAccounts === 0;
  return html`<${Dialog} title=${rows ? t('removals.title', { n: held }) : t('removals.accountsTitle', { n: heldAccounts })} onClose=${onClose}>
    ${rows && html`<p>${t('removals.text')}</p>
      <ul><li>${t('removals.pullText')}</li><li>${t('removals.applyText')}</li></ul>`}
    ${heldAccounts > 0 && html`<${HeldAccounts} list=${list} changed=${changed} />`}
    <${Failure} problem=${apply.problem || pull.problem} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
      ${rows && html`<${ActionButton} kind="danger" busy=${apply.busy} onClick=${() => end(apply)}>${t('removals.apply')}</${ActionButton}>`}
      <${ActionButton} kind="primary" busy=${pull.busy} onClick=${() => end(pull)}>${t('action.pull')}</${ActionButton}>
    </div>
  </${Dialog}>`;
}
