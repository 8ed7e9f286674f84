// The parts of the console that need no page: formats, texts of failures, tokens, and addresses.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assets } from './messages.mjs';

// What the modules read when they are loaded.
const storage = () => ({ getItem: () => null, setItem() {}, removeItem() {} });
const location = { pathname: '/console/connections/c1', search: '?q=a', origin: 'http://localhost' };
Object.assign(globalThis, {
  localStorage: storage(), sessionStorage: storage(),
  document: { querySelector: () => null, addEventListener() {} },
  window: { location, history: { replaceState() {}, pushState() {} }, addEventListener() {} },
});
Object.defineProperty(globalThis, 'navigator', { value: { language: 'pt-BR', languages: ['pt-BR'] }, configurable: true });

const load = (name) => import(new URL(name, assets).href);
const [format, { setLanguage, sinkName, t, vendorName }, problemText, session, { link }, { query, Problem }, { sum, sumByCurrency }, { settingsOf }] = await Promise.all(
  ['format.js', 'i18n.js', 'problem-text.js', 'session.js', 'router.js', 'api.js', 'sums.js', 'sink-settings.js'].map(load),
);

const jwt = (claims) => ['{}', JSON.stringify(claims), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');

test('amounts keep all of their digits, in the format of the language', () => {
  setLanguage('pt-BR');
  assert.equal(format.amount('-1234567890123456.78'), '−1.234.567.890.123.456,78');
  assert.equal(format.amount('0.123456', true), '+0,123456');
  assert.equal(format.amount('0', true), '0,00');
  assert.deepEqual([['-1234.5', 'BRL'], ['1', 'BRL', true], ['1', 'USD']].map((money) => format.money(...money)), ['−R$\u00a01.234,50', '+R$\u00a01,00', '1,00 USD']);
  setLanguage('en');
  assert.equal(format.amount('-212.45'), '−212.45');
  assert.equal(format.money('-212.45', 'BRL'), '−212.45 BRL');
});

test('a vendor that the console does not know is shown by its name, on every page', () => {
  assert.deepEqual(['belvo', 'acme'].map(vendorName), ['Belvo', 'acme']);
  for (const file of readdirSync(assets).filter((name) => name.endsWith('.js') && name !== 'i18n.js')) {
    assert.doesNotMatch(readFileSync(new URL(file, assets), 'utf8'), /\bt\('vendor\.' \+/, file);
  }
});

test('a kind of sink that the console does not know takes its settings as a JSON object', () => {
  assert.deepEqual(['kafka', 'queue'].map(sinkName), ['Kafka', 'queue']);
  assert.deepEqual(['{"depth":1}', '{}', '[]', 'null', '1', '{', ''].map(settingsOf), [{ depth: 1 }, {}, null, null, null, null, null]);
});

test('a tax number is shown as it is printed', () => {
  const printed = ([type, value]) => format.taxNumber({ type, value });
  assert.deepEqual([['CPF', '52998224725'], ['CNPJ', '12ABC34501DE35'], ['other', 'X1'], ['CPF', '123']].map(printed), ['529.982.247-25', '12.ABC.345/01DE-35', 'X1', '123']);
});

test('dates in Portuguese are numbers', () => {
  setLanguage('pt-BR');
  assert.equal(format.day('2026-09-03'), '03/09/2026');
  assert.match(format.instant('2026-09-03T12:03:11Z'), /^0[234]\/09\/2026, \d\d:03:11$/);
  setLanguage('en');
  assert.match(format.day('2026-09-03'), /Sep/);
});

test('sums are exact, by currency and direction', () => {
  assert.deepEqual([['0.1', '0.2'], ['-0.50', '0.5'], ['1234567890123456.78', '0.005'], ['-3', '1.5'], ['7'], []].map(sum),
    ['0.3', '0.00', '1234567890123456.785', '-1.5', '7', '0']);
  const items = [['-1.5', 'BRL'], ['2', 'USD'], ['-1', 'BRL'], ['3.25', 'BRL']].map(([amount, currency]) => ({ amount, currency }));
  assert.deepEqual(sumByCurrency(items), [{ currency: 'BRL', out: '2.5', incoming: '3.25' }, { currency: 'USD', out: '0', incoming: '2' }]);
});

test('a time is relative to now, also in the past', () => {
  setLanguage('en');
  const now = Date.parse('2026-11-22T12:00:00Z');
  const ago = (text) => format.ago(text, now);
  assert.deepEqual(
    ['2026-11-22T11:59:58Z', '2026-11-22T11:59:20Z', '2026-11-22T09:00:00Z', '2026-11-20T12:00:00Z', '2026-12-22T12:00:00Z'].map(ago),
    ['now', '40 seconds ago', '3 hours ago', '2 days ago', 'next month'],
  );
});

test('a count has the plural of its language', () => {
  setLanguage('pt-BR');
  assert.deepEqual([0, 1, 2].map((n) => t('removals.done', { n })), ['0 lançamentos foram removidos.', '1 lançamento foi removido.', '2 lançamentos foram removidos.']);
  assert.equal(t('no.such.message'), 'no.such.message');
});

test('a message about a field is shown there, and the rest above the form', () => {
  setLanguage('en');
  const problem = new Problem(400, { detail: 'the request is not valid', errors: [
    { location: 'body.secret', message: 'is required' }, { location: 'body.sink.sasl.password', message: 'is required' },
    { location: 'query.limit', message: 'unheard of' },
  ] });
  const { errors, rest } = problemText.fieldProblems(problem, ['secret', 'password']);
  assert.deepEqual(errors, { secret: t('invalid.required'), password: t('invalid.required') });
  assert.deepEqual([rest.status, rest.fields], [400, [{ location: 'query.limit', message: 'unheard of' }]]);
  const one = new Problem(400, { errors: [{ location: 'body.secret', message: 'is required' }] });
  assert.equal(problemText.fieldProblems(one, ['secret']).rest, null);
  assert.deepEqual(problemText.fieldProblems(null, []), { errors: {}, rest: null });
});

test('a failure whose cause is not the service says so, in the language of the console', () => {
  setLanguage('pt-BR');
  const texts = ['the vendor cannot be reached', 'the rate budget of the vendor is exhausted', 'internal error'].map((detail) => problemText.causeText({ detail }));
  assert.deepEqual(texts, ['Não foi possível acessar o agregador.', 'O limite de requisições a este agregador foi atingido.', '']);
});

test('a refused statement file says why, in the language of the console', () => {
  setLanguage('pt-BR');
  assert.deepEqual([
    'the statement is that of account 0341/1234/5, and not of an account of bank 0033', 'line 3: the file contains a NUL byte, so it is no text',
    'the file is a PDF; download the statement as OFX, CNAB 240 or CSV', 'the file is CNAB 400; statements are CNAB 240',
    'the file has the accounts 1, 2; name one of them', 'the file has no row with the titles of the mapping', 'line 7: a tag is not closed',
  ].map(problemText.refusalText), [
    'É o extrato da conta 0341/1234/5, e esta é a conta 0033.', t('refusal.not_text'), t('refusal.not_text'), t('refusal.not_a_statement'),
    '1, 2', '', 'Não foi possível ler o arquivo: line 7: a tag is not closed',
  ]);
});

test('a report contains what a support asks for, and no empty line', () => {
  const problem = Object.assign(new Problem(502, { detail: 'refused', code: 'MTCH-0007' }, new Headers({ 'X-Request-Id': 'r1' })), { call: 'GET /x', at: '2026-11-22T12:00:00.000Z' });
  assert.equal(problemText.report(problem), '2026-11-22T12:00:00.000Z\nGET /x\n502 MTCH-0007 refused\nX-Request-Id: r1');
  const silent = Object.assign(new Problem(0, {}), { at: 'now', call: '' });
  assert.equal(problemText.report(silent), 'now\n0');
});

test('a session belongs to an operator and a tenant, not to one token', () => {
  const { signIn, hold, lacks } = session;
  const holder = (claims) => {
    signIn(jwt(claims));
    return session.session.get().holder;
  };
  const claims = { sub: 'ana', tenant_id: 't1', exp: 1, scope: 'discovery:read' };
  assert.equal(holder({ ...claims, exp: 2, iat: 1, jti: 'x' }), holder(claims));
  assert.notEqual(holder({ ...claims, tenant_id: 't2' }), holder(claims));
  assert.ok(lacks(session.session.get(), 'discovery:write'));
  session.refuse('discovery:read');
  hold(jwt({ ...claims, sub: 'ana', scope: 'discovery:read discovery:write' }), true);
  assert.ok(!lacks(session.session.get(), 'discovery:write'));
  assert.ok(lacks(session.session.get(), 'discovery:read'), 'a renewal forgets what the service has refused');
  session.expire();
  assert.equal(session.session.get().token, '');
  session.end();
  assert.equal(session.session.get(), null);
  assert.ok(!lacks({ scopes: ['profile'], refused: [] }, 'discovery:write'), 'scopes are optional');
  for (const text of ['', 'a.b', 'a.b.c', 'a.' + Buffer.from('1').toString('base64') + '.c']) assert.equal(session.decodeClaims(text), null, text);
});

test('addresses leave out what is not set', () => {
  assert.equal(link('/'), '/console');
  assert.equal(link('/search', { q: 'a&b', from: '', to: undefined }), '/console/search?q=a%26b');
  assert.equal(query({ limit: 5, cursor: '' }), '?limit=5');
  assert.equal(query({}), '');
});
