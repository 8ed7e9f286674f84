// Amounts are read as people write them in each language.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { assets } from './messages.mjs';

const source = readFileSync(new URL('decimal.js', assets), 'utf8');
const { decimal } = await import('data:text/javascript,' + encodeURIComponent(source));

// Each amount as it is typed, and what it is in English and in Portuguese.
for (const [typed, en, pt] of [
  ['212', '212', '212'], ['-212.45', '-212.45', '-212.45'], ['-212,45', '-212.45', '-212.45'],
  ['R$ 1.234,56', '1234.56', '1234.56'], ['-R$ 1.234,56', '-1234.56', '-1234.56'], ['R$ -1.234,56', '-1234.56', '-1234.56'],
  ['−1.234,56 BRL', '-1234.56', '-1234.56'], ['1,234.56', '1234.56', '1234.56'], ['US$1,234.56', '1234.56', '1234.56'],
  ['MXN 12,50', '12.50', '12.50'], ['1.234', '1.234', '1234'], ['1,234', '1234', '1.234'], ['1.234.567', '1234567', '1234567'],
  ['1,234,567.8', '1234567.8', '1234567.8'], ['0.125', '0.125', '0.125'], ['0,125', '0.125', '0.125'], ['12345.678', '12345.678', '12345.678'],
  ['1 234,56', '1234.56', '1234.56'], ['+5', '+5', '+5'], ['+R$ 1.234,56', '+1234.56', '+1234.56'], ['0,5', '0.5', '0.5'],
  ['', undefined, undefined], ['abc', undefined, undefined], ['R$', undefined, undefined], ['1.23.4', undefined, undefined],
  ['12,', undefined, undefined], ['1,2,3', undefined, undefined], ['1.234,5,6', undefined, undefined], ['--1', undefined, undefined],
  ['1e5', undefined, undefined], ['1,23.45', undefined, undefined], ['1234.567,89', undefined, undefined], [',5', undefined, undefined],
]) {
  test(JSON.stringify(typed), () => assert.deepEqual([decimal(typed, 'en'), decimal(typed, 'pt-BR')], [en, pt]));
}
