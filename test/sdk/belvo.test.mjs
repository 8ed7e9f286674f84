// Tests the vendor's SDK against the simulator at BELVO_API_URL (an origin without a trailing slash).
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { afterEach, before, test } from 'node:test';

const { default: Client } = createRequire(import.meta.url)('belvo');
const origin = process.env.BELVO_API_URL;
const secretId = 'sim-secret-id';
const secretPassword = 'sim-secret-not-real';
const mexico = '6d1a9c34-20b7-4f5e-8c61-93e7a5d40b12';
const brazil = 'a84f2e07-5b3d-4c19-9e72-1f60c8d3b745';
const checking = 'e3b70c55-91d4-4a2f-b6c8-07f25d1e9a83';
const card = '58c2d6f1-0e4b-4973-a5d9-b31f7e86c204';
const nobody = '00000000-0000-4000-8000-00000000ffff';
const all = 3000; // 5 rows of the demo data and 2995 generated rows: three full pages
const belvo = new Client(secretId, secretPassword, origin);

// The SDK prints why a login failed. That is not needed, because the assertions check it.
console.log = () => {};

async function control(method, path, body) {
  const answer = await fetch(`${origin}/_control/${path}`, { method, body: body && JSON.stringify(body) });
  assert.equal(answer.status, 200);
  return answer.json();
}

const rows = (filters, limit = 5000) => belvo.transactions.list({ limit, filters: { link: mexico, ...filters } });
const ids = (list) => list.map((row) => row.id);

before(() => belvo.connect());
afterEach(() => control('DELETE', 'faults'));

test('connect says whether the secret is good', async () => {
  await new Client(secretId, secretPassword, origin).connect();
  for (const [id, password] of [[secretId, 'wrong'], ['nobody', secretPassword], ['', '']]) {
    await assert.rejects(new Client(id, password, origin).connect(), /Login failed/);
  }
});

test('links are listed and found by id', async () => {
  const links = await belvo.links.list();
  assert.deepEqual(ids(links), [mexico, brazil]);
  assert.deepEqual(await belvo.links.detail(mexico), links[0]);
  assert.equal(links[0].status, 'valid');
});

test('what is not there is a RequestError with the array of errors', async () => {
  for (const resource of [belvo.links, belvo.accounts, belvo.transactions]) {
    await assert.rejects(resource.detail(nobody), (e) => {
      assert.equal(e.statusCode, 404);
      assert.equal(e.detail.length, 1);
      assert.deepEqual(Object.keys(e.detail[0]).sort(), ['code', 'message', 'request_id']);
      assert.equal(e.detail[0].code, 'not_found');
      assert.match(e.detail[0].request_id, /^[0-9a-f]{32}$/);
      return true;
    });
  }
});

test('accounts are listed by link', async () => {
  const mine = await belvo.accounts.list({ filters: { link: mexico } });
  assert.deepEqual(ids(mine), [checking, card]);
  assert.deepEqual(await belvo.accounts.detail(card), mine[1]);
  const theirs = await belvo.accounts.list({ filters: { link: brazil } });
  assert.equal(theirs.length, 2);
  assert.equal(theirs[0].subtype, 'INDIVIDUAL');
  assert.equal((await belvo.accounts.list()).length, 4);
});

test('a token of the widget updates one link', async () => {
  const made = await belvo.widgetToken.create({ link: mexico });
  assert.deepEqual(Object.keys(made).sort(), ['access', 'refresh']);
  assert.equal(JSON.parse(Buffer.from(made.access.split('.')[1], 'base64url')).link_id, mexico);
  await assert.rejects(belvo.widgetToken.create({ link: nobody }), { statusCode: 404 });
});

test('transactions need a link', async () => {
  await assert.rejects(belvo.transactions.list(), (e) => e.statusCode === 400);
  // The SDK itself checks only whether a link is given; an empty link is sent to the vendor.
  await assert.rejects(rows({ link: '' }), (e) => {
    assert.equal(e.response.status, 400);
    assert.equal(e.response.data[0].code, 'required');
    assert.equal(e.response.data[0].field, 'link');
    return true;
  });
});

test('every page together holds every row exactly once', async () => {
  for (const page of [{}, { page_size: 7000 }, { page_size: 100 }]) {
    const before = (await control('GET', 'stats')).byPath['/api/transactions/'] ?? 0;
    const got = await rows(page);
    const pages = (await control('GET', 'stats')).byPath['/api/transactions/'] - before;
    assert.equal(got.length, all);
    assert.equal(new Set(ids(got)).size, all);
    assert.equal(pages, 3, 'page_size is capped at 1000');
  }
});

test('the default limit is one page of a hundred', async () => {
  assert.equal((await belvo.transactions.list({ filters: { link: mexico } })).length, 100);
});

test('a row carries its account whole', async () => {
  const [row] = await rows({ id: '0b5e8d21-6f9a-4c37-a1e4-82d7c3f05b69' });
  assert.deepEqual(row.account, await belvo.accounts.detail(checking));
  assert.equal(row.amount, 684.9);
  assert.deepEqual(await belvo.transactions.detail(row.id), row);
});

test('filters', async () => {
  const everything = await rows({});
  const check = async (filters, keep) => {
    const want = ids(everything.filter(keep));
    assert.ok(want.length > 0, JSON.stringify(filters));
    assert.deepEqual(ids(await rows(filters)), want, JSON.stringify(filters));
  };
  const of = (row) => row.account?.id;
  await check({ account: card }, (row) => of(row) === card);
  await check({ account__in: `${card},${checking}` }, (row) => [card, checking].includes(of(row)));
  await check({ type: 'INFLOW' }, (row) => row.type === 'INFLOW');
  await check({ status: 'PENDING' }, (row) => row.status === 'PENDING');
  await check({ value_date: '2026-11-16' }, (row) => row.value_date === '2026-11-16');
  await check({ value_date__gt: '2026-11-16' }, (row) => row.value_date > '2026-11-16');
  await check({ value_date__gte: '2026-11-16' }, (row) => row.value_date >= '2026-11-16');
  await check({ value_date__lt: '2026-11-16' }, (row) => row.value_date < '2026-11-16');
  await check({ value_date__lte: '2026-11-16' }, (row) => row.value_date <= '2026-11-16');
  await check(
    { value_date__range: '2026-11-16,2026-11-18' },
    (row) => row.value_date >= '2026-11-16' && row.value_date <= '2026-11-18',
  );
  await check(
    { collected_at__lte: '2026-11-19T07:15:20.334+00:00' },
    (row) => Date.parse(row.collected_at) <= Date.parse('2026-11-19T07:15:20.334Z') && row.collected_at.includes('.334+'),
  );
  assert.deepEqual(await rows({ link: nobody }), []);
});

test('rows of both schemas', async () => {
  const open = await rows({ link: brazil });
  assert.deepEqual(open.map((row) => typeof row.amount).sort(), ['number', 'number', 'string']);
  assert.equal(open.find((row) => row.currency === 'USD').local_currency_amount, 218.73);
  const odd = await rows({ id__in: '63fa28d9-1c75-4b0e-a9f3-d84e6b2c7015,7e60b3c4-95d1-4a8f-b27e-0f5c9a1d6e83' });
  assert.deepEqual(odd.map((row) => [row.type, row.status, row.account === null]), [
    ['INFLOW', 'UNCATEGORIZED', false],
    ['OUTFLOW', null, true],
  ]);
});

test('errors of the institution are arrays with the vendor\'s code', async () => {
  const faults = {
    institution_down: 400, too_many_sessions: 400, invalid_link: 400, access_to_resource_denied: 403,
    request_timeout: 408, token_required: 428, too_many_requests: 429, unexpected_error: 500,
  };
  for (const [code, status] of Object.entries(faults)) {
    await control('POST', 'faults', [{ kind: 'status', code }]);
    await assert.rejects(belvo.links.detail(mexico), (e) => e.statusCode === status && e.detail[0].code === code);
  }
});

test('a link that lost its credentials says so', async () => {
  await control('POST', `links/${mexico}/status`, { status: 'invalid' });
  assert.equal((await belvo.links.detail(mexico)).status, 'invalid');
  await control('POST', `links/${mexico}/status`, { status: 'valid' });
});

test('a churned row comes back under a new id', async () => {
  const [old] = await rows({ status: 'PENDING' });
  const again = await control('POST', `transactions/${old.id}/churn`);
  await assert.rejects(belvo.transactions.detail(old.id), (e) => e.statusCode === 404);
  assert.equal((await belvo.transactions.detail(again.id)).description, old.description);
});

// The last test, because it deletes the link that the others use.
test('a link is deleted with its accounts', async () => {
  assert.equal(await belvo.links.delete(nobody), false);
  assert.equal(await belvo.links.delete(mexico), true);
  await assert.rejects(belvo.links.detail(mexico), { statusCode: 404 });
  assert.deepEqual(await belvo.accounts.list({ filters: { link: mexico } }), []);
  assert.equal(await belvo.links.delete(mexico), false);
});
