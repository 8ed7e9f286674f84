// The dialog that asks which account of a new account reference continues which former account.
import { Problem, request } from './api.js';
import { t } from './i18n.js';
import { nameOf } from './names.js';
import { html, useState } from './preact.js';
import { useAction, useResource } from './resource.js';
import { link } from './router.js';
import { ActionButton, Amount, announce, Dialog, Failure, Loaded, Select } from './ui.js';

// The value of the choice that no account continues a former one. The values of the other choices begin with chosenId.
const none = 'none';
const chosenId = 'id:';

// Former asks for one account. It shows what tells the account apart, because several have one number.
function Former({ connection, id, chosen, choices, choose }) {
  const account = useResource('/accounts/' + id).value?.data;
  return html`<div class="former">
    <p>${account ? html`<strong>${nameOf(account)}</strong>` : '…'} <span class="muted">${account?.number}</span>${account?.balance
      && html` · <${Amount} value=${account.balance} currency=${account.currency || ''} />`}${' · '}
      <a href=${link(`/connections/${connection}/transactions`, { accountId: id })}>${t('continue.rows')}</a></p>
    <${Select} label=${t('continue.as')} name=${'continue-' + id} value=${chosen} onChange=${choose}
      options=${[['', t('continue.open')], ...choices, [none, t('continue.none')]]} />
  </div>`;
}

// questionsOf returns the former accounts to ask about, with the new ones that may continue each: those whose rows wait,
// which are known by the vendor's id, and for an account with maybeContinues this account, which is stored (successor).
// accounts are those of the connection.
const questionsOf = ({ accountIds, externalIds }, accounts) => {
  const undecided = accounts.filter((account) => account.maybeContinues && !account.removedAt);
  const former = accountIds.filter((id) => !undecided.some((account) => account.maybeContinues.includes(id)));
  const offered = externalIds.filter((externalId) => !undecided.some((account) => account.externalId === externalId))
    .map((externalId) => [chosenId + externalId, externalId]);
  const stored = undecided.flatMap((account) => account.maybeContinues.map((id) => (
    { id, successor: account.id, choices: [[chosenId + account.externalId, [nameOf(account), account.externalId].join(' · ')]] })));
  return [...former.map((id) => ({ id, choices: offered })), ...stored];
};

// decisionOf returns the path and the body of the request that stores a choice.
const decisionOf = ({ id, successor }, choice) => {
  if (choice === none) return [successor || id, { none: true }];
  return [id, successor ? { accountId: successor } : { externalId: choice.slice(chosenId.length) }];
};

// ContinueDialog stores one decision for each account for which something was chosen. ambiguous is the member
// ambiguousAccounts of a health.
export function ContinueDialog({ connection, ambiguous, done, onClose }) {
  const [chosen, setChosen] = useState({});
  const accounts = useResource(`/aggregator-connections/${connection}/accounts?limit=200`);
  const questions = accounts.value ? questionsOf(ambiguous, accounts.value.data.items) : [];
  const decisions = questions.filter(({ id }) => chosen[id]);
  const continued = decisions.map(({ id }) => chosen[id]).filter((choice) => choice !== none);
  const twice = new Set(continued).size < continued.length;
  const action = useAction(async (input, key) => {
    for (const [i, question] of decisions.entries()) {
      const [id, body] = decisionOf(question, chosen[question.id]);
      try {
        await request('POST', `/accounts/${id}/continue`, { body, key: key + i });
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
    <${Loaded} of=${accounts} rows=${2}>${() => questions.map(({ id, choices }) => html`<${Former} key=${id}
      connection=${connection} id=${id} chosen=${chosen[id] || ''} choices=${choices}
      choose=${(choice) => setChosen({ ...chosen, [id]: choice })} />`)}</${Loaded}>
    ${twice && html`<p class="error" role="alert">${t('continue.twice')}</p>`}
    <${Failure} problem=${action.problem} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
      <${ActionButton} type="submit" kind="primary" busy=${action.busy} disabled=${twice || decisions.length === 0}>${t('continue.confirm')}</${ActionButton}>
    </div>
  </form></${Dialog}>`;
}
