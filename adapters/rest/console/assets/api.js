// Requests to the API of the service, which is on the console's own origin.
import { parse } from './exact-numbers.js';
import { fresh, renew } from './oidc.js';
import { root } from './router.js';
import { expire, readScope, refuse, session, writeScope } from './session.js';

const prefix = '/v1/discovery';

// Problem is a failed request: the problem document of the service, or a request without an answer (status 0).
export class Problem extends Error {
  constructor(status, document, headers) {
    super(document.detail || String(status));
    this.status = status;
    this.code = document.code || '';
    this.fields = document.errors || [];
    this.detail = document.detail || '';
    this.requestId = headers?.get('X-Request-Id') || '';
    this.scope = '';
    this.call = '';
    this.at = new Date().toISOString();
    this.retryAfter = Number(headers?.get('Retry-After')) || 0;
  }
}

// query returns the query string of the values that are set.
export function query(values) {
  const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(set).toString();
  return text && '?' + text;
}

// newKey returns a random idempotency key.
export function newKey() {
  return 'console-' + Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}

// request sends one request. It returns the decoded body with the headers that the console uses. It throws a
// Problem for every failure, except that an aborted request throws the AbortError of fetch.
export async function request(method, path, options = {}) {
  const response = await send(method, path, options);
  const content = await readBody(response);
  if (!response.ok) throw failure(method, path, response, content);
  return { data: content, etag: response.headers.get('ETag') || '', location: response.headers.get('Location') || '' };
}

// download reads a document, by POST if there is a body. It returns its content with the file name that the service proposes. It throws a
// Problem for every failure, also if the document is not complete.
export async function download(path, body) {
  const method = body ? 'POST' : 'GET';
  const response = await send(method, path, { body });
  if (!response.ok) throw failure(method, path, response, await readBody(response));
  const [, name] = /filename="([\w.-]+)"/.exec(response.headers.get('Content-Disposition')) || [null, 'document'];
  try {
    return { name, content: await response.blob() };
  } catch {
    throw new Problem(0, {});
  }
}

// send sends a request. If the service refuses the token, it is renewed and the request is repeated once.
async function send(method, path, options = {}) {
  await fresh();
  const response = await sendOnce(method, path, options);
  return response.status === 401 && await renew() ? sendOnce(method, path, options) : response;
}

async function sendOnce(method, path, /** @type {{body?: any, content?: Blob, key?: string, etag?: string, signal?: AbortSignal}} */ { body, content, key, etag, signal }) {
  if (!session.get()?.token) throw new Problem(401, {});
  // The console translates failures itself, and the support reads them in English.
  const headers = { Authorization: 'Bearer ' + session.get().token, 'Accept-Language': 'en' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (content) headers['Content-Type'] = 'application/octet-stream'; // a file, as it is
  if (key) headers['X-Idempotency-Key'] = key;
  if (etag) headers['If-Match'] = etag;
  try {
    return await fetch(root + prefix + path, {
      method, headers, signal, body: content || (body === undefined ? undefined : JSON.stringify(body)),
      cache: 'no-store', credentials: 'omit', redirect: 'error',
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, {});
  }
}

// readBody returns the decoded body. It returns null if there is none, or if that of a failure is not JSON: a proxy may answer
// with HTML. A success whose body cannot be read to its end is a failure, too.
async function readBody(response) {
  try {
    const text = await response.text();
    return text ? parse(text) : null;
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    if (response.ok) throw new Problem(0, {});
    return null;
  }
}

// failure returns the Problem of a response, and records what it says about the token.
function failure(method, path, response, content) {
  if (response.status === 401) expire();
  const problem = new Problem(response.status, content || {}, response.headers);
  problem.call = method + ' ' + prefix + path.replace(/\?.*/, '');
  if (response.status === 403) {
    problem.scope = method === 'GET' ? readScope : writeScope;
    refuse(problem.scope);
  }
  return problem;
}
