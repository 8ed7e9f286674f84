// Tests the vendor's SDK against the simulator at PLUGGY_API_URL (an origin without a trailing slash).
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';

const { PluggyClient } = createRequire(import.meta.url)('pluggy-sdk');
const origin = process.env.PLUGGY_API_URL;
const clientId = '3f1c2d5e-6a7b-4c8d-9e0f-1a2b3c4d5e6f';
const clientSecret = 'sim-secret-not-real';
const item = 'b7d1f0a2-4c35-4e8b-9a61-0d2f5c7e8a90';
const bank = '11aa22bb-33cc-4d44-8e55-66ff77aa88bb';
const card = '22bb33cc-44dd-4e55-9f66-77aa88bb99cc';
const nobody = '00000000-0000-4000-8000-00000000ffff';
const pluggy = new PluggyClient({ clientId, clientSecret });

// The SDK prints its errors. That is not needed, because the assertions check them.
console.error = () => {};

async function control(method, path, body) {
  const answer = await fetch(`${origin}/_control/${path}`, { method, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200);
  return answer.json();
}

async function rowsOf(account) {
  const { items } = await control('GET', 'state');
  return items[0].accounts.find((a) => a.id === account).transactions;
}

after(() => control('DELETE', 'faults'));

test('a key is fetched once and used again', async () => {
  const before = (await control('GET', 'stats')).keysIssued;
  const client = new PluggyClient({ clientId, clientSecret });
  await client.fetchItem(item);
  await client.fetchItem(item);
  assert.equal((await control('GET', 'stats')).keysIssued, before + 1);
});

test('bad client keys are a 401 with its description', async () => {
  const stranger = new PluggyClient({ clientId, clientSecret: 'wrong' });
  await assert.rejects(stranger.fetchItem(item), (e) => {
    assert.equal(e.response.statusCode, 401);
    assert.equal(e.response.body.codeDescription, 'CLIENT_KEYS_UNAUTHORIZED');
    return true;
  });
});

test('an expired key is a 403 without a description', async () => {
  const client = new PluggyClient({ clientId, clientSecret });
  await client.fetchItem(item);
  await control('POST', 'keys/expire');
  await assert.rejects(client.fetchItem(item), (e) => e.code === 403 && e.codeDescription === undefined);
  pluggy.apiKey = undefined; // the SDK checks only the exp of its key, so it would keep the expired key
});

test('an item comes with real dates', async () => {
  const got = await pluggy.fetchItem(item);
  assert.equal(got.id, item);
  assert.equal(got.status, 'UPDATED');
  assert.ok(got.updatedAt instanceof Date && got.lastUpdatedAt instanceof Date);
  assert.equal(got.connector.country, 'BR');
});

test('consents of an item come with real dates', async () => {
  const { results } = await pluggy.fetchConsents(item);
  assert.equal(results.length, 1);
  const [got] = results;
  assert.equal(got.itemId, item);
  assert.equal(got.revokedAt, null);
  assert.ok(got.createdAt instanceof Date && got.expiresAt instanceof Date);
  assert.deepEqual(await pluggy.fetchConsent(got.id), got);
});

test('an unknown item is ITEM_NOT_FOUND', async () => {
  await assert.rejects(pluggy.fetchItem(nobody), { code: 404, codeDescription: 'ITEM_NOT_FOUND' });
});

test('accounts, all and by type', async () => {
  const all = await pluggy.fetchAccounts(item);
  assert.deepEqual(all.results.map((a) => [a.id, a.type]), [[bank, 'BANK'], [card, 'CREDIT']]);
  assert.deepEqual([all.page, all.total, all.totalPages], [1, 2, 1]);
  const cards = await pluggy.fetchAccounts(item, 'CREDIT');
  assert.deepEqual(cards.results.map((a) => a.id), [card]);
  assert.equal((await pluggy.fetchAccount(bank)).currencyCode, 'BRL');
});

test('all transactions over several pages, each exactly once', async () => {
  const before = (await control('GET', 'stats')).resources.transactions?.requests ?? 0;
  const all = await pluggy.fetchAllTransactions(bank);
  const want = await rowsOf(bank);
  assert.ok(want > 1000);
  assert.equal(all.length, want);
  assert.equal(new Set(all.map((t) => t.id)).size, want);
  assert.ok(all.every((t) => t.date instanceof Date && typeof t.amount === 'number' && t.accountId === bank));
  const { requests } = (await control('GET', 'stats')).resources.transactions;
  assert.equal(requests - before, Math.ceil(want / 500));
});

test('a creation filter survives the pages', async () => {
  const all = await pluggy.fetchAllTransactions(bank, { createdAtFrom: '2026-11-19T09:02:11.000Z', dateTo: '2100-01-01' });
  assert.equal(new Set(all.map((t) => t.id)).size, await rowsOf(bank));
});

test('rows by ids', async () => {
  const ids = ['c0ffee00-0000-4000-8000-000000000010', 'c0ffee00-0000-4000-8000-000000000012'];
  const page = await pluggy.fetchTransactionsCursor(card, { ids });
  assert.deepEqual(page.results.map((t) => t.id), ids);
  assert.equal(page.next, null);
  const [usd] = page.results;
  assert.deepEqual([usd.amount, usd.currencyCode, usd.amountInAccountCurrency], [58, 'USD', 298.19]);
  assert.equal((await pluggy.fetchTransaction(ids[1])).amount, -900);
});

test('a bad cursor and a wrong account are told apart', async () => {
  await assert.rejects(pluggy.fetchTransactionsCursor(bank, { after: 'x' }), { code: 400, message: 'Invalid cursor' });
  await assert.rejects(pluggy.fetchAllTransactions(nobody), { code: 404, codeDescription: 'ACCOUNT_NOT_FOUND' });
});

test('the page-numbered list is gone', async () => {
  await assert.rejects(pluggy.fetchTransactions(bank), { code: 410 });
});

test('a webhook is registered, read and deleted', async () => {
  const url = 'https://hooks.example.com/pluggy';
  const made = await pluggy.createWebhook('transactions/created', url, { Authorization: 'Bearer x' });
  assert.equal(made.url, url);
  assert.ok(made.createdAt instanceof Date);
  assert.equal((await pluggy.fetchWebhook(made.id)).id, made.id);
  assert.equal((await pluggy.fetchWebhooks()).total, 1);
  assert.deepEqual(await pluggy.deleteWebhook(made.id), { count: 1 });
});

test('a connect token updates one item', async () => {
  const { accessToken } = await pluggy.createConnectToken(item);
  const claims = JSON.parse(Buffer.from(accessToken.split('.')[1], 'base64url'));
  assert.equal(claims.itemId, item);
  assert.equal(claims.exp - claims.iat, 1800);
  await assert.rejects(pluggy.createConnectToken(nobody), { code: 404, codeDescription: 'ITEM_NOT_FOUND' });
});

test('an item is updated once at a time', async () => {
  const updating = await pluggy.updateItem(item);
  assert.deepEqual([updating.id, updating.status], [item, 'UPDATING']);
  assert.equal((await pluggy.fetchItem(item)).status, 'UPDATING');
  await assert.rejects(pluggy.updateItem(item), { code: 400, codeDescription: 'ITEM_IS_ALREADY_UPDATING' });
  await assert.rejects(pluggy.updateItem(nobody), { code: 404, codeDescription: 'ITEM_NOT_FOUND' });
  await control('POST', `items/${item}/status`, { status: 'UPDATED' });
  assert.equal((await pluggy.fetchItem(item)).status, 'UPDATED');
});

test('five webhooks get the events of all kinds, and no more', async () => {
  const made = [];
  for (let i = 0; i < 5; i++) {
    made.push(await pluggy.createWebhook('all', `https://hooks.example.com/${i}`, { Authorization: 'Bearer x' }));
  }
  await assert.rejects(pluggy.createWebhook('all', 'https://hooks.example.com/5'), { code: 400 });
  const listed = await pluggy.fetchWebhooks();
  assert.deepEqual(listed.results.map((w) => w.url), made.map((w) => w.url));
  assert.ok(listed.results.every((w) => w.event === 'all' && !('headers' in w)));
  for (const webhook of made) {
    await pluggy.deleteWebhook(webhook.id);
  }
  assert.equal((await pluggy.fetchWebhooks()).total, 0);
  await assert.rejects(pluggy.deleteWebhook(made[0].id), { code: 404 });
});

test('a 429 is retried by the SDK itself', async () => {
  await control('POST', 'faults', [{ path: '/items/*', kind: 'status', status: 429, retryAfter: '0' }]);
  assert.equal((await pluggy.fetchItem(item)).id, item);
  assert.equal((await control('GET', 'stats')).resources.items.limited, 1);
});

// The last test, because it deletes the item that the others use.
test('an item is deleted with its accounts', async () => {
  await assert.rejects(pluggy.deleteItem(nobody), { code: 404, codeDescription: 'ITEM_NOT_FOUND' });
  await pluggy.deleteItem(item);
  await assert.rejects(pluggy.fetchItem(item), { code: 404, codeDescription: 'ITEM_NOT_FOUND' });
  await assert.rejects(pluggy.fetchAccount(bank), (e) => e.code === 404);
  await assert.rejects(pluggy.deleteItem(item), { code: 404, codeDescription: 'ITEM_NOT_FOUND' });
});
