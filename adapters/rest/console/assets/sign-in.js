// The sign-in: at the identity provider, or with a token that is pasted. The location does not change, so that the
// operator returns to the same place.
import { t } from './i18n.js';
import { progress, signInAtProvider } from './oidc.js';
import { html, useEffect, useRef, useState } from './preact.js';
import { decodeClaims, lacksOf, provider, session, signIn } from './session.js';
import { useStore } from './store.js';
import { Button, Field, Page } from './ui.js';

// PasteToken is the form for a token.
function PasteToken() {
  const [error, setError] = useState('');
  const submit = (event) => {
    event.preventDefault();
    const token = String(new FormData(event.target).get('token')).trim().replace(/^Bearer\s+/i, '');
    const claims = decodeClaims(token);
    if (!claims) return setError('signIn.invalid');
    if (claims.exp && claims.exp * 1000 <= Date.now()) return setError('signIn.expired');
    return signIn(token);
  };
  return html`<form onSubmit=${submit}>
    <${Field} label=${t('signIn.token')} name="token" type="password" required autocomplete="off" spellcheck=${false}
      hint=${t('signIn.hint')} error=${error && t(error)} />
    <button class="primary">${t('action.signIn')}</button>
  </form>`;
}

// AtProvider is the button that leads to the identity provider.
function AtProvider({ popup }) {
  const { busy, failed, reason } = useStore(progress);
  const { host } = new URL(provider.issuer);
  // A popup window can be closed without an answer. Therefore the button stays usable.
  return html`${failed && html`<p class="notice bad" role="alert">${t(failed, { host, reason })}</p>`}
    <${Button} kind="primary" busy=${busy && !popup} onClick=${() => signInAtProvider({ popup })}>${t('signIn.at', { host })}</${Button}>`;
}

// SignIn takes the place of the view.
export function SignIn() {
  const { done } = useStore(progress);
  if (done) return html`<div class="sign-in"><${Page} title=${t('signIn.done')} lead=${t('signIn.doneLead')} /></div>`;
  return html`<div class="sign-in"><${Page} title=${t('signIn.title')} lead=${t(provider ? 'signIn.providerLead' : 'signIn.lead')}>
    ${provider ? html`<${AtProvider} />` : html`<${PasteToken} />`}
  </${Page}></div>`;
}

// SignInAgain asks for another token above the view, which keeps its state, for example a form that is filled in.
export function SignInAgain() {
  const { claims } = useStore(session);
  const dialog = useRef();
  useEffect(() => {
    const opener = /** @type {HTMLElement} */ (document.activeElement);
    dialog.current.showModal();
    return () => setTimeout(() => opener?.focus?.());
  }, []);
  return html`<dialog ref=${dialog} aria-labelledby="sign-in-title" onClose=${() => dialog.current?.showModal()}>
    <h2 id="sign-in-title">${t('signIn.again')}</h2>
    ${lacksOf(claims).map(([key, values]) => html`<p key=${key}>${t(key, values)}</p>`)}
    <p>${t('signIn.againLead')}</p>
    ${provider ? html`<${AtProvider} popup=${true} />` : html`<${PasteToken} />`}
  </dialog>`;
}
