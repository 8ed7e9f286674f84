// Tests the vendor's SDK against the simulator at PLAID_API_URL (an origin without a trailing slash).
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { afterEach, test } from 'node:test';

const { Configuration, PlaidApi } = createRequire(import.meta.url)('plaid');
const origin = process.env.PLAID_API_URL;
const clientId = '57d288f8ad6f5a0011c4a1b2';
const secret = 'plaid-sim-secret-not-real';
const item = 'eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6';
const access_token = 'access-sandbox-de3ce8ef-33f8-452c-a685-8671031fc0f6';
const bank = 'blgvvBlXw3cq5GMPwqB6s6q4dLKB9WcVqGDGo';
const card = 'dVzbVMLjrxTnLjX4G66XUp5GLklm4oiZy88yK';
const all = 1203; // 8 rows of the demo data and 1195 others

function client(keys = { 'PLAID-CLIENT-ID': clientId, 'PLAID-SECRET': secret }) {
  return new PlaidApi(new Configuration({ basePath: origin, baseOptions: { headers: keys } }));
}
const plaid = client();

async function control(method, path, body) {
  const answer = await fetch(`${origin}/_control/${path}`, { method, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200);
  return answer.json();
}

// Reads the stream until has_more is false. Returns the pages.
async function sync(cursor, count = 500) {
  const pages = [];
  for (;;) {
    const { data } = await plaid.transactionsSync({ access_token, cursor, count });
    pages.push(data);
    cursor = data.next_cursor;
    if (!data.has_more) return pages;
  }
}
const ids = (pages, list) => pages.flatMap((page) => page[list]).map((row) => row.transaction_id);

// Checks that a call fails with an error object of the vendor.
const fails = (call, status, error_type, error_code) =>
  assert.rejects(call, ({ response }) => {
    assert.equal(response.status, status);
    assert.match(response.headers['content-type'], /^application\/json/);
    assert.equal(response.data.error_type, error_type);
    assert.equal(response.data.error_code, error_code);
    for (const member of ['error_message', 'request_id']) assert.equal(typeof response.data[member], 'string');
    assert.equal(response.data.display_message, null);
    return true;
  });

afterEach(() => control('DELETE', 'faults'));

test('a public token is exchanged once', async () => {
  const { data: created } = await plaid.sandboxPublicTokenCreate({
    institution_id: 'ins_109508', initial_products: ['transactions'], options: { webhook: 'https://example.com/hook' },
  });
  assert.match(created.public_token, /^public-sandbox-/);
  const { data: exchanged } = await plaid.itemPublicTokenExchange({ public_token: created.public_token });
  assert.match(exchanged.access_token, /^access-sandbox-/);
  const { data } = await plaid.itemGet({ access_token: exchanged.access_token });
  assert.equal(data.item.item_id, exchanged.item_id);
  assert.equal(data.item.webhook, 'https://example.com/hook');
  const again = plaid.itemPublicTokenExchange({ public_token: created.public_token });
  await fails(again, 400, 'INVALID_INPUT', 'INVALID_PUBLIC_TOKEN');
  await plaid.itemRemove({ access_token: exchanged.access_token });
  await fails(plaid.itemGet({ access_token: exchanged.access_token }), 400, 'ITEM_ERROR', 'ITEM_NOT_FOUND');
});

test('wrong credentials are refused', async () => {
  const stranger = client({ 'PLAID-CLIENT-ID': clientId, 'PLAID-SECRET': 'wrong' });
  await fails(stranger.itemGet({ access_token }), 400, 'INVALID_INPUT', 'INVALID_API_KEYS');
  await fails(plaid.itemGet({ access_token: 'nothing' }), 400, 'INVALID_INPUT', 'INVALID_ACCESS_TOKEN');
  const removed = 'access-sandbox-00000000-0000-4000-8000-000000000000';
  await fails(plaid.itemGet({ access_token: removed }), 400, 'ITEM_ERROR', 'ITEM_NOT_FOUND');
});

test('credentials in the body are the same as in the headers', async () => {
  const { data } = await client({}).itemGet({ access_token, client_id: clientId, secret });
  assert.equal(data.item.item_id, item);
});

test('an item has its state', async () => {
  const { data } = await plaid.itemGet({ access_token });
  assert.equal(data.item.item_id, item);
  assert.equal(data.item.error, null);
  assert.equal(data.item.update_type, 'background');
  assert.ok(data.item.products.includes('transactions'));
  assert.ok(Date.parse(data.status.transactions.last_successful_update) > 0);
  assert.ok('last_webhook' in data.status);
});

test('the accounts have their balances', async () => {
  const { data } = await plaid.accountsGet({ access_token });
  assert.deepEqual(data.accounts.map((a) => [a.account_id, a.type, a.subtype, a.mask]), [
    [bank, 'depository', 'checking', '0000'], [card, 'credit', 'credit card', '3333'],
  ]);
  for (const { balances } of data.accounts) {
    assert.equal(typeof balances.current, 'number');
    assert.equal(balances.iso_currency_code, 'USD');
    assert.equal(balances.unofficial_currency_code, null);
  }
  assert.equal(data.item.item_id, item);
});

test('the stream holds every row once, whatever the size of a page', async () => {
  for (const [count, pages] of [[100, 13], [500, 3]]) {
    const got = await sync('', count);
    assert.equal(got.length, pages);
    const added = ids(got, 'added');
    assert.equal(added.length, all);
    assert.equal(new Set(added).size, all);
    assert.deepEqual([ids(got, 'modified'), ids(got, 'removed')], [[], []]);
    assert.equal(got.at(-1).transactions_update_status, 'HISTORICAL_UPDATE_COMPLETE');
    assert.match(got.at(-1).next_cursor, /^[A-Za-z0-9+/=]{1,256}$/);
  }
});

test('a row has the members of the document', async () => {
  const row = (await sync()).flatMap((page) => page.added).find((r) => r.pending);
  for (const member of ['transaction_id', 'account_id', 'name', 'date', 'payment_channel']) {
    assert.equal(typeof row[member], 'string', member);
  }
  assert.equal(typeof row.amount, 'number');
  for (const member of ['pending_transaction_id', 'unofficial_currency_code', 'merchant_name', 'datetime',
    'authorized_date', 'check_number']) {
    assert.equal(row[member], null, member);
  }
  assert.equal(row.original_description, null, 'only on request');
  const asked = await plaid.transactionsSync({
    access_token, count: 500, options: { include_original_description: true },
  });
  assert.ok(asked.data.added.some((r) => r.original_description !== null));
});

test('the stream returns only what has changed', async () => {
  const before = (await sync()).at(-1).next_cursor;
  assert.deepEqual((await sync(before)).map((page) => [page.added, page.modified, page.removed]), [[[], [], []]]);
  const rows = `items/${item}/transactions`;
  const row = { account_id: card, amount: 48.5, iso_currency_code: 'USD', date: '2026-11-17', name: 'BISTRO LUNA' };
  const pending = await control('POST', rows, { ...row, pending: true });
  const middle = await sync(before);
  assert.deepEqual(ids(middle, 'added'), [pending.transaction_id]);
  const posted = await control('POST', rows, { ...row, amount: 58.2, pending_transaction_id: pending.transaction_id });
  await control('DELETE', `${rows}/${pending.transaction_id}`);
  const after = await sync(middle.at(-1).next_cursor);
  assert.deepEqual(ids(after, 'added'), [posted.transaction_id]);
  assert.deepEqual(after[0].removed, [{ transaction_id: pending.transaction_id, account_id: card }]);
  assert.equal(after[0].added[0].pending_transaction_id, pending.transaction_id);
  await control('POST', rows, { ...posted, name: 'BISTRO LUNA II' });
  assert.deepEqual(ids(await sync(after.at(-1).next_cursor), 'modified'), [posted.transaction_id]);
  await control('DELETE', `${rows}/${posted.transaction_id}`);
  assert.equal(ids(await sync(), 'added').length, all, 'rows that came and left are in no new stream');
});

test('a change between two pages requires a new start', async () => {
  const { data: first } = await plaid.transactionsSync({ access_token, count: 500 });
  await control('POST', 'mutations', { times: 2 });
  for (let i = 0; i < 2; i++) {
    const second = plaid.transactionsSync({ access_token, count: 500, cursor: first.next_cursor });
    await fails(second, 400, 'TRANSACTIONS_ERROR', 'TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION');
  }
  assert.equal(ids(await sync(), 'added').length, all);
  const unknown = plaid.transactionsSync({ access_token, cursor: 'bm90aGluZw==' });
  await fails(unknown, 400, 'INVALID_INPUT', 'INVALID_FIELD');
});

test('the listing by date holds every row once', async () => {
  const options = { count: 500, offset: 0 };
  const window = { access_token, start_date: '2000-01-01', end_date: '2100-01-01', options };
  const rows = [];
  for (;;) {
    const { data } = await plaid.transactionsGet(window);
    rows.push(...data.transactions);
    assert.equal(data.total_transactions, all);
    if (rows.length >= all) break;
    options.offset = rows.length;
  }
  assert.equal(new Set(rows.map((r) => r.transaction_id)).size, all);
  const dates = rows.map((r) => r.date);
  assert.deepEqual(dates, dates.toSorted().toReversed());
});

test('an item in error says so', async () => {
  await control('POST', `items/${item}/error`, { code: 'ITEM_LOGIN_REQUIRED' });
  const { data } = await plaid.itemGet({ access_token });
  assert.equal(data.item.error.error_code, 'ITEM_LOGIN_REQUIRED');
  await fails(plaid.transactionsSync({ access_token }), 400, 'ITEM_ERROR', 'ITEM_LOGIN_REQUIRED');
  await control('POST', `items/${item}/error`, { code: '' });
});

test('a webhook is changed and removed', async () => {
  const { data } = await plaid.itemWebhookUpdate({ access_token, webhook: 'https://example.com/other' });
  assert.equal(data.item.webhook, 'https://example.com/other');
  assert.equal((await plaid.itemWebhookUpdate({ access_token, webhook: null })).data.item.webhook, null);
});

test('a link token of the update mode has a hosted page', async () => {
  const { data } = await plaid.linkTokenCreate({
    client_name: 'Test', language: 'en', country_codes: ['US'], user: { client_user_id: 'a' }, access_token,
    hosted_link: {},
  });
  assert.match(data.link_token, /^link-sandbox-/);
  assert.match(data.hosted_link_url, /^https:\/\/secure\.plaid\.com\//);
  assert.ok(Date.parse(data.expiration) > Date.now());
});

test('an unknown member is refused', async () => {
  await fails(plaid.itemGet({ access_token, colour: 'red' }), 400, 'INVALID_REQUEST', 'UNKNOWN_FIELDS');
});

test('a webhook is signed with a key of the API', async () => {
  const got = await new Promise((resolve, reject) => {
    const receiver = createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        response.end();
        receiver.close();
        resolve({ jwt: request.headers['plaid-verification'], body: Buffer.concat(chunks) });
      });
    });
    receiver.listen(0, '127.0.0.1', () => {
      const url = `http://127.0.0.1:${receiver.address().port}/`;
      control('POST', 'webhooks', {
        target: { url }, itemId: item, type: 'TRANSACTIONS', code: 'SYNC_UPDATES_AVAILABLE',
        members: { initial_update_complete: true, historical_update_complete: true },
      }).catch(reject);
    });
  });
  const [header, claims] = got.jwt.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  assert.deepEqual([header.alg, header.typ], ['ES256', 'JWT']);
  const { data } = await plaid.webhookVerificationKeyGet({ key_id: header.kid });
  assert.deepEqual([data.key.kid, data.key.alg, data.key.crv, data.key.use], [header.kid, 'ES256', 'P-256', 'sig']);
  assert.equal(data.key.expired_at, null);
  const key = createPublicKey({ key: data.key, format: 'jwk' });
  const end = got.jwt.lastIndexOf('.');
  const signature = Buffer.from(got.jwt.slice(end + 1), 'base64url');
  assert.ok(verify('sha256', got.jwt.slice(0, end), { key, dsaEncoding: 'ieee-p1363' }, signature));
  assert.equal(claims.request_body_sha256, createHash('sha256').update(got.body).digest('hex'));
  assert.ok(Math.abs(claims.iat - Date.now() / 1000) < 300);
  assert.equal(JSON.parse(got.body).item_id, item);
  const unknown = plaid.webhookVerificationKeyGet({ key_id: '00000000-0000-4000-8000-000000000000' });
  await fails(unknown, 400, 'INVALID_INPUT', 'INVALID_WEBHOOK_VERIFICATION_KEY_ID');
});

test('faults have the errors of the document', async () => {
  for (const [fault, type, code] of [
    [{ status: 429 }, 'RATE_LIMIT_EXCEEDED', 'TRANSACTIONS_SYNC_LIMIT'],
    [{ status: 500 }, 'API_ERROR', 'INTERNAL_SERVER_ERROR'],
    [{ status: 503 }, 'API_ERROR', 'PLANNED_MAINTENANCE'],
    [{ status: 400, code: 'INSTITUTION_DOWN' }, 'INSTITUTION_ERROR', 'INSTITUTION_DOWN'],
  ]) {
    await control('POST', 'faults', [{ kind: 'status', ...fault }]);
    await fails(plaid.transactionsSync({ access_token }), fault.status, type, code);
  }
});

test('a refresh is accepted', async () => {
  assert.equal(typeof (await plaid.transactionsRefresh({ access_token })).data.request_id, 'string');
});
