// The sign-in at an OpenID Connect provider: authorisation code with PKCE, as a public client. The tokens are kept in
// memory only, and the access token is renewed with the refresh token before it expires. sessionStorage contains only
// the state of a sign-in during the redirect, and whether this tab was signed in.
import { base, navigate } from './router.js';
import { decodeClaims, end, hold, provider, session } from './session.js';
import { createStore } from './store.js';

const callback = base + '/callback';
const pendingKey = 'discovery.signIn';
const signedInKey = 'discovery.signedIn';
const maxTimer = 2 ** 31 - 1;

// progress is the state of the sign-in: busy, the message key of a failure with its reason, or done in a popup window.
export const progress = createStore({});

const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const digest = async (text) => base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));

// Failure is a sign-in that failed. key is the key of its message. If final is true, the refresh token is not usable any
// more.
class Failure extends Error {
  constructor(key, reason = '', final = false) {
    super(reason);
    Object.assign(this, { key, reason, final });
  }
}

// ask sends a request to the provider and returns the decoded body.
async function ask(url, form) {
  let response;
  let content;
  try {
    response = await fetch(url, {
      method: form ? 'POST' : 'GET', body: form && new URLSearchParams(form), cache: 'no-store', credentials: 'omit', redirect: 'error',
    });
    content = await response.json();
  } catch {
    throw new Failure('signIn.unreachable');
  }
  if (!response.ok) throw new Failure('signIn.failed', String(content?.error ?? response.status), response.status < 500 && response.status !== 429);
  return content;
}

let loading;

// metadata returns the description of the provider. The page of the sign-in and the token endpoint may be at other origins
// than the issuer, but then need https. The policy of the page allows only the token endpoint that the service has read.
async function metadata() {
  loading ??= ask(provider.issuer.replace(/\/$/, '') + '/.well-known/openid-configuration');
  try {
    const found = await loading;
    const origin = (url) => new URL(url).origin;
    const safe = (url) => origin(url) === origin(provider.issuer) || url.startsWith('https:');
    if (found.issuer !== provider.issuer || !safe(found.token_endpoint) || !safe(found.authorization_endpoint)) throw new Failure('signIn.failed', 'issuer');
    return found;
  } catch (error) {
    loading = undefined;
    throw error instanceof Failure ? error : new Failure('signIn.failed', 'metadata');
  }
}

// prepare returns the address of the provider's page for a new sign-in, and what the answer is checked with.
async function prepare() {
  const found = await metadata();
  const { pathname, search } = window.location;
  const pending = { state: random(), nonce: random(), verifier: random(), back: pathname === callback ? base : pathname + search };
  const supported = found.scopes_supported || ['offline_access'];
  const url = new URL(found.authorization_endpoint);
  for (const [name, value] of Object.entries({
    response_type: 'code', client_id: provider.clientId, redirect_uri: window.location.origin + callback,
    scope: provider.scopes.split(' ').filter((scope) => scope !== 'offline_access' || supported.includes(scope)).join(' '),
    ...provider.audience && { audience: provider.audience }, state: pending.state, nonce: pending.nonce, code_challenge: await digest(pending.verifier), code_challenge_method: 'S256',
  })) url.searchParams.set(name, value);
  return { url: url.href, pending };
}

let refreshToken = '';
let renewAt = Infinity;
let timer;

// keep makes the tokens of an answer those of the session.
function keep(tokens, renewed) {
  const claims = decodeClaims(String(tokens.access_token));
  if (!claims) throw new Failure('signIn.opaque', '', true);
  refreshToken = tokens.refresh_token || refreshToken;
  const now = Date.now();
  const seconds = tokens.expires_in ?? (claims.exp ? claims.exp - now / 1000 : Infinity);
  renewAt = now + Math.max(seconds - Math.min(60, seconds / 4), 1) * 1000;
  clearTimeout(timer);
  if (refreshToken && seconds < Infinity) timer = setTimeout(renew, Math.min(renewAt - now, maxTimer));
  sessionStorage.setItem(signedInKey, 'yes');
  hold(tokens.access_token, renewed);
}

let renewing;

// renew replaces the access token, and reports whether it could. Concurrent calls share one request.
export function renew() {
  if (!refreshToken || !session.get()) return Promise.resolve(false);
  renewing ??= metadata()
    .then(({ token_endpoint: url }) => ask(url, { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: provider.clientId }))
    .then((tokens) => {
      if (session.get()) keep(tokens, true); // the operator may have signed out meanwhile
      return true;
    })
    .catch((error) => {
      if (error.final) refreshToken = '';
      renewAt = Date.now() + 10000; // until then the present token is used
      return false;
    })
    .finally(() => { renewing = undefined; });
  return renewing;
}

// fresh waits until the access token is renewed, if it is time. A timer may be late, for example after a sleep.
export const fresh = () => (Date.now() >= renewAt && refreshToken ? renew() : undefined);

// complete ends a sign-in with the parameters that the provider has sent.
async function complete(params, pending) {
  const found = await metadata();
  const issued = params.iss ?? (found.authorization_response_iss_parameter_supported ? '' : provider.issuer);
  if (issued !== provider.issuer) throw new Failure('signIn.failed', 'issuer');
  if (params.error) throw new Failure('signIn.failed', params.error);
  const tokens = await ask(found.token_endpoint, {
    grant_type: 'authorization_code', code: params.code, redirect_uri: window.location.origin + callback,
    client_id: provider.clientId, code_verifier: pending.verifier,
  });
  const claims = decodeClaims(String(tokens.id_token));
  const valid = claims && claims.nonce === pending.nonce && claims.iss === provider.issuer && [claims.aud].flat().includes(provider.clientId);
  if (!valid) throw new Failure('signIn.failed', 'id_token');
  refreshToken = '';
  keep(tokens, false);
}

// attempt shows the progress of work, and why it failed.
async function attempt(work) {
  progress.set({ busy: true });
  try {
    await work();
    progress.set({});
  } catch (error) {
    const { key = 'signIn.failed', reason = '' } = error;
    progress.set({ failed: key, reason: /^[\w.-]{1,60}$/.test(reason) ? reason : '' });
  }
}

// leave opens the page of the provider instead of the console.
async function leave() {
  const { url, pending } = await prepare();
  sessionStorage.setItem(pendingKey, JSON.stringify(pending));
  sessionStorage.removeItem(signedInKey); // a failed sign-in is not repeated
  window.location.assign(url);
  await new Promise(() => {}); // the page ends
}

// A sign-in in a popup window sends its answer to the window that opened it. The two windows have no reference to each
// other, because the console isolates itself from other origins. The opener replies with the state of the sign-in when it
// has redeemed the code. A popup window without such a reply, for example of a forged address, never shows a success.
const channel = provider && new BroadcastChannel(pendingKey);
let awaited; // the sign-in that this window waits for as the opener
let sent; // the state that this window has sent to its opener
channel?.addEventListener('message', async ({ data }) => {
  if (sent && data?.redeemed === sent) {
    sent = undefined;
    progress.set({ done: true });
    window.close();
  }
  if (!awaited || data?.state !== awaited.state) return;
  const pending = awaited;
  awaited = undefined;
  await attempt(async () => {
    await complete(data, pending);
    channel.postMessage({ redeemed: pending.state });
  });
});

// signInAtProvider signs in by a redirect. With popup, it signs in in another window, so that the page keeps its state.
export const signInAtProvider = ({ popup }) => attempt(async () => {
  if (!popup) return leave();
  const { url, pending } = await prepare();
  awaited = pending;
  if (!window.open(url, '', 'popup,width=480,height=720')) throw new Failure('signIn.blocked');
  return undefined;
});

// signOut forgets the tokens, and ends the session at the provider if the provider offers that.
export async function signOut() {
  const token = refreshToken;
  refreshToken = '';
  clearTimeout(timer);
  sessionStorage.removeItem(signedInKey);
  end();
  if (!provider) return;
  const { revocation_endpoint: revocation, end_session_endpoint: logout } = await metadata().catch(() => ({}));
  const atIssuer = (url) => url && new URL(url).origin === new URL(provider.issuer).origin;
  if (token && atIssuer(revocation)) await ask(revocation, { token, client_id: provider.clientId }).catch(() => {}); // its body is empty
  if (!atIssuer(logout)) return;
  window.location.assign(logout + '?' + new URLSearchParams({ client_id: provider.clientId, post_logout_redirect_uri: window.location.origin + base }));
}

// The operator may come back from the provider without an answer. The browser then shows the page as it was left.
window.addEventListener('pageshow', ({ persisted }) => persisted && progress.set({}));

// start continues a sign-in after a redirect, or signs in again after a reload.
export async function start() {
  if (!provider) return;
  const { pathname, search } = window.location;
  if (pathname !== callback) {
    if (sessionStorage.getItem(signedInKey)) await attempt(leave);
    return;
  }
  const params = Object.fromEntries(new URLSearchParams(search));
  const pending = JSON.parse(sessionStorage.getItem(pendingKey));
  sessionStorage.removeItem(pendingKey);
  if (pending && pending.state === params.state) {
    navigate(pending.back, true);
    await attempt(() => complete(params, pending));
    return;
  }
  navigate(base, true); // removes the code from the address
  sent = params.state;
  channel.postMessage(params);
}
