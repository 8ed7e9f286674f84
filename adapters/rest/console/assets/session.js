// The operator's token. The claims are read only to show them and to explain disabled actions; the service decides what
// the token permits. A token that was pasted is kept in sessionStorage, so it ends with the browser tab. A token of an
// identity provider is kept in memory only; see oidc.js.
import { createStore } from './store.js';

const storageKey = 'discovery.token';

export const readScope = 'discovery:read';
export const writeScope = 'discovery:write';

// provider is the OpenID Connect provider of the console: {issuer, clientId, scopes}. It is undefined if an operator
// pastes a token.
/** @type {any} */
export const provider = /** @type {HTMLElement} */ (document.querySelector('meta[name="sign-in"]'))?.dataset;

// expected says which claims the service expects: the audience, and the names of the claims for the tenant, separated by
// spaces. A text is empty if none is expected.
const expected = /** @type {any} */ (document.querySelector('meta[name="token"]'))?.dataset ?? {};

const isExpired = ({ exp }) => exp && exp * 1000 <= Date.now();

// lacksOf returns what a refused token lacks as far as its claims show it: keys of messages with their values.
export function lacksOf(claims) {
  if (isExpired(claims)) return [['signIn.expired', {}]];
  const { audience = '', tenant = '' } = expected;
  const names = tenant.split(' ').filter(Boolean);
  const found = [
    claims.exp === undefined && ['signIn.noExpiry', {}],
    audience && ![claims.aud].flat().includes(audience) && ['signIn.audience', { audience, found: [claims.aud ?? '–'].flat().join(', ') }],
    names.length > 0 && !names.some((name) => claims[name] !== undefined) && ['signIn.tenant', { claim: names[0] }],
  ].filter(Boolean);
  return found.length > 0 ? found : [['signIn.unknown', {}]];
}

// decodeClaims returns the claims of a JWT, or null if the text is not a JWT.
export function decodeClaims(token) {
  const parts = token.split('.');
  if (parts.length !== 3) return null;
  try {
    const text = atob(parts[1].replace(/-/g, '+').replace(/_/g, '/'));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return claims && typeof claims === 'object' ? claims : null;
  } catch {
    return null;
  }
}

// scopesOf returns the scopes of the claims: each claim is a list, or a text separated by spaces.
function scopesOf(claims) {
  return ['scope', 'scp', 'permissions'].flatMap((name) => {
    const value = claims[name];
    return Array.isArray(value) ? value : String(value ?? '').split(' ').filter(Boolean);
  });
}

// The claims that differ between two tokens of the same operator and tenant.
const changing = ['exp', 'iat', 'nbf', 'jti', 'auth_time', 'sid', 'session_state', 'acr', 'amr', 'uti', 'aio', 'scope', 'scp', 'permissions'];

// holderOf returns a text that is equal for two tokens only if their operator and tenant are the same.
const holderOf = (claims) => JSON.stringify(Object.entries(claims).filter(([name]) => !changing.includes(name)).sort());

function open(token) {
  const claims = token && decodeClaims(token);
  return claims ? { token, claims, holder: holderOf(claims), scopes: scopesOf(claims), refused: [], expired: false } : null;
}

// session contains the open session, or null. refused lists the scopes that the service found missing. holder changes
// exactly if the views must not keep what they have read.
export const session = createStore(provider ? null : open(sessionStorage.getItem(storageKey)));

// signIn opens a session with a token that was pasted.
export function signIn(token) {
  sessionStorage.setItem(storageKey, token);
  session.set(open(token));
}

// hold opens a session with a token that is kept in memory only. If renewed is true, the token replaces one of the same
// operator and tenant.
export function hold(token, renewed = false) {
  const next = open(token);
  const { holder, refused } = session.get() || {};
  session.set(renewed ? { ...next, holder, refused } : next);
}

// end ends the session.
export function end() {
  sessionStorage.removeItem(storageKey);
  session.set(null);
}

// expire asks for another token because the service no longer accepts this one.
export function expire() {
  const current = session.get();
  if (!current || current.expired) return;
  sessionStorage.removeItem(storageKey);
  session.set({ ...current, token: '', expired: true });
}

// refuse records that the service answered that the scope is missing.
export function refuse(scope) {
  const current = session.get();
  if (current && !current.refused.includes(scope)) {
    session.set({ ...current, refused: [...current.refused, scope] });
  }
}

// lacks reports whether the token lacks the scope. A token without any scope of this service may still be
// sufficient, because scopes are optional; then only an answer of the service shows that the scope is missing.
export function lacks({ scopes, refused }, scope) {
  const named = scopes.some((name) => name.startsWith('discovery:'));
  return refused.includes(scope) || (named && !scopes.includes(scope));
}
