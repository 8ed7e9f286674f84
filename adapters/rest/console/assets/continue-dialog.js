// The dialog that asks which account of a new account reference continues which former account.
import { Problem, request } from './api.js';
import { t } from './i18n.js';
import { nameOf } from './names.js';
import { html, useState } from './preact.js';
import { useAction, useResource } from './resource.js';
import { link } from './router.js';
import { ActionButton, Amount, announce, Dialog, Failure, Select } from './ui.js';

// Former asks for one former account. It shows what tells the account apart, because several have one number.
function Former({ connection, id, chosen, externalIds, choose }) {
  const account = useResource('/accounts/' + id).value?.data;
  return html`<div class="former">
    <p>${account ? html`<strong>${nameOf(account)}</strong>` : '…'} <span class="muted">${account?.number}</span>${account?.balance
      && html` · <${Amount} value=${account.balance} currency=${account.currency || ''} />`}${' · '}
      <a href=${link(`/connections/${connection}/transactions`, { accountId: id })}>${t('continue.rows')}</a></p>
    <${Select} label=${t('continue.as')} name=${'continue-' + id} value=${chosen} onChange=${choose}
      options=${[['', t('continue.open')], ...externalIds.map((externalId) => [externalId, externalId])]} />
  </div>`;
}

// ContinueDialog stores one decision for each former account for which an account was chosen. ambiguous is the member
// ambiguousAccounts of a health.
export function ContinueDialog({ connection, ambiguous: { accountIds, externalIds }, done, onClose }) {
  const [chosen, setChosen] = useState({});
  const decisions = accountIds.filter((id) => chosen[id]);
  const twice = new Set(decisions.map((id) => chosen[id])).size < decisions.length;
  const action = useAction(async (input, key) => {
    for (const [i, id] of decisions.entries()) {
      try {
        await request('POST', `/accounts/${id}/continue`, { body: { externalId: chosen[id] }, key: key + i });
      } catch (problem) {
        // The pull after an earlier decision has found the others by itself.
        if (i === 0 || !(problem instanceof Problem) || problem.status !== 409) throw problem;
      }
    }
    return true;
  });
  const submit = async (event) => {
    event.preventDefault();
    if (!(await action.run(chosen))) return;
    announce(t('continue.done'));
    onClose();
    done();
  };
  return html`<${Dialog} title=${t('continue.title')} onClose=${onClose}><form onSubmit=${submit}>
    <p>${t('continue.text')}</p>
    ${accountIds.map((id) => html`<${Former} key=${id} connection=${connection} id=${id} chosen=${chosen[id] || ''}
      externalIds=${externalIds} choose=${(externalId) => setChosen({ ...chosen, [id]: externalId })} />`)}
    ${twice && html`<p class="error" role="alert">${t('continue.twice')}</p>`}
    <${Failure} problem=${action.problem} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
      <${ActionButton} type="submit" kind="primary" busy=${action.busy} disabled=${twice || decisions.length === 0}>${t('continue.confirm')}</${ActionButton}>
    </div>
  </form></${Dialog}>`;
}
