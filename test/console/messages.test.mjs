// Both languages have the same messages, and the console uses no other ones.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assets, catalogues } from './messages.mjs';

const { en, 'pt-BR': pt } = catalogues;
const code = readdirSync(assets).filter((name) => name.endsWith('.js') && !name.startsWith('messages-'))
  .map((name) => readFileSync(new URL(name, assets), 'utf8')).join('\n');

const texts = (message) => (typeof message === 'string' ? [message] : Object.values(message));
const placeholders = (message) => [...new Set(texts(message).flatMap((text) => text.match(/\{\w+\}/g) || []))].sort();

test('both languages have the same keys', () => assert.deepEqual(Object.keys(pt).sort(), Object.keys(en).sort()));

test('both languages have the same placeholders', () => {
  for (const key of Object.keys(en)) assert.deepEqual(placeholders(pt[key]), placeholders(en[key]), key);
});

test('a message has plural forms exactly if both languages have them', () => {
  for (const key of Object.keys(en)) assert.equal(typeof pt[key], typeof en[key], key);
});

// The words of Brazilian banks, and what they replace. A phrase in allowed is no such word.
const allowed = /linha digitável|registros? do agregador|Hash do registro|leitura do banco/gi;
const allowedKeys = ['matcher.sourcesHint', 'quarantine.text', 'quarantine.emptyText', 'basis.quarantined_rows', 'remedy.quarantine', 'need.quarantined'];
const forbidden = {
  'lançamento': /transaç|\blinhas?\b|\bregistros?\b/i, 'novo': /adicionad/i, 'sincronização': /\bbusc|\bleituras?\b/i,
  'vínculo': /referências? d[ae] contas?/i, 'aplicativo': /aplicaç/i, 'agregador': /fornecedor/i, 'administrador': /seu operador/i,
  'criptografado': /\bcifra|decifra/i, 'conferência do saldo': /completude|saldos? correntes?/i, 'confere': /explica[mr]? o saldo|diverge/i,
  'hash': /resumo criptográfico/i, 'assinatura HMAC': /assinatura digital/i, 'alteração após o fechamento': /ajuste|ajustad/i,
  'gerar': /\bemit/i, 'webhook recebido': /\bentregas?\b/i, 'nº do evento': /sequência/i, 'evidências': /\bprovas?\b(?! mais tarde)/i,
  'situação': /\bestados?\b|\bsaúde\b/i, 'funcionando': /saudáve/i, 'exige atenção': /precisam? de (você|nada)/i, 'movimentação': /\bmovimentos?\b/i,
  'sistema de conciliação': /\bmotor\b/i, 'suspenso': /retid/i, 'EndToEndId': /ponta a ponta/i, 'ID': /\bIds?\b/,
  'a subject': /\bisto\b|contam? como/i,
};

test('the Portuguese messages have the words of Brazilian banks', () => {
  const found = Object.entries(pt).flatMap(([key, message]) => texts(message).flatMap((text) => Object.entries(forbidden)
    .filter(([, word]) => !allowedKeys.includes(key) && word.test(text.replace(allowed, '')))
    .map(([better]) => `${key}: ${text} (${better})`)));
  assert.deepEqual(found, []);
});

test('each message that may have an own word has it', () => {
  for (const key of allowedKeys) assert.ok(Object.values(forbidden).some((word) => texts(pt[key]).some((text) => word.test(text))), key);
});

test('each message that the console names exists', () => {
  const named = [...code.matchAll(/\bt\('([\w.]+[\w])'/g)].map((match) => match[1]);
  assert.ok(named.length > 100);
  assert.deepEqual(named.filter((key) => en[key] === undefined), []);
});

// The members of the API whose values are texts of the console, by the beginning of their keys.
const { schemas } = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')).components;
const valuesOf = (schema, member) => schemas[schema].properties[member].enum;
const shownValues = {
  'basis.': valuesOf('CompletenessView', 'basis'), 'check.': valuesOf('CheckView', 'check'), 'completeness.': valuesOf('CloseView', 'completeness'),
  'close.state.': valuesOf('CloseView', 'completeness'), 'bill.check.': valuesOf('BillView', 'check'), 'bill.state.': valuesOf('BillView', 'state'),
  'verdict.': valuesOf('ComparisonView', 'verdict'), 'trigger.': valuesOf('PullView', 'trigger'), 'consent.': valuesOf('ConsentView', 'state'),
};

test('each state of the API has a text', () => {
  const missing = Object.entries(shownValues).flatMap(([prefix, values]) => values.map((value) => prefix + value)).filter((key) => en[key] === undefined);
  assert.deepEqual(missing, []);
});

test('each message is used', () => {
  const prefixes = [...code.matchAll(/'([\w.]+\.)' \+/g)].map((match) => match[1]);
  const unused = Object.keys(en).filter((key) => !code.includes(`'${key}'`) && !prefixes.some((prefix) => key.startsWith(prefix)));
  assert.deepEqual(unused, []);
});
