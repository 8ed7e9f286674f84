// The service and the simulators under test, and an operator's calls to them.
import { createHmac } from 'node:crypto';

export const { CHROMIUM, SERVICE, PLUGGY, BELVO, PLAID, AUTH_JWT_SECRET } = process.env;

// The demo data of the simulators.
export const pluggyLogin = {
  vendor: 'pluggy', baseUrl: PLUGGY, accountRef: 'b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90',
  clientId: '3f1c2d5e-6a7b-4c8d-9e0f-1a2b3c4d5e6f', secret: 'sim-secret-not-real',
};
// unreadLogin is the item whose bank the vendor last read nine days ago.
export const unreadLogin = { ...pluggyLogin, accountRef: '5d0c8e17-9f42-4b6a-8c33-7e1b2a90d4f6' };
export const pluggyBankAccount = '11aa22bb-33cc-4d44-8e55-66ff77aa88bb';
export const belvoLogin = {
  vendor: 'belvo', baseUrl: BELVO, accountRef: '6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12',
  clientId: 'sim-secret-id', secret: 'sim-secret-not-real',
};

export const plaidLogin = {
  vendor: 'plaid', baseUrl: PLAID, accountRef: 'eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6',
  clientId: '57d288f8ad6f5a0011c4a1b2', secret: 'plaid-sim-secret-not-real',
  accessToken: 'access-sandbox-de3ce8ef-33f8-452c-a685-8671031fc0f6',
};

// The tenant whose data seed.mjs writes and screenshots.mjs shows.
export const screenshotsTenant = 900;

// presentDay is the present day as the console sees it: a day ends when it has ended in Mexico.
export const presentDay = () => new Date(Date.now() - 6 * 3600000).toISOString().slice(0, 10);

const endOfMonthBefore = (day) => new Date(Date.parse(day.slice(0, 8) + '01') - 86400000).toISOString().slice(0, 10);

// lastDay is the last day of the month before, which is the day that the month-end closes.
export const lastDay = endOfMonthBefore(presentDay());

// coveredDay is the last day of the last month that a bank read just now covers. In the first days of a month this is not
// lastDay: the next banking day can be four days away.
export const coveredDay = endOfMonthBefore(new Date(Date.parse(presentDay()) - 5 * 86400000).toISOString());

export const bothScopes = 'discovery:read discovery:write';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// token returns a signed operator token. Each number is a tenant of its own. other are claims that replace the usual ones.
export function token(tenant, { scope = bothScopes, expires = 3600, ...other } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: 'console-tests', aud: 'discovery', sub: 'operator', scope, iat: now - 7200, exp: now + expires,
    tenant_id: '018f0000-0000-7000-8000-' + String(tenant).padStart(12, '0'),
    ...other,
  };
  const text = encode({ alg: 'HS256', typ: 'JWT' }) + '.' + encode(claims);
  return text + '.' + createHmac('sha256', AUTH_JWT_SECRET).update(text).digest('base64url');
}

// api calls the service and returns the decoded body.
export async function api(operator, method, path, body) {
  const response = await fetch(SERVICE + '/v1/discovery' + path, {
    method, body: body && JSON.stringify(body),
    headers: { Authorization: 'Bearer ' + operator, ...(body && { 'Content-Type': 'application/json' }) },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

// control calls the control API of a simulator.
export async function control(origin, method, path, body) {
  const response = await fetch(origin + '/_control' + path, { method, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

// sendPluggyWebhook makes the simulator send a webhook to a URL, and returns the status of the response.
export async function sendPluggyWebhook(
  url, event = { event: 'item/updated', itemId: pluggyLogin.accountRef }, authorization = 'Bearer pluggy',
) {
  const target = { url, headers: { Authorization: authorization } };
  const { receipts } = await control(PLUGGY, 'POST', '/webhooks', { target, events: [event] });
  return receipts[0].status;
}

// until calls probe until it returns a value other than false, and returns that value.
export async function until(what, probe, timeout = 60000) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error('timeout: ' + what);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

// connect creates a connection, and pulls it if pulled is set.
export async function connect(operator, login, configName, pulled = true) {
  const connection = await api(operator, 'POST', '/aggregator-connections', { ...login, configName });
  if (pulled) await pull(operator, connection.id);
  return connection;
}

// confirm pulls again after another synchronisation of the item: one reading alone confirms no balance.
export async function confirm(operator, id, item = pluggyLogin.accountRef) {
  await control(PLUGGY, 'POST', `/items/${item}/status`, { status: 'UPDATED', executionStatus: 'SUCCESS' });
  await pull(operator, id);
}

// pull requests a pull and waits until it has ended.
export async function pull(operator, id) {
  const { id: requested } = await api(operator, 'POST', `/aggregator-connections/${id}/pulls`, {});
  return until('the pull', async () => {
    const state = await api(operator, 'GET', '/pulls/' + requested);
    return (state.status === 'succeeded' || state.status === 'failed') && state;
  });
}
