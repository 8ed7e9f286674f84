// Reads statements of the service at API with packages of other authors, and compares the result with the lists of
// the API.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { before, test } from 'node:test';

const require = createRequire(import.meta.url);
const { parseCamt053 } = require('camt-parser');
const { Ofx } = require('ofx-data-extractor');
const Papa = require('papaparse');
const { parse: parseOFX } = await import('ofx-js');
const { CashManagementEndOfDayReport } = await import('iso20022.js');
const { API, TOKEN, CONNECTION } = process.env;

const fetchPath = (path) => fetch(API + path, { headers: { Authorization: 'Bearer ' + TOKEN } });

async function list(path) {
  const items = [];
  for (let cursor = ''; ;) {
    const page = await (await fetchPath(`${path}${path.includes('?') ? '&' : '?'}limit=200${cursor}`)).json();
    items.push(...page.items);
    if (!page.hasMore) return items;
    cursor = '&cursor=' + encodeURIComponent(page.nextCursor);
  }
}

let bank, card, balance;
const expected = {};

async function recordsOf(account) {
  const all = await list(`${CONNECTION}/transactions?accountId=${account.id}&status=posted`);
  return all.filter((t) => !t.removedAt).sort((a, b) => (a.date + a.id < b.date + b.id ? -1 : 1));
}

// wholePeriod makes a statement with balances end with the last record or today, whichever is later. Without it, the
// statement ends with the last day that the bank reading covers, which depends on the weekday.
const wholePeriod = (account) => '&force=not_covered&to='
  + [new Date().toISOString().slice(0, 10), expected[account.id].at(-1).date].sort().at(-1);

async function statement(account, format, query = wholePeriod(account)) {
  const response = await fetchPath(`/accounts/${account.id}/statement?format=${format}${query}`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text;
}

before(async () => {
  const accounts = await list(`${CONNECTION}/accounts`);
  bank = accounts.find((a) => a.type === 'bank');
  card = accounts.find((a) => a.type === 'credit');
  for (const account of [bank, card]) expected[account.id] = await recordsOf(account);
  [balance] = await list(`/accounts/${bank.id}/balances`);
  assert.ok(expected[bank.id].length > 14 && expected[card.id].length > 0);
});

const amount = (t) => t.accountAmount || t.amount;
const absolute = (text) => text.replace(/^-/, '');
const cut = (text, n) => Array.from(text).slice(0, n).join('');
// XML 1.0 forbids these characters; the document has U+FFFD in their place.
const allowed = (text) => text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
const compact = (id) => id.replaceAll('-', '');

test('camt-parser reads the records and the balances of a camt.053', async () => {
  const { statements: [read] } = await parseCamt053(await statement(bank, 'camt053'));
  const wanted = expected[bank.id];
  assert.deepEqual(read.transactions.map((t) => [t.accountServicerReference, t.amount.value, t.amount.currency,
    t.creditDebitIndicator, t.status, t.bookingDate, t.valueDate]),
  wanted.map((t) => [compact(t.id), absolute(amount(t)), 'BRL', amount(t).startsWith('-') ? 'DBIT' : 'CRDT', 'BOOK',
    t.date, t.date]));
  const [opening, closing] = read.balances;
  assert.deepEqual([opening.type, opening.amount.value, opening.creditDebitIndicator],
    ['OPBD', absolute(balance.anchor), balance.anchor.startsWith('-') ? 'DBIT' : 'CRDT']);
  assert.deepEqual([closing.type, closing.amount.value, closing.creditDebitIndicator],
    ['CLBD', absolute(balance.balance), balance.balance.startsWith('-') ? 'DBIT' : 'CRDT']);
  assert.equal(Number(read.transactionSummary.totalCreditEntries.numberOfEntries)
    + Number(read.transactionSummary.totalDebitEntries.numberOfEntries), wanted.length);
});

test('the XML parser of camt-parser reads every description of a camt.053', async () => {
  const xml2js = require(require.resolve('xml2js', { paths: [require.resolve('camt-parser')] }));
  const { Document } = await xml2js.parseStringPromise(await statement(bank, 'camt053'), { explicitArray: false });
  assert.deepEqual(Document.BkToCstmrStmt.Stmt.Ntry.map((e) => [e.AddtlNtryInf || '',
    [e.NtryDtls.TxDtls.RmtInf?.Ustrd || []].flat().join(''), e.NtryDtls.TxDtls.AmtDtls?.InstdAmt.Amt._]),
  expected[bank.id].map((t) => {
    const text = allowed(t.description || '');
    return [cut(text, 500), text === cut(text, 500) ? cut(text, 140) : text, t.accountAmount && absolute(t.amount)];
  }));
});

test('iso20022.js reads the entries and the balances of a camt.053', async () => {
  const { statements: [read] } = CashManagementEndOfDayReport.fromXML(await statement(bank, 'camt053'));
  const minor = (text) => Math.round(Number(text) * 100);
  assert.deepEqual(read.entries.map((e) => [Math.round(e.amount) * (e.creditDebitIndicator === 'debit' ? -1 : 1), e.currency,
    e.bookingDate.toISOString().slice(0, 10)]),
  expected[bank.id].map((t) => [minor(amount(t)), 'BRL', t.date]));
  assert.equal(read.account.accountNumber, bank.number);
  assert.deepEqual(read.balances.map((b) => Math.round(b.amount) * (b.creditDebitIndicator === 'debit' ? -1 : 1)),
    [minor(balance.anchor), minor(balance.balance)]);
});

const memo = (t, n) => cut(allowed((t.description || '').replace(/[\t\r\n]/g, ' ')), n);
const ofxRows = (records) => records.map((t) => [t.id, amount(t), t.date.replaceAll('-', ''),
  amount(t).startsWith('-') ? 'DEBIT' : 'CREDIT', memo(t, 255)]);

test('ofx-js reads the records and the balance of a bank account', async () => {
  const { header, OFX } = await parseOFX(await statement(bank, 'ofx'));
  const read = OFX.BANKMSGSRSV1.STMTTRNRS.STMTRS;
  assert.deepEqual(read.BANKTRANLIST.STMTTRN.map((t) => [t.FITID, t.TRNAMT, t.DTPOSTED.slice(0, 8), t.TRNTYPE, t.MEMO || '']),
    ofxRows(expected[bank.id]));
  assert.equal(read.LEDGERBAL.BALAMT, balance.balance);
  assert.equal(read.CURDEF, 'BRL');
  assert.equal(read.BANKACCTFROM.ACCTID, bank.number);
  assert.deepEqual(header, {});
});

test('ofx-js reads the records of a card', async () => {
  const { OFX } = await parseOFX(await statement(card, 'ofx'));
  const read = OFX.CREDITCARDMSGSRSV1.CCSTMTTRNRS.CCSTMTRS;
  assert.deepEqual([read.BANKTRANLIST.STMTTRN].flat().map((t) => [t.FITID, t.TRNAMT, t.DTPOSTED.slice(0, 8), t.TRNTYPE,
    t.MEMO || '']), ofxRows(expected[card.id]));
});

test('ofx-data-extractor reads the records of a bank account', async () => {
  const read = new Ofx(await statement(bank, 'ofx')).getBankTransferList();
  assert.deepEqual(read.map((t) => [t.FITID, Number(t.TRNAMT)]), expected[bank.id].map((t) => [t.id, Number(amount(t))]));
});

// reference returns the reference by which a person reconciles the transaction; undefined if it has none.
const reference = ({ references: r = {} }) => r.endToEndId || r.transactionId || r.trackingKey || r.referenceNumber;

test('papaparse reads a CSV, in which no text is a formula', async () => {
  const { data, errors, meta } = Papa.parse((await statement(bank, 'csv')).trimEnd(), { header: true });
  assert.deepEqual(errors, []);
  assert.deepEqual(meta.fields, ['id', 'date', 'amount', 'currency', 'description', 'counterparty', 'originalAmount',
    'originalCurrency', 'externalId', 'endToEndId', 'reference', 'counterpartyDocument', 'version']);
  for (const [name, text] of data.flatMap(Object.entries)) {
    if (!/amount/i.test(name)) assert.doesNotMatch(text, /^[=+\-@\t\r]/, name);
  }
  // An apostrophe precedes a formula character, at the beginning and after a divider.
  const original = (text) => text.replace(/(^|[,;|"\t\r\n])'(?='*[=+\-@\t\r\n])/g, '$1');
  // Control characters and bidirectional marks are written visibly.
  const visible = (text) => text.replace(/(?![\t\r\n])[\p{Cc}\p{Bidi_Control}]/gu,
    (c) => '\\u' + c.codePointAt(0).toString(16).padStart(4, '0'));
  assert.deepEqual(data.map((r) => [r.id, r.date, r.amount, r.currency, original(r.description), r.originalAmount,
    r.originalCurrency, r.externalId, r.endToEndId, r.reference, r.counterpartyDocument, r.version]),
  expected[bank.id].map((t) => [t.id, t.date, amount(t), 'BRL', visible(t.description || ''), t.accountAmount ? t.amount : '',
    t.accountAmount ? t.currency : '', t.externalId, t.references?.endToEndId || '', reference(t) || '',
    t.counterpartyDocument?.value || '', String(t.version)]));
});

test('the matcher array has the same records', async () => {
  assert.deepEqual(JSON.parse(await statement(bank, 'matcher')), expected[bank.id].map((t) => ({
    external_id: t.id, transaction_id: t.id, amount: amount(t), currency: 'BRL', date: t.date,
    description: t.description || '', ...(reference(t) && { reference: reference(t) }),
    ...(t.counterparty && { counterparty: t.counterparty }), type: amount(t).startsWith('-') ? 'debit' : 'credit',
  })));
});

test('an empty period is a valid document', async () => {
  const period = '&from=2001-01-01&to=2001-01-31';
  const { statements: [read] } = await parseCamt053(await statement(bank, 'camt053', period));
  assert.deepEqual(read.transactions, []);
  assert.equal(read.balances[0].amount.value, absolute(balance.anchor));
  assert.equal(read.balances[1].amount.value, absolute(balance.anchor));
  const { OFX } = await parseOFX(await statement(bank, 'ofx', period));
  assert.equal(OFX.BANKMSGSRSV1.STMTTRNRS.STMTRS.BANKTRANLIST.STMTTRN, undefined);
  assert.equal(Papa.parse(await statement(bank, 'csv', period), { header: true, skipEmptyLines: true }).data.length, 0);
  assert.deepEqual(JSON.parse(await statement(bank, 'matcher', period)), []);
});

test('a camt.053 of a card without a known balance is refused', async () => {
  const response = await fetchPath(`/accounts/${card.id}/statement?format=camt053`);
  assert.equal(response.status, 409);
  assert.equal((await response.json()).code, 'MTCH-0007');
});
