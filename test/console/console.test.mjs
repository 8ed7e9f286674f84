// The console in a browser, as an operator uses it. Each test has a tenant of its own.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { after, afterEach, before, test } from 'node:test';
import { checkAccessibility, closePages, launch, open } from './browser.mjs';
import {
  api, belvoLogin, confirm, connect, control, coveredDay, lastDay, PLAID, plaidLogin, PLUGGY, pluggyBankAccount, pluggyLogin, presentDay, pull, sendPluggyWebhook, SERVICE, token, unreadLogin, until,
} from './env.mjs';

// uncovered is what the browser reports of a statement up to lastDay while the bank has not had time to book that day.
const uncovered = coveredDay === lastDay ? [] : [/status of 409/];

let browser;
before(async () => { browser = await launch(); });
afterEach((context) => closePages(browser, context));
after(() => browser.close());

const heading = (page, name, level = 1) => page.getByRole('heading', { level, name }).waitFor();
const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
const openMenu = (page) => page.locator('.menu > summary').click();

// act chooses an action in the menu of a connection.
const act = async (page, name) => {
  await openMenu(page);
  await press(page, name);
};
const follow = (page, name) => page.getByRole('link', { name, exact: true }).click();

test('an operator signs in, and the token stays in the tab', async () => {
  const operator = token(1);
  const connection = await connect(operator, pluggyLogin, 'main-bank');
  const page = await open(browser, '/console');
  await heading(page, 'Sign in');
  await page.getByLabel('Operator token').fill('not-a-token');
  await press(page, 'Sign in');
  await page.getByText('This is not a token.').waitFor();
  await page.getByLabel('Operator token').fill(token(1, { expires: -60 }));
  await press(page, 'Sign in');
  await page.getByText('This token has expired.').waitFor();
  await page.getByLabel('Operator token').fill(operator);
  await press(page, 'Sign in');
  await heading(page, 'Your connection needs nothing.');
  await follow(page, 'main-bank');
  await heading(page, 'main-bank');
  assert.equal(new URL(page.url()).pathname, '/console/connections/' + connection.id);
  await page.reload();
  await page.getByRole('table', { name: 'Accounts' }).waitFor();
  const kept = await page.evaluate(() => [JSON.stringify({ ...localStorage }), window.location.href, document.cookie].join());
  assert.ok(!kept.includes(operator), 'the token is kept outside sessionStorage');
  await press(page, 'Sign out');
  await heading(page, 'Sign in');
  assert.equal(await page.evaluate(() => sessionStorage.getItem('discovery.token')), null);
  await page.finish();
});

test('an operator connects a bank, and follows a webhook to its rows', async () => {
  const operator = token(2);
  const page = await open(browser, '/console', { token: operator, permissions: ['clipboard-read', 'clipboard-write'] });
  await heading(page, 'There is no connection yet.');
  await follow(page, 'Create a connection');
  await page.getByLabel('Name').fill('shop');
  await page.getByLabel('Base URL').fill(PLUGGY);
  await page.getByLabel('Account reference').fill(pluggyLogin.accountRef);
  await page.getByLabel('Client id').fill(pluggyLogin.clientId);
  await page.getByLabel('Secret').fill(pluggyLogin.secret);
  await press(page, 'Create a connection');
  await heading(page, 'Set up shop');
  const next = page.locator('.steps [aria-current=step]');
  await next.getByRole('heading', { name: 'Test the credential' }).waitFor();
  await press(page, 'Test');
  await page.getByText('the credential is accepted, and').waitFor();
  await next.getByRole('heading', { name: 'Give the vendor a webhook address' }).waitFor();
  await follow(page, 'Later');
  await heading(page, 'shop');
  await page.getByText('This connection has not read its bank yet.').waitFor();
  await follow(page, 'Deliveries');
  await page.getByText('No webhook yet.').waitFor();
  await follow(page, 'Continue the setup');
  await next.getByRole('heading', { name: 'Give the vendor a webhook address' }).waitFor();
  await press(page, 'Mint a token');
  await press(page, 'Mint');
  await page.getByText('This URL is shown only once.').waitFor();
  await press(page, 'Copy');
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  const url = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(url.startsWith(SERVICE + '/v1/discovery/webhooks/pluggy/'), url);
  await page.getByText('No webhook has arrived yet.').waitFor();
  await press(page, 'I have stored it');
  assert.equal(await page.getByText(url).count(), 0);
  await next.getByRole('heading', { name: 'Read the bank for the first time' }).waitFor();
  await press(page, 'Pull now');
  await page.getByText(/The pull succeeded|rows? added/).first().waitFor();
  await next.getByRole('heading', { name: 'See the rows' }).waitFor();
  await follow(page, 'See the transactions');
  await page.getByRole('cell', { name: 'BOLETO DE ENERGIA' }).waitFor();
  await follow(page, 'Tokens');
  await heading(page, '1 live token. 1 was never used.', 2);

  await follow(page, 'Deliveries');
  assert.equal(await sendPluggyWebhook(url), 202);
  await page.getByRole('link', { name: 'item/updated' }).click();
  await page.getByText('Its pull succeeded.').waitFor();
  await page.getByRole('region', { name: 'Payload' }).getByText('"item/updated"').waitFor();
  await press(page, 'Replay');
  await page.getByText('The delivery is replayed.').waitFor();
  await page.getByText('Its pull succeeded.').waitFor();

  await page.getByRole('link', { name: 'Deliveries' }).first().click();
  await press(page, 'Replay several');
  await page.getByRole('dialog').getByLabel('Status').selectOption({ label: 'Processed' });
  await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click();
  await page.getByText('1 delivery is replayed.').waitFor();

  await follow(page, 'Transactions');
  await page.getByRole('cell', { name: 'BOLETO DE ENERGIA' }).waitFor();
  await page.getByLabel('Status').selectOption('pending');
  await page.getByText('1 row, 1 pending.').waitFor();
  assert.match(page.url(), /status=pending/);
  await page.reload();
  await page.getByText('1 row, 1 pending.').waitFor();

  await follow(page, 'Pulls');
  await page.getByRole('row', { name: /Webhook Succeeded/ }).first().waitFor();

  await follow(page, 'Tokens');
  await page.getByRole('heading', { name: '1 live token.', exact: true }).waitFor();
  await press(page, 'Revoke');
  await page.getByRole('dialog').getByText('Its next webhook with this URL will be refused.').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await heading(page, '0 live tokens.', 2);
  assert.equal(await sendPluggyWebhook(url), 401);

  await act(page, 'Delete');
  const confirm = page.getByRole('dialog').getByRole('button', { name: 'Delete' });
  assert.ok(await confirm.isDisabled());
  await page.getByLabel('To confirm, type shop').fill('shop');
  await confirm.click();
  await heading(page, 'There is no connection yet.');
  await page.finish();
});

test('a statement file is compared with an account, and its difference is accepted', async () => {
  const operator = token(32);
  const { id } = await connect(operator, pluggyLogin, 'ledger');
  const page = await open(browser, '/console/connections/' + id, { token: operator });
  await page.getByRole('link', { name: 'Compare' }).first().click();
  await page.getByText('No statement of the bank has been compared with this account yet.').waitFor();
  await page.getByLabel('Statement file of the bank').setInputFiles({
    name: 'extrato.ofx', mimeType: 'application/x-ofx',
    buffer: Buffer.from('OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nCHARSET:1252\r\n\r\n<OFX><BANKMSGSRSV1><STMTTRNRS>'
      + '<STMTRS><CURDEF>BRL<BANKACCTFROM><BANKID>999<ACCTID>0001/54321-0<ACCTTYPE>CHECKING</BANKACCTFROM>'
      + '<BANKTRANLIST><DTSTART>20260101<DTEND>20260131<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260105<TRNAMT>-89.90'
      + '<FITID>1<MEMO>PIX ENVIADO</STMTTRN></BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>'),
  });
  await page.getByRole('heading', { name: 'The bank statement differs from the transactions.' }).waitFor();
  const line = page.getByRole('table', { name: 'Only at the bank' }).getByRole('row', { name: /PIX ENVIADO/ });
  await line.getByText('-89.90').or(line.getByText('−89.90')).waitFor();
  await checkAccessibility(page, 'the bank statements');
  await page.goto(SERVICE + '/console/month-end?day=2026-01-31');
  await page.getByText('1 account has a problem.').waitFor();
  await page.getByRole('row', { name: /Conta de Ensaio/ }).getByText('Bank statement differs').waitFor();
  await page.goto(SERVICE + '/console');
  await press(page, 'See the bank statement');
  await page.getByRole('heading', { name: 'The bank statement differs from the transactions.' }).waitFor();
  await press(page, 'Accept the differences');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/reason|Why/i).fill('booked tomorrow');
  await dialog.getByRole('button', { name: 'Accept the differences' }).click();
  await page.getByText(/booked tomorrow/).waitFor();
  await page.goto(SERVICE + '/console/month-end?day=2026-01-31');
  await heading(page, /^0 of 2 accounts are closed to/);
  assert.equal(await page.getByText('Bank statement differs').count(), 0, 'the difference is accepted');
  await page.finish();
});

test('a period is closed after a question that names its completeness, and reopened', async () => {
  const operator = token(31);
  const connection = await connect(operator, pluggyLogin, 'ledger');
  const page = await open(browser, '/console/connections/' + connection.id, { token: operator });
  await page.getByRole('link', { name: 'Closed periods' }).first().click();
  await page.getByText('No period is closed.').first().waitFor();
  await page.getByLabel('Last day of the period').fill('2026-01-31');
  await press(page, 'Close the period');
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/The account is complete|It is not known whether the account is complete/).waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('No period is closed.').first().waitFor();
  await press(page, 'Close the period');
  await dialog.getByText(/complete/).waitFor();
  await dialog.getByRole('button', { name: 'Close the period' }).click();
  await page.getByText('1 period is closed').waitFor();
  await press(page, 'Adjustments');
  await page.getByText(/^Covers all \d+ transactions dated up to this day; their sum is/).waitFor();
  await page.getByText('Nothing has changed since.').waitFor();
  await checkAccessibility(page, 'closes');
  await page.reload();
  await page.getByText('Nothing has changed since.').waitFor();
  await page.getByRole('button', { name: 'Reopen' }).click();
  await dialog.getByText('stays readable among the reopened ones').waitFor();
  await dialog.getByRole('button', { name: 'Reopen' }).click();
  await page.getByText('No period is closed.').first().waitFor();
  await page.getByRole('table', { name: 'Reopened periods' }).getByRole('link', { name: 'Statement as it was closed' }).click();
  await page.getByText(/^This close was reopened on/).waitFor();
  await page.finish();
});

test('a transaction shows its versions and its earlier ids, and a replacement is undone', async () => {
  const operator = token(32);
  const row = { accountId: pluggyBankAccount, description: 'PADARIA DO TESTE', amount: -18.25, type: 'DEBIT', status: 'PENDING' };
  const { id: pending } = await control(PLUGGY, 'POST', '/transactions', { ...row, date: new Date().toISOString() });
  const { id } = await connect(operator, pluggyLogin, 'versions');
  const { id: posted } = await control(PLUGGY, 'POST', `/transactions/${pending}/churn`);
  await pull(operator, id);
  const [{ id: transaction }] = (await api(operator, 'GET', `/aggregator-connections/${id}/transactions?externalId=${pending}`)).items;
  const page = await open(browser, `/console/connections/${id}/transactions/${transaction}`, { token: operator });
  const past = page.getByRole('table', { name: 'Earlier ids at the vendor' });
  await past.getByText(pending).waitFor();
  const versions = page.getByRole('table', { name: 'Versions' });
  await versions.getByText('2. The vendor replaced the row; the service recognised the same movement.').waitFor();
  await versions.getByText('1. The vendor showed the transaction for the first time.').waitFor();
  await versions.getByText(/^Id at the vendor: /).waitFor();
  await checkAccessibility(page, 'versions');
  await press(page, 'Undo the last replacement');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('are never matched again').waitFor();
  await dialog.getByRole('button', { name: 'Undo the last replacement' }).click();
  await versions.getByText('3. operator undid a replacement.').waitFor();
  await past.waitFor({ state: 'detached' }); // the page loads the versions and the transaction separately
  await control(PLUGGY, 'DELETE', '/transactions/' + posted);
  await page.finish();
});

test('an account shows whether it is complete, and a difference is accepted with a reason', async () => {
  const operator = token(33);
  const row = { accountId: pluggyBankAccount, description: 'PIX DO TESTE', amount: -7.5, type: 'DEBIT', status: 'POSTED' };
  const { id: lost } = await control(PLUGGY, 'POST', '/transactions', { ...row, date: new Date().toISOString() });
  const { id } = await connect(operator, pluggyLogin, 'complete');
  await confirm(operator, id);
  const page = await open(browser, '/console/connections/' + id, { token: operator });
  await page.getByRole('link', { name: 'Completeness' }).first().click();
  await page.getByText('The transactions explain the balance.').waitFor();
  const checks = page.getByRole('table', { name: 'Checks' });
  await checks.getByText('Balance without posted transactions').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Accept the difference' }).count(), 0);
  await control(PLUGGY, 'DELETE', '/transactions/' + lost);
  await confirm(operator, id);
  await page.reload();
  await checks.getByText('−7.50 BRL').waitFor();
  await checks.getByText('Difference found').waitFor();
  const difference = page.url();
  for (const where of ['/console/connections/' + id, '/console/month-end?day=' + coveredDay]) { // complete until the difference has lasted
    await page.goto(SERVICE + where);
    await page.getByRole('link', { name: 'Difference found' }).waitFor();
  }
  await page.goto(difference);
  await page.getByRole('table', { name: 'Balances by day' }).waitFor();
  await checkAccessibility(page, 'completeness');
  await press(page, 'Accept the difference');
  const dialog = page.getByRole('dialog');
  assert.ok(await dialog.getByRole('button', { name: 'Accept the difference' }).isDisabled());
  await dialog.getByLabel('Why is the difference right?').fill('the bank took the payment back');
  await dialog.getByRole('button', { name: 'Accept the difference' }).click();
  await until('the difference', async () => (await page.getByRole('button', { name: 'Accept the difference' }).count()) === 0);
  await page.finish();
});

test('a connection that needs a person is on top, with its reason and the remedy', async () => {
  const operator = token(3);
  await connect(operator, pluggyLogin, 'good');
  const { id: broken } = await connect(operator, { ...pluggyLogin, secret: 'wrong' }, 'broken');
  const page = await open(browser, '/console', { token: operator });
  await heading(page, '1 of 2 connections needs you.');
  const needy = page.getByRole('list', { name: 'Connections that need you' });
  await needy.getByText('The vendor rejects the credential.').waitFor();
  await page.getByLabel('Search').fill('GOO');
  await page.getByLabel('Health').selectOption('healthy');
  const rows = page.getByRole('table', { name: 'All connections' }).getByRole('row');
  await until('the filter', async () => (await rows.count()) === 2);
  await page.waitForURL(/q=GOO/);
  await page.reload();
  await heading(page, '1 of 2 connections needs you.');
  await until('the filter after the reload', async () => (await rows.count()) === 2);
  assert.equal(await page.getByLabel('Search').inputValue(), 'GOO');
  await needy.getByText('Now:').waitFor();
  await needy.locator('.muted', { hasText: / ago|now/ }).waitFor();
  await needy.getByRole('button', { name: 'Enter a new credential' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Client id').fill(pluggyLogin.clientId);
  await dialog.getByLabel('Secret').fill(pluggyLogin.secret);
  await dialog.getByRole('button', { name: 'Save and pull' }).click();
  await page.getByText(/The pull (was requested|is finished)/).waitFor();
  await page.getByRole('table', { name: 'All connections' }).waitFor();
  await page.goto(SERVICE + '/console/connections/' + broken + '/pulls');
  await page.getByText('Replace the credential, then pull again.').waitFor();
  await page.getByText('The last 2 pulls: 1 good.').waitFor();
  await page.getByText(/Last read .*, \d+ new rows\./).waitFor();
  await page.finish();
});

test('a warning of the health is a reason in words', async () => {
  const operator = token(16);
  const { id } = await connect(operator, pluggyLogin, 'bank');
  const page = await open(browser, '/console/search', { token: operator });
  await page.route('**/health', async (route) => {
    const response = await route.fetch();
    const since = new Date(Date.now() - 3 * 86400000).toISOString();
    const attention = ['drifting', 'mass_removal', 'reauth'].map((reason) => ({ reason, severity: 'now', since }));
    await route.fulfill({ response, json: { ...(await response.json()), attention } });
  });
  await page.goto(SERVICE + '/console/connections/' + id);
  await page.getByText('The transactions of an account do not explain its balance.').waitFor();
  await page.getByText('The vendor no longer showed many rows.').waitFor();
  await page.getByText('3 days ago').first().waitFor();
  await press(page, 'Send a sign-in link');
  await page.getByRole('dialog', { name: 'Sign-in link' }).getByText('https://connect.pluggy.ai/?connect_token=').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await page.route('**/completeness', async (route) => {
    const response = await route.fetch();
    const checks = [{ check: 'balance_anchor', state: 'drifting', expected: '100', actual: '112.34', difference: '12.34' }];
    await route.fulfill({ response, json: { ...(await response.json()), state: 'drifting', checks } });
  });
  await press(page, 'See the difference');
  const difference = page.getByRole('dialog', { name: 'Accept the difference?' });
  await difference.getByText('+12.34 BRL').waitFor();
  assert.ok(await difference.getByRole('button', { name: 'Accept the difference' }).isDisabled());
  await difference.getByLabel('Why is the difference right?').fill('a fee of the bank');
  await page.route('**/completeness/accept', (route) => route.fulfill({ json: { state: 'complete', asked: route.request().postDataJSON().reason } }));
  await difference.getByRole('button', { name: 'Accept the difference' }).click();
  await page.getByText('The difference is accepted.').waitFor();
  await press(page, 'See the difference');
  await difference.getByRole('link', { name: 'See the checks, the day and the records' }).click();
  await page.waitForURL(/\/accounts\/[^/]+\/completeness$/);
  await page.finish();
});

test('a token is minted with a source secret, or with a webhook at the vendor', async () => {
  const operator = token(41);
  const { id } = await connect(operator, pluggyLogin, 'bank', false);
  const page = await open(browser, `/console/connections/${id}/tokens`, { token: operator, expected: [/status of 502/] });
  const mint = async (option) => {
    await press(page, 'Mint a token');
    await page.getByRole('dialog').getByLabel('How webhooks prove their source').selectOption({ label: option });
    await page.getByRole('dialog').getByRole('button', { name: 'Mint' }).click();
  };
  await mint('With a secret of this token');
  await page.getByText('Also set this value as the Authorization header').waitFor();
  const [url, secret] = await page.locator('.minted code').allInnerTexts();
  assert.match(secret, /^Bearer [\w-]{43}$/);
  assert.equal(await sendPluggyWebhook(url), 401);
  assert.equal(await sendPluggyWebhook(url, undefined, secret), 202);
  await press(page, 'I have stored it');
  assert.equal(await page.getByText(secret).count(), 0);

  await mint('Register the webhook at Pluggy'); // which accepts only https, unlike the service under test
  await page.getByRole('dialog').getByRole('alert').getByText('The vendor refused the request.').waitFor();
  await page.route('**/webhooks/tokens', (route) => (route.request().method() !== 'POST' ? route.continue() : route.fulfill({
    status: 201,
    json: { id, token: 'x', webhookUrl: 'https://hooks.example/x', vendor: 'pluggy', registration: { id: 'w', state: 'active' } },
  })));
  await page.getByRole('dialog').getByRole('button', { name: 'Mint' }).click();
  await page.getByText('Pluggy sends to this token now.').waitFor();
  assert.equal(await page.getByText('https://hooks.example/x').count(), 0);
  await page.unroute('**/webhooks/tokens');
  await page.route('**/webhooks/tokens', (route) => (route.request().method() !== 'POST' ? route.continue() : route.fulfill({
    status: 200, json: { id: 'shared-token', vendor: 'pluggy', registration: { id: 'w', state: 'active', shared: true } },
  })));
  await mint('Register the webhook at Pluggy');
  await page.getByText('Pluggy already sends to this service').waitFor();
  await page.finish();

  const belvo = await connect(operator, belvoLogin, 'link', false);
  const other = await open(browser, `/console/connections/${belvo.id}/tokens`, { token: operator });
  await press(other, 'Mint a token');
  await other.getByRole('dialog').waitFor();
  assert.equal(await other.getByRole('dialog').getByRole('option').count(), 2);
  await other.finish();
});

test('a form shows the message of each invalid field beside it', async () => {
  const operator = token(4);
  await connect(operator, pluggyLogin, 'taken', false);
  const page = await open(browser, '/console/connections/new', { token: operator, expected: [/status of 4\d\d/] });
  const fill = async (values) => {
    for (const [label, value] of Object.entries(values)) await page.getByLabel(label).fill(value);
    await press(page, 'Create a connection');
  };
  await fill({ Name: 'taken', 'Base URL': 'https://10.0.0.1', 'Account reference': 'x', 'Client id': 'x', Secret: 'x' });
  await page.locator('#baseUrl-error').getByText('The service must not call this address.').waitFor();
  assert.equal(await page.getByLabel('Base URL').getAttribute('aria-invalid'), 'true');
  await fill({ 'Base URL': PLUGGY });
  await page.locator('#configName-error').getByText('A connection or an open sign-in link has this name.').waitFor();
  await page.finish();
});

test('the access token of a Plaid connection is kept, replaced, and never shown again', async () => {
  const operator = token(73);
  const page = await open(browser, '/console/connections/new', { token: operator, expected: [/status of 400/] });
  const answers = [];
  page.on('response', (response) => response.url().includes('/v1/') && answers.push(response.text().catch(() => '')));
  const healthy = () => api(operator, 'POST', '/aggregator-connections/test', { vendor: 'plaid', configName: 'plaid-bank' })
    .then((outcome) => outcome.healthy);
  const field = (label) => page.getByLabel(label, { exact: true });
  await page.getByLabel('Vendor').selectOption('Plaid');
  const { accessToken, ...others } = plaidLogin;
  await field('Name').fill('plaid-bank');
  await field('Base URL').fill(PLAID);
  await field('Account reference').fill(others.accountRef);
  await field('Client id').fill(others.clientId);
  await field('Secret').fill(others.secret);
  await press(page, 'Create a connection');
  await page.locator('#accessToken-error').getByText('Fill this in.').waitFor();
  await field('Access token').fill(` ${accessToken} `); // as it is copied with its blanks
  await press(page, 'Create a connection');
  await page.waitForURL(/setup$/);
  assert.ok(await healthy(), 'the access token is stored');
  const connection = page.url().replace('/setup', '');

  const edit = async (values) => {
    await page.goto(connection + '/edit');
    assert.equal(await field('Access token').inputValue(), '');
    for (const [label, value] of Object.entries(values)) await field(label).fill(value);
    await press(page, 'Save');
  };
  await edit({ 'Client id': others.clientId, Secret: others.secret });
  await page.waitForURL(connection);
  assert.ok(await healthy(), 'an empty field keeps the access token when the credential is rotated');
  await edit({ 'Account reference': 'another-item' });
  await page.locator('#accessToken-error').getByText('Fill this in.').waitFor();
  assert.equal(await page.locator('#accessToken-hint').count(), 0, 'the hint contradicts the error');
  assert.equal(await field('Account reference').inputValue(), 'another-item');
  await edit({ Secret: 'half of a pair' });
  await page.locator('#clientId-error').getByText('Fill this in.').waitFor();
  await edit({ 'Access token': 'access-sandbox-another' });
  await page.waitForURL(connection);
  assert.ok(!await healthy(), 'the new access token replaces the stored one');
  await edit({ 'Access token': accessToken });
  await page.waitForURL(connection);
  assert.ok(await healthy(), 'the access token is replaced again');
  await heading(page, 'plaid-bank');
  for (const text of [await page.content(), ...await Promise.all(answers)]) assert.ok(!text.includes(accessToken));
  await page.finish();
});

test('what is no date is refused at its field, in the language of the console', async () => {
  const operator = token(74);
  const { id } = await connect(operator, pluggyLogin, 'dates');
  const { items: [account] } = await api(operator, 'GET', `/aggregator-connections/${id}/accounts`);
  const path = '/console/connections/' + id;
  const page = await open(browser, '/console', { token: operator, locale: 'pt-BR', viewport: { width: 400, height: 900 }, expected: [/status of 400/, ...uncovered] });
  // The order of the parts of a date is that of the browser: here month, day, year.
  for (const [where, name] of [
    ['/console/search', 'from'], [path + '/transactions', 'from'], [`${path}/accounts/${account.id}/statement`, 'from'], ['/console/audit', 'to'],
    [`${path}/accounts/${account.id}/closes`, 'date'], ['/console/month-end', 'day'],
  ]) {
    await page.goto(SERVICE + where);
    const input = page.locator('#' + name);
    await input.focus();
    await page.keyboard.type('02312026');
    await page.keyboard.press('Shift+Tab'); // leaves the field: its parts come before
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.locator(`#${name}-error`).getByText('Data inválida.').waitFor();
    assert.ok(await input.evaluate((element) => element.validity.badInput), where + ' has dropped what was typed');
    await input.fill('2026-01-31');
    await page.locator(`#${name}-error`).waitFor({ state: 'detached' });
  }
  // What was typed stays when the page is rendered again before the field is left.
  let answer;
  const answered = new Promise((resolve) => { answer = resolve; });
  await page.route('**/accounts/*/completeness', async (route) => {
    await answered;
    await route.continue();
  });
  await page.goto(SERVICE + '/console/month-end');
  await page.locator('#day').focus();
  await page.keyboard.type('02312026');
  answer();
  await page.getByRole('table').getByRole('link', { name: /Conferência do saldo/ }).first().filter({ hasNotText: '…' }).waitFor();
  assert.ok(await page.locator('#day').evaluate((element) => element.validity.badInput), 'a later answer has dropped what was typed');
  await page.unrouteAll();
  for (const where of ['/console/search', path + '/transactions', '/console/audit']) {
    await page.goto(`${SERVICE + where}?q=boleto&from=2026-02-02&to=2026-02-01`);
    await page.locator('#to-error').getByText('O último dia é anterior ao primeiro.').waitFor();
    assert.equal(await page.locator('#from').inputValue(), '2026-02-02');
  }
  await page.goto(`${SERVICE}${path}/accounts/${account.id}/closes`);
  await page.locator('#date').fill('2999-12-31');
  await press(page, 'Fechar o período');
  await page.locator('#date-error').getByText('Este dia ainda não terminou.').waitFor();
  await page.finish();
});

test('a webhook is found by its time, and leads to its pull, its transactions, and back', async () => {
  const operator = token(75);
  const { id } = await connect(operator, pluggyLogin, 'webhooks');
  const { webhookUrl } = await api(operator, 'POST', '/webhooks/tokens', { vendor: 'pluggy', connection_config_name: 'webhooks' });
  const added = await control(PLUGGY, 'POST', '/transactions', {
    accountId: pluggyBankAccount, type: 'DEBIT', status: 'POSTED', date: new Date().toISOString(), description: 'PAGO PELO WEBHOOK', amount: -7.31,
  });
  await sendPluggyWebhook(webhookUrl);
  const delivery = await until('the pull of the webhook', async () => {
    const { items: [received] } = await api(operator, 'GET', '/webhooks/deliveries?connectionId=' + id);
    return received?.status === 'processed' && received;
  });
  const page = await open(browser, '/console/webhooks', { token: operator, timezoneId: 'America/Sao_Paulo', expected: [/status of 400/] });
  const table = page.getByRole('table', { name: 'Deliveries' });
  await page.getByText('Times are those of America/Sao_Paulo.').waitFor();
  // The times are exact, in the zone of the reader, and the last minute belongs to the range.
  const local = (time) => new Date(Date.parse(time) - 3 * 3600000).toISOString().slice(0, 16);
  const minute = local(delivery.receivedAt);
  await table.getByText(new RegExp(delivery.receivedAt.slice(16, 19))).waitFor();
  await page.getByLabel('From').fill(minute);
  await page.getByLabel('Up to and including').fill(minute);
  await press(page, 'Search');
  await table.getByRole('link', { name: 'webhooks' }).waitFor();
  await page.getByLabel('Up to and including').fill(local(new Date(Date.parse(delivery.receivedAt) - 120000).toISOString()));
  await press(page, 'Search');
  await page.locator('#to-error').getByText('The last day is before the first one.').waitFor();
  await page.getByLabel('From').fill(local(new Date(Date.parse(delivery.receivedAt) - 120000).toISOString()));
  await press(page, 'Search');
  await page.getByText('Nothing matches these filters.').waitFor();
  await page.goto(SERVICE + '/console/webhooks');
  await table.getByRole('link', { name: 'item/updated' }).click();
  await page.getByRole('link', { name: 'See the pull' }).click();
  await heading(page, 'Pull');
  const changed = page.getByRole('table', { name: 'Transactions that it added, changed or removed' });
  await changed.getByRole('link', { name: 'PAGO PELO WEBHOOK' }).waitFor();
  assert.equal(await changed.getByRole('row').count(), 2, 'one transaction below the titles');
  await changed.getByRole('link', { name: 'PAGO PELO WEBHOOK' }).click();
  await heading(page, 'PAGO PELO WEBHOOK');
  await page.goBack();
  await page.getByRole('link', { name: 'item/updated' }).click();
  await page.getByText('Its pull succeeded.').waitFor();
  await control(PLUGGY, 'DELETE', '/transactions/' + added.id);
  await page.finish();
});

test('the history of a transaction says who changed what, and which close it adjusts', async () => {
  const operator = token(76);
  const { id } = await connect(operator, pluggyLogin, 'told');
  await confirm(operator, id);
  const { items } = await api(operator, 'GET', `/aggregator-connections/${id}/transactions?status=posted`);
  const item = items.at(-1);
  await api(operator, 'PUT', `/accounts/${item.accountId}/closes/${item.date}`);
  await api(operator, 'POST', `/transactions/${item.id}/exclude`, { reason: 'shown twice' });
  const page = await open(browser, `/console/connections/${id}/transactions/${item.id}`, { token: operator });
  const versions = page.getByRole('table', { name: 'Versions' });
  const excluded = versions.getByRole('row', { name: /^2\./ });
  await excluded.getByText('operator excluded the transaction.').waitFor();
  await excluded.getByText('Reason: shown twice').waitFor();
  await excluded.getByText(/^Excluded: – /).waitFor();
  await versions.getByRole('row', { name: /^1\. The vendor showed the transaction for the first time\./ }).waitFor();
  await versions.getByRole('link', { name: 'Read by a manual pull' }).waitFor();
  await excluded.getByRole('link', { name: /Changes the period closed up to/ }).click();
  await heading(page, 'Changes after the close of', 2);
  await page.finish();
});

test('the title of a view has the focus before a field can be used', async () => {
  const page = await open(browser, '/console', { token: token(5) });
  for (const [section, field] of [['Search', '#from'], ['Audit', '#actor']]) {
    const focused = await page.evaluate(([name, selector]) => new Promise((resolve) => {
      const observer = new globalThis.MutationObserver(() => {
        if (!document.querySelector(selector)) return;
        observer.disconnect();
        resolve(document.activeElement.tagName);
      });
      observer.observe(document.querySelector('main'), { childList: true, subtree: true });
      [...document.querySelectorAll('nav a')].find(({ textContent }) => textContent === name).click();
    }), [section, field]);
    assert.equal(focused, 'H1', section);
  }
  await page.finish();
});

test('after a token has expired, the operator signs in again and is at the same place', async () => {
  const operator = token(5);
  const { id } = await connect(operator, pluggyLogin, 'bank');
  const path = `/console/connections/${id}/transactions?status=posted`;
  const page = await open(browser, path, { token: token(5, { expires: -60 }), expected: [/status of 401/] });
  await heading(page, 'Sign in again', 2);
  await page.getByLabel('Operator token').fill(operator);
  await press(page, 'Sign in');
  await page.getByRole('table', { name: 'Transactions' }).waitFor();
  assert.equal(page.url(), SERVICE + path);
  assert.equal(await page.getByLabel('Status').inputValue(), 'posted');
  await page.finish();
});

test('a token that is refused is said to lack what it lacks, with the name of the claim', async () => {
  for (const [other, said, also] of [
    [{ aud: 'account' }, 'The token is not for this service: its claim aud is account, and must contain discovery.'],
    [{ aud: ['account', 'broker'], tenant_id: undefined }, 'its claim aud is account, broker, and must contain discovery.', 'The token has no claim tenant_id, which names the tenant.'],
    [{ tenant_id: undefined }, 'The token has no claim tenant_id, which names the tenant.'],
    [{ exp: undefined }, 'The token has no claim exp'],
    [{ iss: 'another' }, 'its claims do not show why'],
  ]) {
    const page = await open(browser, '/console', { token: token(198, other), expected: [/401/] });
    const dialog = page.getByRole('dialog');
    await dialog.getByText(said).waitFor();
    if (also) await dialog.getByText(also).waitFor();
    assert.equal(await dialog.getByText('expired').count(), 0, 'the token has not expired');
    await checkAccessibility(page, 'a refused token');
    await page.finish();
  }
});

test('what was typed stays when the token has expired, and when the language changes', async () => {
  const operator = token(71);
  const page = await open(browser, '/console/connections/new', { token: operator, expected: [/status of 401/] });
  const fill = async (values) => {
    for (const [label, value] of Object.entries(values)) await page.getByLabel(label).fill(value);
  };
  await fill({ Name: 'kept', 'Base URL': PLUGGY, 'Account reference': 'x', 'Client id': 'x', Secret: 'x' });
  await press(page, 'PT');
  await page.locator('html[lang=pt-BR]').waitFor();
  assert.equal(await page.locator('#configName').inputValue(), 'kept');
  await press(page, 'EN');
  await page.route('**/aggregator-connections', (route) => route.fulfill({ status: 401, json: {} }));
  await press(page, 'Create a connection');
  await page.getByRole('dialog', { name: 'Sign in again' }).getByLabel('Operator token').fill(operator);
  await page.unroute('**/aggregator-connections');
  await press(page, 'Sign in');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await page.getByLabel('Secret').inputValue(), 'x');
  await press(page, 'Create a connection');
  await heading(page, 'kept');
  await page.finish();
});

test('a page for signing in again is shown once, and a connection is paused and resumed', async () => {
  const operator = token(17);
  const { id } = await connect(operator, pluggyLogin, 'pausable');
  const page = await open(browser, '/console/connections/' + id, { token: operator });
  await act(page, 'Send a sign-in link');
  const dialog = page.getByRole('dialog', { name: 'Sign-in link' });
  await dialog.getByText('https://connect.pluggy.ai/?connect_token=').waitFor();
  await dialog.getByText('It works until').waitFor();
  await dialog.getByRole('button', { name: 'Copy' }).waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  assert.equal(await page.getByText('connect_token=').count(), 0);
  await act(page, 'Read the bank now');
  await page.getByText('The vendor reads the bank.').waitFor();
  await control(PLUGGY, 'POST', `/items/${pluggyLogin.accountRef}/status`, { status: 'UPDATED' });
  await act(page, 'Pause');
  await page.getByText('Paused.', { exact: true }).waitFor();
  await openMenu(page);
  for (const name of ['Test', 'Pull now', 'Read the bank now', 'Send a sign-in link']) {
    assert.ok(await page.getByRole('button', { name, exact: true }).isDisabled(), name);
  }
  await page.goto(SERVICE + '/console');
  await page.getByText('Paused', { exact: true }).waitFor();
  await follow(page, 'pausable');
  await press(page, 'Resume');
  await page.getByText('The connection is resumed.').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Pull now', exact: true }).isEnabled());
  await page.finish();
});

test('a sign-in link for a new account says how its session ends', async () => {
  const operator = token(18);
  const { id } = await connect(operator, pluggyLogin, 'linked', false);
  const page = await open(browser, '/console/connections/new', { token: operator, expected: [/status of 409/] });
  let session = {};
  await page.route('**/link-sessions/*', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ json: { ...await response.json(), ...session } });
  });
  for (const [label, value] of [['Name', 'to-link'], ['Base URL', PLUGGY], ['Client id', pluggyLogin.clientId], ['Secret', pluggyLogin.secret]]) {
    await page.getByLabel(label).fill(value);
  }
  await press(page, 'Let the holder sign in');
  const dialog = page.getByRole('dialog', { name: 'Link a new account' });
  await dialog.getByText('The account holder has not signed in yet.').waitFor();
  session = { status: 'awaiting_approval' };
  await dialog.getByText('An account waits at the bank').waitFor();
  session = { status: 'abandoned' };
  await dialog.getByText('The address no longer works.').waitFor();
  assert.equal(await page.getByText('connect_token=').count(), 0);
  await checkAccessibility(page, 'a session that has ended');
  await press(dialog, 'Make another address');
  // The session is still open.
  await page.locator('#configName-error').getByText('A connection or an open sign-in link has this name.').waitFor();
  session = {};
  await page.getByLabel('Name').fill('to-link-again');
  await press(page, 'Let the holder sign in');
  await dialog.getByText('connect_token=').waitFor();
  session = { status: 'done', connectionId: id };
  await dialog.getByText('The connection linked was created.').waitFor();
  await dialog.getByRole('link', { name: 'linked' }).click();
  await heading(page, 'linked');
  await page.finish();
});

test('an action without its scope stays visible, is disabled, and names the scope', async () => {
  const operator = token(6);
  const { id } = await connect(operator, pluggyLogin, 'bank');
  const page = await open(browser, '/console/connections/' + id, { token: token(6, { scope: 'discovery:read' }) });
  await openMenu(page);
  for (const name of ['Test', 'Pull now', 'Edit', 'Delete']) {
    const button = page.getByRole('button', { name: name + ' needs discovery:write' });
    await button.waitFor();
    assert.ok(await button.isDisabled(), name);
  }
  await follow(page, 'Tokens');
  assert.ok(await page.getByRole('button', { name: /Mint a token/ }).isDisabled());
  await page.finish();
  const other = await open(browser, '/console', { token: token(6, { scope: 'profile' }), expected: [/status of 403/] });
  await other.getByRole('alert').getByText('Your token lacks the scope discovery:read').waitFor();
  await other.finish();
});

test('a failure shows its request id and can be repeated', async () => {
  const operator = token(7);
  const { id } = await connect(operator, pluggyLogin, 'bank');
  const page = await open(browser, '/console/connections/new', { token: operator, expected: [/status of 500/, /ERR_FAILED/] });
  const problem = { status: 500, headers: { 'X-Request-Id': 'id-of-the-request' }, body: '{"detail":"internal error","code":"MTCH-0002"}' };
  await page.route('**/accounts?*', (route) => route.fulfill(problem));
  await page.goto(SERVICE + '/console/connections/' + id);
  await page.getByRole('alert').getByText('id-of-the-request').waitFor();
  await page.unroute('**/accounts?*');
  await page.route('**/accounts?*', (route) => route.abort());
  await press(page, 'Try again');
  await page.getByRole('alert').getByText('The service cannot be reached.').waitFor();
  await page.unroute('**/accounts?*');
  await press(page, 'Try again');
  await page.getByRole('table', { name: 'Accounts' }).waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
  await page.finish();
});

test('a view whose script cannot be read says so, and can be tried again', async () => {
  const operator = token(75);
  const page = await open(browser, 'about:blank', { token: operator, expected: [/ERR_FAILED/] });
  await page.route('**/audit.js', (route) => route.abort());
  await page.goto(SERVICE + '/console');
  await follow(page, 'Audit');
  await page.getByRole('alert').getByText('The service cannot be reached.').waitFor();
  await follow(page, 'Search'); // the other views still work
  await heading(page, 'Search over all connections');
  await follow(page, 'Audit');
  await page.getByRole('alert').waitFor();
  await page.unroute('**/audit.js');
  await press(page, 'Try again');
  await heading(page, 'Audit');
  assert.equal(new URL(page.url()).pathname, '/console/audit');
  assert.equal(await page.getByRole('alert').count(), 0);
  await page.finish();
});

test('a view whose script arrives while it is shown for the first time appears', async () => {
  const page = await open(browser, 'about:blank', { token: token(76) });
  // The effects of a view run only half a second after it was rendered.
  await page.addInitScript(() => {
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (run, delay, ...values) => setTimeout(run, delay === 35 ? 500 : delay, ...values);
    globalThis.requestAnimationFrame = () => 0;
  });
  let arrive;
  const held = new Promise((resolve) => { arrive = resolve; });
  await page.route('**/audit.js', async (route) => {
    await held;
    await route.continue();
  });
  const requested = page.waitForRequest('**/audit.js'); // the console reads the scripts of all views ahead
  await page.goto(SERVICE + '/console');
  await requested;
  await follow(page, 'Audit');
  arrive();
  await heading(page, 'Audit');
  await page.finish();
});

test('a failure is copied for the support, and going back restores where the list was', async () => {
  const operator = token(72);
  const { id } = await connect(operator, pluggyLogin, 'bank');
  const page = await open(browser, `/console/connections/${id}/transactions`, {
    token: operator, expected: [/status of 502/], permissions: ['clipboard-read', 'clipboard-write'], viewport: { width: 400, height: 500 },
  });
  await page.getByRole('cell', { name: 'BOLETO DE ENERGIA' }).waitFor();
  const row = page.getByRole('table', { name: 'Transactions' }).getByRole('link').last();
  await row.scrollIntoViewIfNeeded();
  const { y } = await row.boundingBox();
  await row.click();
  await page.waitForURL(/\/transactions\/[0-9a-f-]{36}$/);
  await page.getByRole('heading', { name: 'Versions' }).waitFor();
  await page.goBack();
  await row.waitFor();
  await until('the scroll position', async () => Math.abs((await row.boundingBox()).y - y) < 5);
  await page.route('**/aggregator-connections/test', (route) => route.fulfill({
    status: 502, headers: { 'X-Request-Id': 'id-of-the-request' },
    json: { detail: 'the vendor refused the request', code: 'MTCH-0007', errors: [{ location: 'vendor', message: 'rate_limited' }] },
  }));
  await act(page, 'Test');
  await page.getByRole('button', { name: 'Copy for the support: report' }).click();
  const lines = (await page.evaluate(() => navigator.clipboard.readText())).split('\n');
  assert.match(lines[0], /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(lines.slice(1), [
    'POST /v1/discovery/aggregator-connections/test', '502 MTCH-0007 the vendor refused the request', 'vendor: rate_limited',
    'X-Request-Id: id-of-the-request',
  ]);
  await page.finish();
});

test('removals that are held back are applied, or another read is requested', async () => {
  const operator = token(73);
  const { id } = await connect(operator, pluggyLogin, 'bank');
  const page = await open(browser, '/console/search', { token: operator });
  let applied = 0;
  await page.route('**/health', async (route) => {
    const response = await route.fetch();
    const attention = applied ? [] : [{ reason: 'mass_removal', severity: 'now', since: new Date().toISOString() }];
    await route.fulfill({ response, json: { ...(await response.json()), warnings: ['mass_removal'], heldRemovals: 31, attention } });
  });
  await page.route('**/removals/apply', async (route) => {
    const response = await route.fetch();
    assert.equal(response.status(), 409); // the account of the simulator holds nothing back
    applied++;
    await route.fulfill({ json: { accountId: id, removed: 31 } });
  });
  await page.goto(SERVICE + '/console/connections/' + id);
  const see = page.getByRole('button', { name: 'See the held removals' });
  await see.click();
  const dialog = page.getByRole('dialog', { name: '31 rows wait for their removal' });
  await checkAccessibility(page, 'held removals');
  await dialog.getByRole('button', { name: 'Remove the announced rows' }).click();
  await page.getByText(/^\d+ rows are removed\.$/).waitFor();
  await see.waitFor({ state: 'detached' });
  assert.ok(applied > 0);
  await page.finish();
});

test('accounts whose removal is held back are listed, and removed one by one', async () => {
  const operator = token(74);
  const { id } = await connect(operator, pluggyLogin, 'bank');
  const page = await open(browser, '/console/search', { token: operator });
  const since = new Date(Date.now() - 2 * 3600 * 1000).toISOString();
  const removed = [];
  let all;
  await page.route('**/health', async (route) => {
    const response = await route.fetch();
    const n = all ? all.length - removed.length : 2;
    const held = n > 0 ? { warnings: ['mass_removal'], heldRemovals: 0, heldAccounts: n, attention: [{ reason: 'mass_removal', severity: 'now', since }] } : {};
    await route.fulfill({ response, json: { ...(await response.json()), ...held } });
  });
  await page.route(`**/${id}/accounts?*`, async (route) => {
    const response = await route.fetch();
    const list = await response.json();
    all = list.items.map((account) => account.id);
    const items = list.items.map((account) => ({ ...account, ...(removed.includes(account.id) ? { removedAt: since } : { removalHeldSince: since }) }));
    await route.fulfill({ response, json: { ...list, items } });
  });
  await page.route('**/removals/apply', async (route) => {
    removed.push(new URL(route.request().url()).pathname.split('/').at(-3));
    await route.fulfill({ json: { accountId: removed.at(-1), removed: 0, accountRemoved: true } });
  });
  await page.goto(SERVICE + '/console/connections/' + id);
  await page.getByText(/The vendor no longer lists any account/).waitFor();
  await page.getByRole('table', { name: 'Accounts' }).getByText(/removal held back 2 hours ago/).first().waitFor();
  await page.getByRole('button', { name: 'See the held removals' }).click();
  const dialog = page.getByRole('dialog', { name: /accounts? waits? for (its|their) removal/ });
  const list = dialog.getByRole('list', { name: 'Accounts that wait for their removal' });
  await list.getByText(/removal held back 2 hours ago/).first().waitFor();
  await checkAccessibility(page, 'held accounts');
  assert.equal(await list.getByRole('listitem').count(), all.length);
  assert.equal(await dialog.getByRole('button', { name: 'Remove the announced rows' }).count(), 0);
  await list.getByRole('button', { name: /Remove the account/ }).first().click();
  await page.getByText(/^The account .* is removed\.$/).waitFor();
  assert.deepEqual(removed, [all[0]]);
  await page.finish();
});

test('a text of a vendor is never rendered as HTML', async () => {
  const operator = token(8);
  const description = '<img src=x onerror=alert(1)>';
  const row = await control(PLUGGY, 'POST', '/transactions', { accountId: pluggyBankAccount, description, amount: 1, type: 'CREDIT' });
  const { id } = await connect(operator, pluggyLogin, '<b>bank</b>');
  await control(PLUGGY, 'DELETE', '/transactions/' + row.id);
  const page = await open(browser, `/console/connections/${id}/transactions`, { token: operator });
  await page.getByText(description).waitFor();
  await heading(page, '<b>bank</b>');
  assert.equal(await page.locator('main img, main b').count(), 0);
  await page.finish();
});

// find types a text into the search box, which the key "/" reaches.
async function find(page, text) {
  await page.keyboard.press('/');
  const box = page.getByRole('searchbox', { name: 'Find a payment' });
  assert.ok(await box.evaluate((element) => element === document.activeElement), 'the key / does not reach the search box');
  await box.fill(text);
  await page.keyboard.press('Enter');
  await page.evaluate(() => document.activeElement.blur());
}

test('a search finds a transaction in every connection, and opens its record', async () => {
  const operator = token(14);
  await connect(operator, pluggyLogin, 'first');
  await connect(operator, pluggyLogin, 'second');
  const page = await open(browser, '/console/audit', { token: operator, permissions: ['clipboard-read', 'clipboard-write'] });
  await page.getByRole('heading', { level: 1 }).waitFor();
  await find(page, 'R$ 212,45');
  await heading(page, '2 payments, 0 receipts.');
  await page.getByText('Out: 424.90 BRL, in: 0.00 BRL.').waitFor();
  await page.getByText('Searched for the amount 212.45 BRL in both directions.').waitFor();
  await find(page, '+R$ 212,45');
  await page.getByText('Searched for receipts of +212.45 BRL.').waitFor();
  await heading(page, '0 transactions found.');
  await find(page, '-212.45');
  await heading(page, '2 payments, 0 receipts.');
  await find(page, 'energia 212,45');
  await page.getByText('Searched for the reference energia with the amount 212.45 in both directions, or the text “energia” with the amount 212.45 in both directions.').waitFor();
  await heading(page, '2 payments, 0 receipts.');
  assert.equal(new URL(page.url()).searchParams.get('q'), 'energia 212,45');
  const row = page.getByRole('row', { name: /BOLETO DE ENERGIA/ }).filter({ has: page.getByRole('link', { name: 'second', exact: true }) });
  for (const shown of ['Conta de Ensaio', 'Posted']) await row.getByText(shown).waitFor();
  await page.getByLabel('Connection', { exact: true }).selectOption('second');
  await heading(page, '1 payment, 0 receipts.');
  await page.reload();
  await heading(page, '1 payment, 0 receipts.');
  await follow(page, 'BOLETO DE ENERGIA');
  await heading(page, 'BOLETO DE ENERGIA');
  await page.getByText('Posted by the bank.').waitFor();
  await page.getByRole('region', { name: 'The object of the vendor' }).getByText('"descriptionRaw"').waitFor();
  await page.getByRole('button', { name: 'Copy: Id at the vendor' }).click();
  const shownId = await page.locator('dd', { has: page.getByRole('button', { name: 'Copied: Id at the vendor' }) }).locator('code').innerText();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), shownId);
  assert.equal(await page.title(), 'Transaction · BOLETO DE ENERGIA · Aggregator connections');
  await page.getByRole('link', { name: 'second', exact: true }).waitFor();
  await page.getByText('Conta de Ensaio').waitFor();
  await page.goBack();
  await heading(page, '1 payment, 0 receipts.');
  await find(page, 'nothing like it');
  await page.getByText('No transaction matches.').waitFor();
  await page.finish();
});

test('one of many connections is found by a part of its name', async () => {
  const operator = token(64);
  await connect(operator, pluggyLogin, 'loja centro');
  await connect(operator, pluggyLogin, 'loja norte');
  const page = await open(browser, '/console/search?q=energia', { token: operator });
  await heading(page, '2 payments, 0 receipts.');
  await page.route(/\/aggregator-connections\?limit=200/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), hasMore: true } });
  });
  await page.reload();
  const field = page.getByRole('combobox', { name: 'Connection', exact: true }).and(page.locator('input'));
  await field.fill('norte');
  await page.locator('#connections-found option[value="loja norte"]').waitFor({ state: 'attached' });
  await press(page, 'Search');
  assert.equal(await field.evaluate((element) => element.validationMessage), 'No connection has this name.');
  await field.fill('loja norte');
  await heading(page, '1 payment, 0 receipts.');
  assert.match(page.url(), /connectionId=/);
  await checkAccessibility(page, 'the choice of a connection');
  await field.fill('');
  await heading(page, '2 payments, 0 receipts.');
  await page.finish();
});

test('a search goes on by itself, and says that nothing matches only at the end', async () => {
  const operator = token(51);
  await connect(operator, pluggyLogin, 'bank');
  const page = await open(browser, '/console/search', { token: operator });
  let answers = 0;
  let held;
  const release = new Promise((resolve) => { held = resolve; });
  await page.route(/\/transactions\?/, async (route) => {
    const asked = new URL(route.request().url()).searchParams;
    const cursor = Number(asked.get('cursor')) || 0;
    answers++;
    if (cursor === 3) await release;
    if (asked.get('q') === 'found' && cursor === 5) {
      const real = await api(operator, 'GET', '/transactions?limit=1');
      return route.fulfill({ json: { items: real.items, limit: 50, hasMore: false } });
    }
    const more = cursor < 6 ? { hasMore: true, nextCursor: String(cursor + 1) } : { hasMore: false };
    return route.fulfill({ json: { items: [], limit: 50, ...more } });
  });
  await page.getByRole('heading', { level: 1 }).waitFor();
  await find(page, 'nothing');
  await page.getByText('Searching: 3 requests so far.').waitFor();
  await heading(page, 'Nothing found yet.');
  assert.equal(await page.getByText('No transaction matches.').count(), 0);
  held();
  await page.getByText('No transaction matches.').waitFor();
  await heading(page, '0 transactions found.');
  assert.equal(answers, 7);
  await find(page, 'found');
  await heading(page, /^(1 payment, 0 receipts|0 payments, 1 receipt)\.$/);
  answers = 0;
  await page.route(/\/transactions\?.*q=later/, async () => {}); // an answer that does not come
  await find(page, 'later');
  await heading(page, 'Searching …');
  assert.equal(await page.getByText(/\d payment|No transaction matches/).count(), 0, 'the answer to the search before is still there');
  await page.finish();
});

test('the search box says why a text is no search, and leaves other fields alone', async () => {
  const operator = token(86);
  await connect(operator, pluggyLogin, 'bank');
  const page = await open(browser, '/console', { token: operator, expected: [/status of 400/] });
  await page.getByLabel('Search', { exact: true }).pressSequentially('a/b');
  assert.equal(await page.getByLabel('Search', { exact: true }).inputValue(), 'a/b');
  await page.evaluate(() => document.activeElement.blur());
  await find(page, '& ');
  await heading(page, '0 transactions found.');
  await find(page, '& &');
  await page.getByText('Searched for the text “& &”.').waitFor();
  await find(page, `x ${'y'.repeat(240)}`);
  await page.getByText('This is too short for a search.').waitFor();
  await checkAccessibility(page, 'a text that is no search');
  await page.finish();
});

test('the sums of the chart cover all rows of the filter, and not only those of the page', async () => {
  const operator = token(52);
  const description = 'PIX DA SOMA';
  const rows = [];
  for (let i = 0; i < 60; i++) {
    const date = new Date(Date.UTC(2025, 0, 1 + i)).toISOString();
    rows.push(await control(PLUGGY, 'POST', '/transactions', { accountId: pluggyBankAccount, description, amount: 1.25, type: 'CREDIT', status: 'POSTED', date }));
  }
  const { id } = await connect(operator, pluggyLogin, 'sums');
  for (const { id: row } of rows) await control(PLUGGY, 'DELETE', '/transactions/' + row);
  const page = await open(browser, `/console/connections/${id}/transactions?from=2025-01-01&to=2025-03-01`, { token: operator });
  await page.getByText('60 rows, 0 pending.').waitFor();
  await page.getByText('All rows of these filters, 01 Jan 2025 to 01 Mar 2025: 75.00 BRL in, 0.00 BRL out.').or(
    page.getByText(/Jan 01, 2025 to Mar 01, 2025: 75.00 BRL in, 0.00 BRL out\./)).waitFor();
  assert.equal(await page.getByRole('table', { name: 'Transactions' }).getByRole('row').count(), 51);
  await page.finish();
});

test('the overview reads pages, and not every connection', async () => {
  const operator = token(53);
  for (let i = 0; i < 60; i++) await connect(operator, pluggyLogin, 'loja ' + String(i).padStart(2, '0'), false);
  const page = await open(browser, '/console', { token: operator });
  await page.getByRole('table', { name: 'All connections' }).waitFor();
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.reload();
  await heading(page, 'None of 60 connections needs you.');
  const rows = page.getByRole('table', { name: 'All connections' }).getByRole('row');
  await until('the first page', async () => (await rows.count()) === 51);
  await press(page, 'Show more');
  await until('the second page', async () => (await rows.count()) === 61);
  const calls = asked.filter((url) => url.includes('/v1/discovery/'));
  const ofCoverage = calls.filter((url) => url.includes('/accounts/coverage?limit=1'));
  assert.deepEqual([calls.length - ofCoverage.length, ofCoverage.length], [4, 1], asked.join(' '));
  await page.getByLabel('Search').fill('LÓJA 5');
  await until('the filter', async () => (await rows.count()) === 11);
  await page.finish();
});

test('a bank leads to its connections', async () => {
  const operator = token(94);
  for (const [login, name] of [[pluggyLogin, 'first'], [belvoLogin, 'second']]) await connect(operator, login, name);
  const banks = (await api(operator, 'GET', '/institutions')).items;
  assert.equal(banks.length, 2);
  const bank = banks.find(({ vendor }) => vendor === 'pluggy');
  assert.deepEqual([bank.connections, bank.accounts, bank.lateRows], [1, 2, 0]);
  const page = await open(browser, '/console/institutions', { token: operator });
  const table = page.getByRole('table', { name: 'Banks' });
  await until('the banks', async () => (await table.getByRole('row').count()) === 3);
  await checkAccessibility(page, 'the banks');
  await table.getByRole('link', { name: bank.name, exact: true }).click();
  await page.getByText(`Only connections to ${bank.name}.`).waitFor();
  const rows = page.getByRole('table', { name: 'All connections' }).getByRole('row');
  await until('the connection of the bank', async () => (await rows.count()) === 2);
  await press(page, 'Clear the filters');
  await until('all connections', async () => (await rows.count()) === 3);
  await page.finish();
});

test('a page says which accounts cover a day, and why the others do not', async () => {
  const operator = token(87);
  await connect(operator, pluggyLogin, 'read');
  const { id } = await connect(operator, unreadLogin, 'old');
  const all = (await api(operator, 'GET', '/accounts?limit=200')).items;
  const old = all.filter(({ connectionId }) => connectionId === id);
  const day = new Date(Date.now() - 6 * 86400000).toISOString().slice(0, 10);
  const page = await open(browser, '/console/coverage?day=' + day, { token: operator });
  await heading(page, new RegExp(`^${all.length - old.length} of ${all.length} accounts cover `));
  const notRead = page.getByRole('table', { name: 'The bank was not read since the day ended' });
  assert.equal(await notRead.getByRole('row').count(), old.length + 1);
  await notRead.getByRole('link', { name: 'old', exact: true }).first().waitFor();
  await notRead.getByText('9 days ago').first().waitFor();
  await notRead.getByText('the days since are not covered').first().waitFor();
  await notRead.getByRole('button', { name: 'Read the bank now' }).first().waitFor();
  await checkAccessibility(page, 'the coverage of a day');
  await page.getByLabel('Day', { exact: true }).fill('2026-01-02');
  await heading(page, `All ${all.length} accounts cover Jan 02, 2026.`);
  await page.route(/\/accounts\/coverage\?/, async (route) => {
    const response = await route.fetch();
    const [item, ...items] = (await response.json()).items;
    const early = { ...item, state: 'read_since', coveredFrom: '2026-11-26T15:00:00Z', attention: undefined };
    await route.fulfill({ response, json: { ...(await response.json()), items: [{ ...item, attention: undefined, accountId: id }, early, ...items] } });
  });
  await page.goto(SERVICE + '/console/coverage?day=' + day);
  await page.getByRole('table', { name: 'Read since the day ended, but too early to cover it' }).getByText('Nov 26, 2026, 12:00:00 PM').waitFor();
  await notRead.getByText('Nothing is wrong: the vendor has not read the bank yet.').waitFor();
  await page.unrouteAll();
  await page.goto(SERVICE + '/console');
  await page.getByRole('link', { name: /^(\d+ of )?\d+ accounts cover yesterday, |^All \d+ accounts cover yesterday, / }).click();
  await heading(page, /accounts cover yesterday, /);
  await page.goto(SERVICE + '/console/institutions');
  await page.getByRole('columnheader', { name: /^Accounts that cover / }).waitFor();
  await page.getByRole('link', { name: /^\d+ of \d+$/ }).first().click();
  await page.getByText(/^Only connections to /).waitFor();
  await page.finish();
});

test('a bank that was not read for nine days is named wherever it matters, with what helps', async () => {
  const operator = token(95);
  const { id } = await connect(operator, unreadLogin, 'unread');
  const [{ id: account }] = (await api(operator, 'GET', `/aggregator-connections/${id}/accounts`)).items;
  const address = `/console/connections/${id}/accounts/${account}`;
  const yesterday = new Date(Date.parse(presentDay()) - 86400000).toISOString().slice(0, 10);
  for (const where of ['/console', '/console/connections/' + id, address + '/completeness', address + '/closes']) {
    const page = await open(browser, where, { token: operator });
    const reasons = page.locator('.reasons');
    await reasons.getByText('Bank read 9 days ago.').waitFor();
    await reasons.getByText('the days since are not covered').waitFor();
    await reasons.getByRole('button', { name: 'Read the bank now' }).waitFor();
    await checkAccessibility(page, where);
    await page.finish();
  }
  const closes = await open(browser, address + '/closes', { token: operator });
  await closes.getByLabel('Last day of the period').fill(yesterday);
  await press(closes, 'Close the period');
  const dialog = closes.getByRole('dialog');
  await dialog.getByText('The close says that the day is not covered.').waitFor();
  await dialog.getByRole('button', { name: 'Close the period' }).click();
  await closes.getByRole('table').getByText('Not covered').waitFor();
  await closes.finish();
  const page = await open(browser, '/console', { token: operator });
  await page.getByRole('table', { name: 'All connections' }).getByText('9 days ago').waitFor();
  await press(page, 'Read the bank now');
  await page.getByText('The vendor reads the bank.').waitFor();
  await control(PLUGGY, 'POST', `/items/${unreadLogin.accountRef}/status`, { status: 'UPDATED' });
  await pull(operator, id);
  await page.reload();
  await heading(page, 'Your connection needs nothing.');
  await page.finish();
});

// receiver starts an HTTP endpoint for events. It answers with status, and keeps what it received.
async function receiver() {
  const endpoint = { received: [], status: 204 };
  const server = createServer((incoming, response) => {
    const parts = [];
    incoming.on('data', (part) => parts.push(part));
    incoming.on('end', () => {
      const body = Buffer.concat(parts).toString();
      endpoint.received.push({ headers: incoming.headers, body, event: JSON.parse(body) });
      response.writeHead(endpoint.status).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint.url = `http://127.0.0.1:${server.address().port}/events`;
  endpoint.close = () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
  return endpoint;
}

// signedWith reports whether one of the signatures of a request was made with the secret.
function signedWith(secret, { headers, body }) {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return headers['webhook-signature'].split(' ').includes('v1,' + createHmac('sha256', key).update(text).digest('base64'));
}

test('an operator subscribes a webhook, and follows its events', async (context) => {
  const operator = token(51);
  const endpoint = await receiver();
  context.after(endpoint.close);
  await connect(operator, pluggyLogin, 'shop');
  const page = await open(browser, '/console', { token: operator, expected: [/status of 400/] });
  await follow(page, 'Subscriptions');
  await heading(page, 'There is no subscription yet.');
  await follow(page, 'Create a subscription');
  await page.getByLabel('Name').fill('ledger');
  await page.getByLabel('URL').fill(endpoint.url);
  await page.getByLabel('Begin with the first record, not now').check();
  await press(page, 'Create a subscription');
  const shown = page.locator('.minted code');
  const first = await shown.innerText();
  assert.match(first, /^whsec_[A-Za-z0-9+/]{43}=$/);
  await checkAccessibility(page, 'a new secret');
  await press(page, 'I have stored it');
  await heading(page, 'ledger');
  assert.equal(await page.getByText(first).count(), 0);
  const attempts = page.getByRole('table', { name: 'The last attempts' });
  await attempts.getByRole('row', { name: /transaction\.added .* Confirmed/ }).first().waitFor();
  await page.getByText('Active. 0 events wait.').waitFor();
  assert.ok(endpoint.received.length > 0 && endpoint.received.every((request) => signedWith(first, request)));

  await press(page, 'Test');
  await page.getByText(/The test event was confirmed in/).waitFor();
  endpoint.status = 500;
  await press(page, 'Test');
  await page.getByText('The test event was not confirmed. The destination did not accept the event.').waitFor();
  endpoint.status = 204;

  await press(page, 'Pause');
  await page.getByText(/Paused\..*It was paused/).waitFor();
  await press(page, 'Resume');
  await page.getByText('Active. 0 events wait.').waitFor();

  await press(page, 'Replace the secret');
  await page.getByRole('dialog').getByText('For 24 hours both secrets sign').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Replace the secret' }).click();
  const second = await shown.innerText();
  assert.notEqual(second, first);
  await press(page, 'I have stored it');
  await page.getByText('The old secret also signs until').waitFor();
  assert.equal(await page.getByText(second).count(), 0);

  const before = endpoint.received.length;
  await press(page, 'Send again');
  await page.getByRole('dialog').getByLabel('From the sequence').fill('999999');
  await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click();
  await until('the error', () => page.locator('#from-error').count());
  await page.getByRole('dialog').getByLabel('From the sequence').fill('1');
  await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click();
  await page.getByText('Events are sent again from 1 on.').waitFor();
  const again = await until('the replay', () => endpoint.received.slice(before).find(({ event }) => event.sequence === '1'));
  assert.ok(signedWith(first, again) && signedWith(second, again), 'both secrets sign during the rotation');
  assert.equal(again.event.id, endpoint.received.find(({ event }) => event.sequence === '1').event.id);

  await page.reload();
  await heading(page, 'ledger');
  await press(page, 'Delete');
  await page.getByLabel('To confirm, type ledger').fill('ledger');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await heading(page, 'There is no subscription yet.');
  await page.finish();
});

test('a destination that does not answer makes a subscription need a person', async (context) => {
  const operator = token(52);
  const endpoint = await receiver();
  context.after(endpoint.close);
  endpoint.status = 503;
  await connect(operator, pluggyLogin, 'shop');
  await api(operator, 'POST', '/subscriptions', {
    name: 'ledger', types: ['transaction.*'], fromStart: true, sink: { kind: 'webhook', url: endpoint.url },
  });
  const page = await open(browser, '/console/subscriptions', { token: operator });
  await heading(page, '1 of 1 subscriptions needs you.');
  await follow(page, 'ledger');
  await page.getByText(/Retrying\. \d+ events have failed or follow one that has\./).waitFor();
  await page.getByRole('row', { name: /Failed The destination did not accept the event/ }).first().waitFor();
  endpoint.status = 204;
  await page.getByText('Active. 0 events wait.').waitFor();
  await page.finish();
});

test('a subscription to RabbitMQ shows no password, and an error is beside its field', async () => {
  const operator = token(53);
  const page = await open(browser, '/console/subscriptions/new', { token: operator, expected: [/status of 400/] });
  await page.getByLabel('Name').fill('queue');
  await page.getByLabel('Destination').selectOption('RabbitMQ');
  await page.getByLabel('URL').fill('amqp://user:password-canary@169.254.169.254/');
  await page.getByLabel('Exchange').fill('discovery');
  await press(page, 'Create a subscription');
  await until('the error', () => page.locator('#url-error').count());
  assert.equal(await page.getByLabel('URL').getAttribute('aria-invalid'), 'true');
  await page.getByLabel('URL').fill('amqp://user:password-canary@127.0.0.1:1/');
  await press(page, 'Create a subscription');
  await heading(page, 'queue');
  await page.getByText('amqp://user@127.0.0.1:1/').waitFor();
  await press(page, 'Test');
  await page.getByText('The test event was not confirmed. The destination did not answer.').waitFor();
  assert.equal(await page.getByText('password-canary').count(), 0);
  assert.equal(await page.getByRole('button', { name: 'Replace the secret' }).count(), 0);
  await page.finish();
});

test('an operator downloads a statement, or reads why there is none', async () => {
  const operator = token(31);
  const connection = await connect(operator, pluggyLogin, 'main-bank');
  const page = await open(browser, '/console/connections/' + connection.id, { token: operator, expected: uncovered });
  await page.getByRole('link', { name: 'Statement', exact: true }).first().click();
  await heading(page, /^Statement of /);
  const form = page.locator('main');
  await form.getByLabel('Format').selectOption('CSV');
  const [file] = await Promise.all([page.waitForEvent('download'), press(page, 'Download')]);
  assert.match(file.suggestedFilename(), /^statement-[0-9a-f-]{36}-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv$/);
  const chunks = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk);
  assert.match(Buffer.concat(chunks).toString(), /^id,date,amount,currency,description,/);
  await form.getByLabel('From', { exact: true }).fill('2026-02-01');
  await form.getByLabel('To', { exact: true }).fill('2026-01-01');
  await page.locator('#to-error').getByText('The last day is before the first one.').waitFor();
  await page.finish();
});

test('a row that cannot be read is in the quarantine, with its reason in words', async () => {
  const operator = token(15);
  const unreadable = { accountId: pluggyBankAccount, description: 'odd row', amount: 1, type: 'CREDIT', status: 'DREAMT' };
  const row = await control(PLUGGY, 'POST', '/transactions', unreadable);
  const { id } = await connect(operator, pluggyLogin, 'bank');
  await control(PLUGGY, 'DELETE', '/transactions/' + row.id);
  const page = await open(browser, '/console/connections/' + id, { token: operator });
  await page.route(/\/v1\/.*\/quarantine/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace('"DREAMT"', '"DREAMT","exact":[12345678901234567890,1.10]') });
  });
  await page.getByText('1 row of the vendor cannot be read.').waitFor();
  await follow(page, 'See the rows');
  await heading(page, '1 row cannot be read.', 2);
  await heading(page, 'Transaction: the status is not documented.', 3);
  await page.getByText('odd row', { exact: true }).waitFor();
  await page.getByText('What the vendor sent').click();
  const sent = page.getByRole('region', { name: 'What the vendor sent' });
  await sent.getByText('"DREAMT"').waitFor();
  await sent.getByText(/12345678901234567890,\s+1\.10/).waitFor(); // a number of JavaScript has 17 digits
  await checkAccessibility(page, 'the quarantine');
  await press(page, 'Pull now');
  await page.getByText(/The pull is finished/).waitFor();
  await page.getByText('Every row can be read.').waitFor();
  await page.finish();
});

test('the change feed is followed live', async () => {
  const operator = token(9);
  const page = await open(browser, '/console/changes', { token: operator });
  await page.getByText('No change since you opened this page.').waitFor();
  await page.getByText('Live:').waitFor();
  await connect(operator, pluggyLogin, 'bank');
  await page.getByRole('row', { name: /Added BOLETO DE ENERGIA/ }).waitFor();
  await page.reload();
  await page.getByText('No change since you opened this page.').waitFor(); // from now on, changes are shown
  await connect(operator, pluggyLogin, 'second');
  await page.getByRole('row', { name: /Added BOLETO DE ENERGIA second/ }).waitFor();
  await page.finish();
});

test('everything works with the keyboard only', async () => {
  const operator = token(10);
  await connect(operator, pluggyLogin, 'bank');
  const page = await open(browser, '/console');
  await heading(page, 'Sign in');
  // tabTo presses Tab until the focus is on the element with this text or label.
  const tabTo = async (name) => {
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(() => [document.activeElement.textContent.trim(), document.activeElement.id]);
      if (focused.includes(name)) return;
    }
    throw new Error('the focus never reaches ' + name);
  };
  await tabTo('Skip to the content');
  await tabTo('token');
  await page.keyboard.insertText(operator);
  await page.keyboard.press('Enter');
  await heading(page, 'Your connection needs nothing.');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  await tabTo('bank');
  await page.keyboard.press('Enter');
  await heading(page, 'bank');
  await tabTo('More actions');
  await page.keyboard.press('Enter');
  await page.getByText('Stops the connection. Its rows stay.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Stops the connection. Its rows stay.').waitFor({ state: 'hidden' });
  await page.keyboard.press('Enter');
  await tabTo('Delete');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await tabTo('Cancel');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'More actions');
  await tabTo('Transactions');
  await page.keyboard.press('Enter');
  await page.getByRole('table', { name: 'Transactions' }).waitFor();
  await page.finish();
});

test('the console is in the language of the browser, and the language can be switched', async () => {
  const operator = token(11);
  const { id } = await connect(operator, pluggyLogin, 'banco');
  const page = await open(browser, `/console/connections/${id}/transactions`, { token: operator, locale: 'pt-BR' });
  await page.getByText('Funcionando.').waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'pt-BR');
  await page.getByRole('cell', { name: '−R$ 212,45' }).waitFor();
  assert.equal(await page.title(), 'Lançamentos · banco · Conexões com agregadores');
  await press(page, 'EN');
  await page.getByText('Healthy.').waitFor();
  await page.getByRole('cell', { name: '−212.45 BRL' }).waitFor();
  await page.reload();
  await page.getByText('Healthy.').waitFor();
  await page.finish();
});

// addPairs makes the connection have three pairs of rows that may be one movement: two payments without a name that came
// again under other ids, and a tip. It returns the ids of the rows that are listed at the end.
async function addPairs(operator, id) {
  // Midnight in Brazil stands for a date. Posted rows with times in two minutes would be two movements.
  const date = new Date(Date.now() - 86400000).toISOString().slice(0, 10) + 'T03:00:00.000Z';
  const row = (values) => control(PLUGGY, 'POST', '/transactions', {
    accountId: pluggyBankAccount, type: 'DEBIT', status: 'POSTED', date, ...values,
  });
  const pix = (amount) => row({ description: 'PIX ENVIADO', amount });
  const before = [await pix(-31.01), await pix(-32.02), await row({ description: 'CHURRASCARIA SANTA FE', amount: -240, status: 'PENDING' })];
  await pull(operator, id);
  for (const { id: old } of before) await control(PLUGGY, 'DELETE', '/transactions/' + old);
  const after = [await pix(-31.01), await pix(-32.02), await row({ description: 'CHURRASCARIA SANTA FE', amount: -264 })];
  await pull(operator, id);
  return after.map((found) => found.id);
}

test('a transaction is excluded with a reason, and included again', async () => {
  const operator = token(68);
  const { id } = await connect(operator, pluggyLogin, 'excluded');
  const { items: [item] } = await api(operator, 'GET', `/aggregator-connections/${id}/transactions?limit=1`);
  const page = await open(browser, `/console/connections/${id}/transactions/${item.id}`, { token: operator });
  const dialog = page.getByRole('dialog');
  await press(page, 'Exclude');
  assert.ok(await dialog.getByRole('button', { name: 'Exclude', exact: true }).isDisabled(), 'without a reason');
  await dialog.getByLabel('Why? (kept in the history)').fill('shown twice');
  await dialog.getByRole('button', { name: 'Exclude', exact: true }).click();
  await page.getByRole('button', { name: 'Include again' }).waitFor();
  await checkAccessibility(page, 'an excluded transaction');
  assert.ok((await api(operator, 'GET', '/transactions/' + item.id)).excludedAt);
  await page.getByText('Reason: shown twice').waitFor();
  await press(page, 'Include again');
  await dialog.getByRole('button', { name: 'Include again' }).click();
  await page.getByRole('button', { name: 'Exclude', exact: true }).waitFor();
  assert.equal((await api(operator, 'GET', '/transactions/' + item.id)).excludedAt, undefined);
  await page.finish();
});

test('selected pairs are joined at once', async (context) => {
  const operator = token(67);
  const { id } = await connect(operator, pluggyLogin, 'several-pairs');
  const rows = await addPairs(operator, id);
  context.after(() => Promise.all(rows.map((row) => control(PLUGGY, 'DELETE', '/transactions/' + row))));
  const { items } = await api(operator, 'GET', '/possible-replacements?connectionId=' + id);
  const page = await open(browser, '/console/possible-replacements', { token: operator });
  await press(page, 'Join several at once');
  await page.getByRole('checkbox').nth(2).waitFor();
  await checkAccessibility(page, 'several pairs');
  await page.getByRole('button', { name: 'Join 0 pairs' }).waitFor();
  for (const { old } of items.slice(0, 2)) await page.getByRole('checkbox', { name: 'Select the pair of ' + old }).check();
  const other = await open(browser, '/console/possible-replacements?transaction=' + items[0].new, { token: operator });
  await other.getByRole('table', { name: 'Both rows' }).waitFor();
  // Somebody else keeps one of them apart meanwhile. The service would still join it.
  await api(operator, 'POST', '/possible-replacements/dismiss', { old: items[0].old, new: items[0].new });
  await other.keyboard.press('j');
  await other.getByRole('alert').getByText('One of the two has changed meanwhile').waitFor();
  await other.finish();
  await page.getByLabel('Why? (optional').fill('tips');
  await press(page, 'Join 2 pairs');
  await page.getByText('1 pair was joined.').waitFor();
  await page.getByText('1 pair was not joined').waitFor();
  assert.ok((await api(operator, 'GET', '/transactions/' + items[0].old)).removedAt, 'the answer of somebody else is kept');
  await heading(page, '1 pair may be one movement.');
  const { supersedes, removedAt } = await api(operator, 'GET', '/transactions/' + items[1].old);
  assert.equal(removedAt, undefined);
  assert.equal(supersedes[0].rule, 'operator');
  await press(page, 'Select 1 pair');
  await press(page, 'Join 1 pair');
  await page.getByText('No pair waits for an answer.').first().waitFor();
  await press(page.locator('.last').filter({ has: page.locator(`a[href$="${items[1].old}"]`) }), 'Undo');
  await page.getByText('Undone: they are two transactions again.').waitFor();
  assert.ok((await api(operator, 'GET', '/transactions/' + items[1].old)).removedAt);
  await page.finish();
});

test('pairs that may be one movement are answered one after the other, by keyboard, and an answer is undone', async (context) => {
  const operator = token(61);
  const { id } = await connect(operator, pluggyLogin, 'pairs');
  const rows = await addPairs(operator, id);
  context.after(() => Promise.all(rows.map((row) => control(PLUGGY, 'DELETE', '/transactions/' + row))));
  const listed = async () => (await api(operator, 'GET', '/possible-replacements?connectionId=' + id)).items;
  assert.equal((await listed()).length, 3);
  const page = await open(browser, '/console', { token: operator });
  await page.getByText('Pairs of transactions may be one movement.').waitFor();
  await page.getByRole('link', { name: 'Compare and decide' }).click();
  await heading(page, '3 pairs may be one movement.');
  const shown = page.getByRole('heading', { level: 2 });
  const amounts = () => page.getByRole('row', { name: /^Amount/ }).innerText();
  const seen = [];
  // next waits for a pair that was not shown before. Only the amounts of the tip must be marked as different. The order of
  // the pairs varies.
  const next = async () => {
    const text = await until('the next pair', async () => (await page.locator('.compare').count()) && !seen.includes(await amounts()) && amounts());
    seen.push(text);
    assert.equal(await page.getByRole('row', { name: /^Amount differs/ }).count(), text.includes('264.00') ? 1 : 0);
    const against = page.getByRole('region', { name: 'Against it' }).getByRole('listitem').filter({ hasText: 'Amount: −240.00 BRL / −264.00 BRL' });
    assert.equal(await against.count(), text.includes('264.00') ? 1 : 0);
  };
  await next();
  await checkAccessibility(page, 'a pair');
  await page.getByRole('region', { name: 'For one movement' }).getByRole('listitem').first().waitFor();
  await page.keyboard.press('ArrowRight');
  await next();
  assert.ok(await shown.first().evaluate((element) => element === document.activeElement), 'the next pair has the focus');
  await page.getByLabel('Why? (optional').fill('dj one payment'); // the letters of the answers are text here
  await page.getByLabel('Why? (optional').blur();
  await page.keyboard.press('j');
  await page.getByText('Joined: they are one transaction.').waitFor();
  await next();
  await page.keyboard.press('d');
  await page.getByText('Kept apart: they are two movements.').waitFor();
  await page.getByText('1 pair was left for later.').waitFor();
  const [left] = await listed();
  assert.equal((await listed()).length, 1);
  await page.reload();
  await heading(page, '1 pair may be one movement.');
  await page.getByLabel('Answer with the keys J, D and →').uncheck();
  await page.keyboard.press('j');
  await page.keyboard.press('ArrowRight');
  await page.getByRole('table', { name: 'Both rows' }).waitFor();
  await page.getByRole('button', { name: 'The same movement' }).click();
  await page.getByText('No pair waits for an answer.').first().waitFor();
  const old = await api(operator, 'GET', '/transactions/' + left.old);
  assert.equal(old.removedAt, undefined);
  assert.equal(old.supersedes[0].rule, 'operator');
  await press(page, 'Undo');
  await page.getByRole('button', { name: 'They are one after all' }).waitFor();
  assert.ok((await api(operator, 'GET', '/transactions/' + left.old)).removedAt);
  await press(page, 'They are one after all');
  await page.getByRole('button', { name: 'Undo' }).waitFor();
  assert.equal((await api(operator, 'GET', '/transactions/' + left.old)).removedAt, undefined);
  const history = await Promise.all((await api(operator, 'GET', '/transactions?limit=200&removed=false')).items
    .filter(({ supersedes }) => supersedes).map((item) => api(operator, 'GET', `/transactions/${item.id}/history`)));
  assert.ok(history.some(({ items }) => items.some((version) => version.reason === 'dj one payment')), 'the reason is in the history');
  await page.finish();
});

// addTwins adds an item with two accounts of one number and equal rows. It returns the item, and the ids of the accounts.
async function addTwins() {
  const item = await control(PLUGGY, 'POST', '/items', { clientUserId: 'twins' });
  const accounts = [];
  for (const name of ['Conta A', 'Conta B']) {
    const account = await control(PLUGGY, 'POST', '/accounts', { itemId: item.id, name, number: '0001/12345-6' });
    accounts.push(account.id);
    for (const amount of [-10, -20]) {
      await control(PLUGGY, 'POST', '/transactions', { accountId: account.id, description: 'TARIFA', amount, type: 'DEBIT' });
    }
  }
  return { item: item.id, accounts };
}

test('accounts that cannot be told apart are told apart where the warning is shown', async () => {
  const operator = token(62);
  const [before, after] = [await addTwins(), await addTwins()];
  const { id } = await connect(operator, { ...pluggyLogin, accountRef: before.item }, 'twins');
  const path = '/aggregator-connections/' + id;
  await api(operator, 'PUT', path, { ...pluggyLogin, vendor: undefined, accountRef: after.item, configName: 'twins' });
  await pull(operator, id);
  const accounts = (await api(operator, 'GET', path + '/accounts')).items;
  const page = await open(browser, '/console', { token: operator });
  await page.getByText('Accounts of the new account reference cannot be told apart.').waitFor();
  await press(page, 'Say which is which');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Conta B').waitFor();
  const selects = dialog.getByLabel('Continues as');
  await selects.nth(0).selectOption(after.accounts[0]);
  await selects.nth(1).selectOption(after.accounts[0]);
  await dialog.getByText('Two accounts cannot continue as the same one.').waitFor();
  assert.ok(await dialog.getByRole('button', { name: 'Store and pull' }).isDisabled());
  await checkAccessibility(page, 'the dialog');
  await selects.nth(1).selectOption(after.accounts[1]);
  const [former] = (await api(operator, 'GET', path + '/health')).ambiguousAccounts.accountIds;
  await dialog.getByRole('button', { name: 'Store and pull' }).click();
  await page.getByText('The decision is stored.').waitFor();
  await until('the end of the warning', async () => !(await api(operator, 'GET', path + '/health')).warnings);
  const now = (await api(operator, 'GET', path + '/accounts')).items;
  assert.equal(now.find((account) => account.id === former).externalId, after.accounts[0]);
  assert.deepEqual(now.filter((account) => !account.removedAt).map((account) => account.id).sort(), accounts.map((account) => account.id).sort());
  await page.finish();
});

test('the accounts of a month-end are closed together, and those that cannot be closed say why', async () => {
  const operator = token(63);
  const { id } = await connect(operator, pluggyLogin, 'ledger');
  await confirm(operator, id);
  const accounts = (await api(operator, 'GET', `/aggregator-connections/${id}/accounts`)).items;
  const page = await open(browser, '/console/month-end?day=2026-01-31', { token: operator });
  await heading(page, /^0 of 2 accounts are closed to .*2026/);
  const table = page.getByRole('table', { name: 'Accounts of the month-end' });
  const row = table.getByRole('row', { name: /Conta de Ensaio/ });
  await row.getByText('ledger').waitFor();
  await row.getByText('Complete', { exact: true }).waitFor();
  await row.getByText('Not closed').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Close 0 accounts' }).isDisabled());
  await checkAccessibility(page, 'the month-end');
  await press(page, 'Select 2 open accounts');
  await page.getByRole('checkbox', { name: 'Select Conta de Ensaio' }).uncheck();
  await page.getByRole('button', { name: 'Close 1 account' }).waitFor();
  await page.getByRole('checkbox', { name: 'Select Conta de Ensaio' }).check();
  await press(page, 'Close 2 accounts');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Complete', { exact: true }).waitFor();
  await dialog.getByRole('button', { name: 'Close 2 accounts' }).click();
  await heading(page, /^2 of 2 accounts are closed to/);
  await row.getByText('closed', { exact: true }).waitFor();
  for (const account of accounts) {
    assert.equal((await api(operator, 'GET', `/accounts/${account.id}/closes`)).items[0].date, '2026-01-31');
  }
  await page.getByLabel('Last day of the period').fill('2026-02-28');
  await heading(page, /^0 of 2 accounts are closed to/);
  assert.match(page.url(), /day=2026-02-28/);
  await page.route('**/v1/discovery/closes', async (route) => {
    const { accountIds } = route.request().postDataJSON();
    const failed = { accountId: accountIds[0], error: { status: 409, code: 'MTCH-0007', detail: 'no balance of the account is known' } };
    await route.fulfill({ json: { results: [failed] } });
  });
  await page.getByRole('checkbox', { name: 'Select Conta de Ensaio' }).check();
  await press(page, 'Close 1 account');
  await dialog.getByRole('button', { name: 'Close 1 account' }).click();
  await page.getByText('1 account could not be closed.').waitFor();
  await row.getByText('No balance of the account is known.').waitFor();
  await page.finish();
});

test('a month-end shows problems first, and the question names what is closed over', async () => {
  const operator = token(191);
  const { id } = await connect(operator, pluggyLogin, 'ledger');
  await confirm(operator, id);
  const { id: extra } = await control(PLUGGY, 'POST', '/transactions', { // not older than the others: that would only be more history
    accountId: pluggyBankAccount, description: 'NOT IN THE BALANCE', amount: -7.77, type: 'DEBIT', status: 'POSTED', date: new Date(Date.now() - 2 * 86400000).toISOString(),
  });
  await confirm(operator, id);
  await control(PLUGGY, 'DELETE', '/transactions/' + extra);
  const page = await open(browser, '/console/search', { token: operator });
  await page.route(/\/accounts\?limit=200/, async (route) => route.fulfill({ // the accounts are on two pages
    response: await route.fetch({ url: route.request().url().replace('limit=200', 'limit=1') }),
  }));
  await page.goto(SERVICE + '/console/month-end?day=2026-01-31');
  await heading(page, /^0 of 2 accounts are closed to/);
  await page.getByText('1 account has a problem.').waitFor();
  const rows = page.getByRole('table', { name: 'Accounts of the month-end' }).getByRole('row');
  assert.deepEqual(await rows.locator('.name').allInnerTexts(), ['Conta de Ensaio', 'Cartão de Ensaio']);
  await rows.nth(2).getByText('limit used', { exact: true }).waitFor();
  await page.getByLabel('Sort by').selectOption('Account');
  assert.deepEqual(await rows.locator('.name').allInnerTexts(), ['Cartão de Ensaio', 'Conta de Ensaio']);
  await page.getByLabel('Show').selectOption('With problems');
  assert.match(page.url(), /day=2026-01-31&sort=account&show=problems/);
  await page.reload();
  await rows.nth(1).getByText('Conta de Ensaio').waitFor();
  assert.equal(await rows.count(), 2, 'the filter stays, and hides the account without a problem');
  await page.getByLabel('Search').fill('nothing like that');
  await page.getByText('Nothing matches these filters.').waitFor();
  await press(page, 'Clear the filters');
  await press(page, 'Select 2 open accounts');
  await press(page, 'Close 2 accounts');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('2 of them are not complete:').waitFor();
  const [first, second] = await dialog.getByRole('listitem').allInnerTexts();
  assert.match(first, /Conta de Ensaio[^]*Banco de Ensaio[^]*ledger[^]*(?:Difference found|Drifting)[^]*Balance without posted transactions \+7.77/);
  assert.match(second, /Cartão de Ensaio[^]*Banco de Ensaio[^]*ledger[^]*Unknown[^]*the open invoice of the card/);
  await dialog.getByText(/without an earlier close begins on Jan 01, 2026/).waitFor();
  await checkAccessibility(page, 'the question');
  await dialog.getByRole('button', { name: 'Close 2 accounts' }).click();
  await page.getByText('2 accounts were closed up to').waitFor();
  for (const account of (await api(operator, 'GET', `/aggregator-connections/${id}/accounts`)).items) {
    const [close] = (await api(operator, 'GET', `/accounts/${account.id}/closes`)).items;
    assert.deepEqual([close.date, close.firstDay], ['2026-01-31', '2026-01-01']);
  }
  await page.route('**/v1/discovery/closes', async (route) => {
    const error = { status: 409, code: 'MTCH-0007', detail: 'no balance of the account is known' };
    await route.fulfill({ json: { results: route.request().postDataJSON().accountIds.map((accountId) => ({ accountId, error })) } });
  });
  await page.getByLabel('Last day of the period').fill('2026-02-28');
  await press(page, 'Select 2 open accounts');
  await page.getByLabel('Show').selectOption('Closed');
  await press(page, 'Close 2 accounts');
  await dialog.getByRole('button', { name: 'Close 2 accounts' }).click();
  await page.getByText('2 accounts could not be closed.').waitFor();
  assert.equal(await page.getByText('No balance of the account is known.').count(), 2, 'of accounts that are not shown, above');
  await page.finish();
});

test('the statements of several accounts are downloaded in one archive', async () => {
  const operator = token(192);
  await connect(operator, pluggyLogin, 'ledger');
  const page = await open(browser, '/console/month-end?day=2026-01-31', { token: operator });
  await press(page, 'Select 2 open accounts');
  await press(page, 'Download 2 statements');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Format').selectOption('CSV for Excel in Brazil');
  const [file] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Download', exact: true }).click()]);
  assert.equal(file.suggestedFilename(), 'statements-2026-01-31.zip');
  const chunks = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk);
  const archive = Buffer.concat(chunks).toString('latin1');
  assert.equal(archive.slice(0, 2), 'PK');
  assert.equal(archive.match(/Banco-de-Ensaio_[\w-]+_2026-01\.csv/g).length, 4, 'two files, each with its local and its central header');
  await checkAccessibility(page, 'the archive');
  await page.finish();
});

const shown = (date) => new Intl.DateTimeFormat('en-US', { day: '2-digit', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(new Date(date));

// The amounts of the row of facts of a statement, as numbers.
const amounts = async (sheet) => (await sheet.locator('.facts dd').allInnerTexts()).map((text) => Number(text.replace(/[^\d.−]/g, '').replace('−', '-')));

test('a statement shows its balances, and is printed with a page for each account', async () => {
  const operator = token(193);
  // The other transactions are those of the last days, which an account covers only after the next banking day.
  const add = (description, amount, type) => control(PLUGGY, 'POST', '/transactions', {
    accountId: pluggyBankAccount, description, amount, type, status: 'POSTED', date: new Date(Date.now() - 10 * 86400000).toISOString(),
  });
  const added = [await add('RECEIPT', 100, 'CREDIT'), await add('PAYMENT', -40, 'DEBIT')];
  const { id } = await connect(operator, pluggyLogin, 'ledger');
  await confirm(operator, id);
  for (const transaction of added) await control(PLUGGY, 'DELETE', '/transactions/' + transaction.id);
  const { items } = await api(operator, 'GET', `/aggregator-connections/${id}/accounts`);
  const { id: account, coversTo: last } = items.find(({ type }) => type === 'bank');
  const before = (days) => new Date(Date.parse(last) - days * 86400000).toISOString().slice(0, 10);
  const page = await open(browser, `/console/connections/${id}/accounts/${account}/statement?from=${before(40)}&to=${last}`, { token: operator, colorScheme: 'dark', expected: [/409/] });
  const sheet = page.locator('.sheet');
  await sheet.getByText(/^Not closed: as it is known on .* \d+:\d\d:\d\d/).waitFor();
  const [opening, incoming, outgoing, closing] = await amounts(sheet);
  assert.ok(incoming > 0 && outgoing < 0);
  assert.equal((opening + incoming + outgoing).toFixed(2), closing.toFixed(2));
  const { total: [total] } = await api(operator, 'GET', `/transactions/summary?accountId=${account}&status=posted&from=${before(40)}&to=${last}`);
  assert.deepEqual([incoming, -outgoing], [Number(total.in), Number(total.out)]);
  assert.equal(await sheet.getByRole('row').count() - 1, total.count);
  await checkAccessibility(page, 'a statement');

  await api(operator, 'PUT', `/accounts/${account}/closes/${last}`, { from: before(10) });
  await page.goto(`${SERVICE}/console/connections/${id}/accounts/${account}/closes?close=${last}`);
  await page.getByRole('link', { name: 'Statement as it was closed' }).click();
  await sheet.getByText('As it was closed by operator').waitFor();
  await heading(page, `Conta de Ensaio, ${shown(before(10))} to ${shown(last)}`, 2);
  const closed = await amounts(sheet);
  assert.equal((closed[0] + closed[1] + closed[2]).toFixed(2), closed[3].toFixed(2));
  assert.equal(closed[3], closing);

  await page.goto(`${SERVICE}/console/statements?accounts=${items.map((item) => item.id)}&from=${before(40)}&to=${last}`);
  await heading(page, '2 statements');
  await sheet.nth(1).locator('.facts').waitFor();
  await sheet.getByText(`The period up to ${shown(last)} was closed on`).waitFor();
  assert.equal(await sheet.getByRole('button', { name: 'As it was closed' }).count(), 1);
  await page.emulateMedia({ media: 'print' });
  for (const gone of ['header.top', '.page-head', '.screen']) assert.ok(await page.locator(gone).isHidden(), gone + ' is printed');
  assert.equal(await sheet.nth(1).evaluate((element) => getComputedStyle(element).breakBefore), 'page');
  await page.setViewportSize({ width: 700, height: 900 }); // a sheet of paper is narrow, but has no cards
  assert.equal(await page.locator('thead').first().evaluate((element) => getComputedStyle(element).display), 'table-header-group');
  const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
  assert.ok(pdf.match(/\/Type\s*\/Page\b/g).length >= 2, 'both statements begin a page');
  await page.finish();
});

// addCard adds an item with a card at the vendor: a bill of 150.00 that adds up, one of 400.00 of which 250.00 are missing, a
// purchase in three instalments, and a row that is on no bill. It returns the id of the item, and the due days.
async function addCard() {
  const month = (back, day) => { // a day of a month before the one in which the last bill was due
    const now = new Date(Date.parse(presentDay()) - 7 * 86400000);
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, day)).toISOString();
  };
  const { id: item } = await control(PLUGGY, 'POST', '/items', { clientUserId: 'card' });
  const { id: card } = await control(PLUGGY, 'POST', '/accounts', { itemId: item, type: 'CREDIT', subtype: 'CREDIT_CARD', name: 'Cartão da Loja', number: '7710', balance: 90 });
  const bill = (id, back, total) => ({ id, dueDate: month(back, 5), billClosingDate: month(back + 1, 27), totalAmount: total, totalAmountCurrencyCode: 'BRL', minimumPaymentAmount: 20 });
  const ids = ['b1110000-0000-4000-8000-000000000001', 'b1110000-0000-4000-8000-000000000002'];
  await control(PLUGGY, 'POST', `/accounts/${card}/bills`, [
    { ...bill(ids[0], 1, 150), payments: [{ id: 'b1110000-0000-4000-8000-00000000000a', valueType: 'FULL_PAYMENT', paymentDate: month(1, 5), paymentMode: 'PIX', amount: 150, currencyCode: 'BRL' }] },
    bill(ids[1], 0, 400),
  ]);
  const row = (description, amount, date, creditCardMetadata) => control(PLUGGY, 'POST', '/transactions', {
    accountId: card, description, descriptionRaw: description, amount, type: 'DEBIT', status: 'POSTED', date, creditCardMetadata: { cardNumber: '7710', ...creditCardMetadata },
  });
  const forecast = (back) => month(back, 1).slice(0, 7);
  await row('PAPELARIA DA LOJA', 50, month(2, 10), { billId: ids[0], billForecastDate: forecast(1) });
  await row('MOVEIS PARC 01/03', 100, month(2, 12), { billId: ids[0], billForecastDate: forecast(1), installmentNumber: 1, totalInstallments: 3 });
  await row('MOVEIS PARC 02/03', 100, month(1, 12), { billId: ids[1], billForecastDate: forecast(0), installmentNumber: 2, totalInstallments: 3 });
  await row('POSTO DA LOJA', 50, month(1, 15), { billId: ids[1], billForecastDate: forecast(0) });
  await row('FARMACIA DA LOJA', 33, month(1, 29), {});
  return { item, due: [month(1, 5), month(0, 5)].map((text) => shown(text.slice(0, 10))) };
}

test('the bills of a card say whether they add up, and a purchase names its bill and instalment', async () => {
  const operator = token(194);
  const { item, due } = await addCard();
  const { id } = await connect(operator, { ...pluggyLogin, accountRef: item }, 'card');
  await confirm(operator, id, item);
  const page = await open(browser, '/console/connections/' + id, { token: operator });
  await page.getByRole('link', { name: 'Bills', exact: true }).click();
  await heading(page, 'Bills of Cartão da Loja');
  const table = page.getByRole('table', { name: 'Bills', exact: true });
  await table.getByRole('row', { name: new RegExp(`^${due[0]} .*150.00 BRL 2 .*Adds up .*Paid`) }).waitFor();
  await table.getByRole('row', { name: new RegExp(`^${due[1]} .*400.00 BRL 2 .*Differs 250.00 BRL`) }).waitFor();
  await checkAccessibility(page, 'the bills');
  await page.getByRole('link', { name: due[1] }).click();
  await heading(page, 'Bill of ' + due[1]);
  const terms = page.getByRole('table', { name: 'Why the total adds up or not' });
  assert.deepEqual((await terms.getByRole('row').allInnerTexts()).map((text) => text.replace(/\s+/g, ' ')), ['Left unpaid of the bill before 0.00 BRL', '2 transactions 150.00 BRL', 'Not explained 250.00 BRL', 'Total 400.00 BRL']);
  await page.getByRole('table', { name: 'What may be missing or too much' }).getByText('FARMACIA DA LOJA').waitFor();
  await checkAccessibility(page, 'a bill');
  await page.getByRole('table', { name: 'Transactions' }).getByRole('link', { name: 'MOVEIS PARC 02/03' }).click();
  await heading(page, 'MOVEIS PARC 02/03');
  await page.getByText('2/3').first().waitFor();
  await page.locator('.details').getByRole('link', { name: /^[A-Z][a-z]{2} \d{4}$/ }).click(); // the bill
  await heading(page, 'Bill of ' + due[1]);
  await page.goto(SERVICE + '/console/month-end?day=' + coveredDay);
  await page.getByRole('row', { name: /Cartão da Loja/ }).getByText('Total of the last closed bill').waitFor();
  await page.finish();
});

test('a cause that connections share is shown once, and a counter leads to its connections', async () => {
  const operator = token(195);
  const { clientId } = pluggyLogin;
  const application = await api(operator, 'POST', '/applications', { vendor: 'pluggy', name: 'credencial-antiga', baseUrl: PLUGGY, clientId, secret: 'of-last-year' });
  for (const name of ['um', 'dois', 'tres']) {
    const { id: item } = await control(PLUGGY, 'POST', '/items', { clientUserId: name });
    const { id } = await api(operator, 'POST', '/aggregator-connections', { vendor: 'pluggy', configName: name, accountRef: item, applicationId: application.id });
    await pull(operator, id);
  }
  const sealed = await connect(operator, { ...pluggyLogin, secret: 'wrong' }, 'sozinha');
  await connect(operator, pluggyLogin, 'boa');
  const page = await open(browser, '/console', { token: operator });
  await heading(page, /^\d of 5 connections need you\.$/);
  const causes = page.getByRole('list', { name: 'Causes that several connections share' });
  await causes.getByText('3 connections').waitFor();
  await causes.getByText(/The vendor rejects the credential/).waitFor();
  await causes.getByRole('button', { name: 'Enter a new credential' }).waitFor();
  const needy = page.getByRole('list', { name: 'Connections that need you' });
  assert.deepEqual((await needy.locator('.name').allInnerTexts()).filter((name) => name !== 'boa'), ['sozinha'], 'the connections of the cause are not listed again');
  await causes.getByText('Show the connections').click();
  await causes.getByRole('link', { name: 'dois' }).waitFor();
  await checkAccessibility(page, 'the causes');
  await page.route(/health\?attention=true/, async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    body.items.find(({ configName }) => configName === 'um')?.attention.push({ reason: 'silent', severity: 'now', since: new Date().toISOString() });
    await route.fulfill({ response, json: body });
  });
  await page.reload();
  const um = needy.getByRole('listitem').filter({ hasText: 'um' }).first();
  await um.getByRole('link', { name: 'Check the webhook address' }).waitFor();
  await causes.waitFor();
  assert.equal(await um.getByText(/rejects the credential/).count(), 0, 'the cause states it');
  await page.unrouteAll({ behavior: 'wait' });
  await page.getByRole('link', { name: '4 with a rejected credential' }).click();
  await page.getByText('Only connections with a rejected credential.').waitFor();
  await needy.getByText('dois').waitFor();
  assert.deepEqual((await needy.locator('.name').allInnerTexts()).sort(), ['dois', 'sozinha', 'tres', 'um']);
  assert.match(page.url(), /reason=credential_rejected/);
  await press(page, 'Clear the filters');
  await causes.waitFor();
  await page.goto(SERVICE + '/console/applications');
  await page.getByRole('row', { name: /credencial-antiga 0 of 3 3 with a rejected credential/ }).waitFor();
  await api(operator, 'DELETE', '/aggregator-connections/' + sealed.id);
  await page.finish();
});

test('the changes since the last visit on an earlier day are counted by account', async () => {
  const operator = token(196);
  const { id } = await connect(operator, pluggyLogin, 'visits');
  const page = await open(browser, '/console/changes', { token: operator });
  await page.getByText('Live:').waitFor();
  assert.equal(await page.getByText(/since your last visit/).count(), 0, 'there was no visit');
  const kept = await until('the visit', () => page.evaluate(() => localStorage.getItem('discovery.visits')));
  assert.doesNotMatch(kept, /operator|018f0000|eyJ/, 'nothing about the operator');
  await page.evaluate(() => { // the visit was yesterday
    const visits = JSON.parse(localStorage.getItem('discovery.visits'));
    visits.latest.at = new Date(Date.parse(visits.latest.at) - 86400000).toISOString();
    localStorage.setItem('discovery.visits', JSON.stringify(visits));
  });
  const rows = [];
  for (const amount of [-1.11, -2.22]) {
    rows.push(await control(PLUGGY, 'POST', '/transactions', { accountId: pluggyBankAccount, description: 'SINCE THE VISIT', amount, type: 'DEBIT', status: 'POSTED', date: new Date().toISOString() }));
  }
  await pull(operator, id);
  for (const row of rows) await control(PLUGGY, 'DELETE', '/transactions/' + row.id);
  await page.reload();
  await heading(page, /^2 changes since your last visit on .*, accounts: 1$/, 2);
  await page.getByRole('row', { name: /^Conta de Ensaio visits 2 0 0$/ }).waitFor();
  await checkAccessibility(page, 'the changes');
  await page.reload(); // a second look on the same day shows the same
  await heading(page, /^2 changes since your last visit/, 2);
  await page.finish();
});

test('the audit page names actions and objects, links to them, and states the exact time', async () => {
  const operator = token(197);
  const { id } = await connect(operator, pluggyLogin, 'audited');
  const [account] = (await api(operator, 'GET', `/aggregator-connections/${id}/accounts`)).items;
  const [transaction] = (await api(operator, 'GET', `/aggregator-connections/${id}/transactions?limit=1`)).items;
  await api(operator, 'PUT', `/accounts/${account.id}/closes/2026-01-31`);
  await api(operator, 'POST', `/transactions/${transaction.id}/exclude`, { reason: 'twice' });
  const page = await open(browser, '/console/audit', { token: operator });
  const exact = /\d+ seconds? ago [A-Z][a-z]{2} \d\d?, \d{4}, \d\d?:\d\d:\d\d [AP]M/.source;
  await page.getByRole('row', { name: new RegExp(`Transaction excluded operator (now|${exact})`) }).getByRole('link', { name: transaction.description }).waitFor();
  const closed = page.getByRole('row', { name: /Period closed/ });
  await closed.getByText(/^Transactions: 0$/).waitFor();
  await closed.getByText(/^Day: Jan 31, 2026$/).waitFor();
  assert.match(await closed.innerText(), /Digest: [0-9a-f]{12}…/);
  await page.getByRole('row', { name: /Connection created/ }).getByRole('link', { name: 'audited' }).waitFor();
  await checkAccessibility(page, 'the audit');
  await closed.getByRole('link', { name: account.name }).click();
  await heading(page, 'Closed periods of ' + account.name);
  await page.finish();
});

test('the sections are one line of a wide window, in both languages', async () => {
  for (const locale of ['en-US', 'pt-BR']) {
    const page = await open(browser, '/console/search', { token: token(199), locale });
    const { height } = await page.getByRole('navigation').first().boundingBox();
    assert.ok(height < 45, `${locale}: the sections are ${height} px high`);
    await page.finish();
  }
});

test('a row of a table is a card in a narrow window', async () => {
  const operator = token(13);
  await connect(operator, pluggyLogin, 'bank');
  const page = await open(browser, '/console', { token: operator, viewport: { width: 400, height: 900 } });
  const cells = page.getByRole('table', { name: 'All connections' }).getByRole('row').nth(1).getByRole('cell');
  await cells.first().waitFor();
  const boxes = await Promise.all((await cells.all()).map((cell) => cell.boundingBox()));
  boxes.slice(1).forEach((box, i) => assert.ok(box.y >= boxes[i].y + boxes[i].height, 'the cells are not below each other'));
  await page.finish();
});

test('a connection is erased after its name was typed, and its transactions are shown as erased', async () => {
  const operator = token(41);
  const connection = await connect(operator, pluggyLogin, 'to-erase');
  const { items: [transaction] } = await api(operator, 'GET', `/aggregator-connections/${connection.id}/transactions?limit=1`);
  const page = await open(browser, '/console/connections/' + connection.id, { token: operator, expected: [/status of 404/] });
  await heading(page, 'to-erase');
  await act(page, 'Erase');
  const dialog = page.getByRole('dialog');
  const confirm = dialog.getByRole('button', { name: 'Erase' });
  await dialog.getByLabel('Ask Pluggy to delete the account reference, too').waitFor();
  await dialog.getByLabel('To confirm, type to-erase').fill('to-eras');
  assert.equal(await confirm.isDisabled(), true);
  await dialog.getByLabel('To confirm, type to-erase').fill('to-erase');
  await confirm.click();
  await page.getByText('The erasure of to-erase was requested.').waitFor();
  await page.getByRole('row', { name: /Done operator, / }).waitFor();
  await page.getByText('No erasure is running.').waitFor();
  await checkAccessibility(page, 'erasures');
  await page.goto(`${SERVICE}/console/connections/${connection.id}/transactions/${transaction.id}`);
  await page.getByText('Its connection was erased.').waitFor();
  await page.goto(`${SERVICE}/console/connections/${connection.id}`);
  await page.getByText(/^Connection erased: operator, /).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0);
  await page.finish();
});
