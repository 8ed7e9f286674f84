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

test('each message that the console names exists', () => {
  const named = [...code.matchAll(/\bt\('([\w.]+[\w])'/g)].map((match) => match[1]);
  assert.ok(named.length > 100);
  assert.deepEqual(named.filter((key) => en[key] === undefined), []);
});

test('each message is used', () => {
  const prefixes = [...code.matchAll(/'([\w.]+\.)' \+/g)].map((match) => match[1]);
  const unused = Object.keys(en).filter((key) => !code.includes(`'${key}'`) && !prefixes.some((prefix) => key.startsWith(prefix)));
  assert.deepEqual(unused, []);
});
