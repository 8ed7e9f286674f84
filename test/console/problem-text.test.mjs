// The descriptions of failures that the console translates are those that the service sends.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assets } from './messages.mjs';

const root = new URL('../../', import.meta.url).pathname;
const source = ['adapters/rest', 'adapters/sink', 'application', 'domain'].flatMap((folder) => readdirSync(join(root, folder), { recursive: true })
  .filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'))
  .map((name) => readFileSync(join(root, folder, name), 'utf8'))).join('\n').replace(/" \+\n\s*"/g, ''); // long texts are split
const text = readFileSync(new URL('problem-text.js', assets), 'utf8');
const described = [...text.matchAll(/^ {2}(['"])(.+)\1: '\w+',$/gm)].map((match) => match[2]);

test('each description that is translated is sent by the service', () => {
  assert.ok(described.length > 25);
  assert.deepEqual(described.filter((detail) => !source.includes(`"${detail}"`)), []);
});

test('each cause of a 503 that the service names is translated', () => {
  const causes = [...source.matchAll(/http\.StatusServiceUnavailable, codeUnavailable,\s*"([^"]+)"/g)].map((match) => match[1]);
  assert.ok(causes.length > 5);
  assert.deepEqual(causes.filter((detail) => !described.includes(detail)), []);
});
