// The sign-in. It replaces the view without changing the location, so that the operator returns to the same
// place.
import { t } from './i18n.js';
import { html, useState } from './preact.js';
import { decodeClaims, signIn } from './session.js';
import { Field, Page } from './ui.js';

export function SignIn({ expired }) {
  const [error, setError] = useState('');
  const submit = (event) => {
    event.preventDefault();
    const token = new FormData(event.target).get('token').trim().replace(/^Bearer\s+/i, '');
    const claims = decodeClaims(token);
    if (!claims) return setError(t('signIn.invalid'));
    if (claims.exp && claims.exp * 1000 <= Date.now()) return setError(t('signIn.expired'));
    return signIn(token);
  };
  return html`<div class="sign-in"><${Page} title=${t(expired ? 'signIn.again' : 'signIn.title')}
      lead=${t(expired ? 'signIn.againLead' : 'signIn.lead')}>
    <form onSubmit=${submit}>
      <${Field} label=${t('signIn.token')} name="token" type="password" required autocomplete="off" spellcheck=${false}
        hint=${t('signIn.hint')} error=${error} />
      <button class="primary">${t('action.signIn')}</button>
    </form>
  </${Page}></div>`;
}
