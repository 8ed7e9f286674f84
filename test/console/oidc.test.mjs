// The sign-in to the console at an OpenID Connect provider.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkAccessibility, checkWidth, launch, open } from './browser.mjs';
import { SERVICE } from './env.mjs';

const { ISSUER } = process.env;
const host = new URL(ISSUER).host;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const heading = (page, name, level = 1) => page.getByRole('heading', { level, name }).waitFor();

// openConsole opens a window that may talk to the provider. Its pages request a font, which is not answered.
async function openConsole(path, options = {}) {
  const page = await open(browser, 'about:blank', { origins: [ISSUER, 'https://fonts.googleapis.com'], ...options });
  await page.context().route(/fonts\.googleapis/, (route) => route.fulfill({ body: '' }));
  await page.goto(SERVICE + path);
  return page;
}

// enter answers the pages of the provider.
async function enter(page, tenant) {
  await page.getByPlaceholder('Enter any login').fill(String(tenant));
  await page.getByPlaceholder('and password').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

// signIn opens a page of the console and signs in.
async function signIn(path, tenant, options) {
  const page = await openConsole(path, options);
  await page.getByRole('button', { name: 'Sign in at ' + host }).click();
  await enter(page, tenant);
  await page.waitForURL(SERVICE + path);
  return page;
}

// answered returns the bodies of the answers of the token endpoint.
function answered(page) {
  const bodies = [];
  page.context().on('response', async (response) => {
    if (response.url() === ISSUER + '/token' && response.request().method() === 'POST') bodies.push(await response.json().catch(() => ({})));
  });
  return bodies;
}

test('an operator signs in at the provider, and returns to the same page with tokens in memory only', async () => {
  const page = await openConsole('/console/audit?actor=nobody');
  const answers = answered(page);
  await heading(page, 'Sign in');
  assert.equal(await page.getByLabel('Operator token').count(), 0);
  await checkAccessibility(page, 'the sign-in at a provider');
  await page.getByRole('button', { name: 'Sign in at ' + host }).click();
  await page.waitForURL(ISSUER + '/**');
  await enter(page, 81);
  await page.waitForURL(SERVICE + '/console/audit?actor=nobody');
  await page.getByText('Nothing matches these filters.').waitFor();
  const [{ access_token: access, refresh_token: refresh, id_token: id, scope }] = answers;
  assert.equal(scope, 'discovery:read discovery:write');
  const kept = await page.evaluate(() => [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), window.location.href, document.cookie].join());
  for (const secret of [access, refresh, id]) assert.ok(secret && !kept.includes(secret), 'a token is kept: ' + kept);
  assert.doesNotMatch(kept, /code=|verifier/);

  await page.reload(); // the provider knows the operator, and asks nothing
  await page.getByText('Nothing matches these filters.').waitFor();
  assert.equal(page.url(), SERVICE + '/console/audit?actor=nobody');

  const revoked = page.waitForRequest(ISSUER + '/token/revocation');
  await page.getByRole('button', { name: 'Sign out' }).click();
  assert.ok((await revoked).postData().includes('token='));
  await page.getByRole('button', { name: /Yes, sign me out/ }).click();
  await page.waitForURL(SERVICE + '/console');
  await heading(page, 'Sign in');
  await page.finish();
});

test('the token is renewed before it expires, and a form that is filled in stays', async () => {
  const page = await openConsole('/console/connections/new', { expected: [/status of 401/] });
  await page.clock.install();
  await page.reload();
  const answers = answered(page);
  await page.getByRole('button', { name: 'Sign in at ' + host }).click();
  await enter(page, 82);
  await page.getByLabel('Name').fill('half filled in');
  assert.equal(answers.length, 1);
  const renewal = page.waitForResponse(ISSUER + '/token');
  await page.clock.fastForward('09:30');
  assert.equal((await renewal).status(), 200);
  await page.getByRole('link', { name: 'Cancel' }).waitFor();
  assert.equal(await page.getByLabel('Name').inputValue(), 'half filled in');
  assert.notEqual(answers.at(-1).access_token, answers[0].access_token);

  // The service no longer accepts the token: it is renewed, and the request is repeated.
  let refused = 0;
  await page.route('**/v1/discovery/aggregator-connections', (route) => (refused++ === 0
    ? route.fulfill({ status: 401, json: { detail: 'the token is not accepted' } }) : route.continue()));
  await page.getByLabel('Base URL').fill('http://127.0.0.1:1');
  await page.getByLabel('Account reference').fill('x');
  await page.getByLabel('Client id').fill('x');
  await page.getByLabel('Secret').fill('x');
  await page.getByRole('button', { name: 'Create a connection' }).click();
  await page.waitForURL(/\/connections\/[0-9a-f-]{36}/);
  assert.equal(refused, 2);
  assert.equal(answers.length, 3);
  await page.finish();
});

test('if the token cannot be renewed, the operator signs in in another window, and a form stays', async () => {
  const page = await signIn('/console/connections/new', 83, { expected: [/status of 40[01]/] });
  await page.getByLabel('Name').fill('half filled in');
  const gone = { status: 400, headers: { 'Access-Control-Allow-Origin': '*' }, json: { error: 'invalid_grant' } };
  await page.route(ISSUER + '/token', (route) => route.fulfill(gone));
  await page.route('**/v1/discovery/aggregator-connections', (route) => route.fulfill({ status: 401, json: {} }));
  await page.getByLabel('Base URL').fill('http://127.0.0.1:1');
  for (const label of ['Account reference', 'Client id', 'Secret']) await page.getByLabel(label).fill('x');
  const create = page.getByRole('button', { name: 'Create a connection' });
  await create.click();
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  await dialog.waitFor();
  await checkAccessibility(page, 'signing in again');
  await page.keyboard.press('Escape');
  await dialog.waitFor();
  await page.unrouteAll();
  const popup = page.context().waitForEvent('page');
  await dialog.getByRole('button', { name: 'Sign in at ' + host }).click();
  await (await popup).waitForEvent('close').catch(() => {});
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await page.getByLabel('Name').inputValue(), 'half filled in');
  await create.click();
  await page.waitForURL(/\/connections\/[0-9a-f-]{36}/);
  await page.finish();
});

test('a refused sign-in and an answer to another request are explained', async () => {
  const page = await openConsole('/console');
  await page.getByRole('button', { name: 'Sign in at ' + host }).click();
  await page.getByRole('link', { name: '[ Cancel ]' }).click();
  await page.getByRole('alert').getByText('The sign-in failed. access_denied').waitFor();
  assert.equal(page.url(), SERVICE + '/console');
  await page.goto(SERVICE + '/console/callback?code=stolen&state=forged&iss=' + encodeURIComponent(ISSUER));
  await heading(page, 'Sign in');
  assert.ok(!page.url().includes('stolen'));
  // Another window of the console receives the answer, but waits for no sign-in, or for another one.
  const other = await page.context().newPage();
  await other.goto(SERVICE + '/console');
  await heading(other, 'Sign in');
  await page.goto(SERVICE + '/console/callback?code=stolen&state=forged&iss=' + encodeURIComponent(ISSUER));
  await heading(page, 'Sign in');
  assert.equal(await page.getByText('You are signed in').count(), 0);
  await other.close();
  await page.context().route(ISSUER + '/.well-known/**', (route) => route.fulfill({ json: { issuer: 'http://evil.example', token_endpoint: 'http://evil.example/token' } }));
  await page.reload();
  await page.getByRole('button', { name: 'Sign in at ' + host }).click();
  await page.getByRole('alert').getByText('The sign-in failed. issuer').waitFor();
  await page.finish();
});

test('the sign-in fits a narrow window and is in Portuguese', async () => {
  const page = await openConsole('/console', { locale: 'pt-BR', viewport: { width: 400, height: 900 }, colorScheme: 'dark' });
  await page.getByRole('button', { name: 'Entrar em ' + host }).waitFor();
  await checkAccessibility(page, 'the narrow sign-in');
  await checkWidth(page, 'the narrow sign-in');
  await page.finish();
});
