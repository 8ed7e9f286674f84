// The operator's token. It is kept in sessionStorage, so it ends with the browser tab. The claims are read
// only to show them and to explain disabled actions; the service decides what the token permits.
import { createStore } from './store.js';

const storageKey = 'discovery.token';

export const readScope = 'discovery:read';
export const writeScope = 'discovery:write';

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

function open(token) {
  const claims = token && decodeClaims(token);
  return claims ? { token, claims, scopes: scopesOf(claims), refused: [], expired: false } : null;
}

// session contains the open session, or null. refused lists the scopes that the service found missing.
export const session = createStore(open(sessionStorage.getItem(storageKey)));

export function signIn(token) {
  sessionStorage.setItem(storageKey, token);
  session.set(open(token));
}

export function signOut() {
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
