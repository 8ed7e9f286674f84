// The scripts of the console and of its tests pass the linter and the type checker.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import { ESLint } from 'eslint';
import { parse, tokenize } from 'espree';
import { assets } from './messages.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const consoleFolder = fileURLToPath(assets);

const names = (list) => Object.fromEntries(list.split(' ').map((name) => [name, 'readonly']));
const everywhere = names('AbortController Headers Intl TextDecoder TextEncoder URL URLSearchParams atob btoa clearInterval clearTimeout console '
  + 'crypto fetch setInterval setTimeout');
const browser = {
  ...everywhere,
  ...names('Blob BroadcastChannel CustomEvent FormData ResizeObserver document getComputedStyle localStorage navigator sessionStorage window'),
};
const node = { ...everywhere, ...names('Buffer performance process structuredClone') };
// The functions that a test sends to the browser.
const inBrowser = names('DataTransfer DragEvent File NodeFilter document getComputedStyle localStorage navigator requestAnimationFrame sessionStorage window');

const rules = {
  ...js.configs.recommended.rules,
  'no-unused-vars': ['error', { args: 'after-used', argsIgnorePattern: '^_', varsIgnorePattern: '^(metadata)$', caughtErrors: 'none' }],
  'no-var': 'error', 'prefer-const': ['error', { destructuring: 'all' }], eqeqeq: 'error', 'no-implicit-globals': 'error', 'no-eval': 'error',
  'no-new-func': 'error', 'no-shadow-restricted-names': 'error', 'no-throw-literal': 'error', 'no-restricted-properties': ['error',
    { property: 'innerHTML', message: 'Texts of vendors are never HTML.' }, { property: 'dangerouslySetInnerHTML', message: 'Texts of vendors are never HTML.' }],
};

async function lint(cwd, pattern, globals) {
  const eslint = new ESLint({
    cwd, overrideConfigFile: true,
    overrideConfig: [{ ignores: ['vendor/**', 'node_modules/**'] }, { files: ['**/*.{js,mjs}'], languageOptions: { ecmaVersion: 2025, sourceType: 'module', globals }, rules }],
  });
  const results = await eslint.lintFiles([pattern]);
  const found = results.flatMap(({ filePath, messages }) => messages.map((m) => `${filePath}:${m.line}: ${m.message} (${m.ruleId})`));
  assert.ok(results.length > 5);
  assert.deepEqual(found, []);
}

test('the scripts of the console pass ESLint', () => lint(consoleFolder, '*.js', browser));

test('the scripts of the tests pass ESLint', () => lint(here, '*.mjs', { ...node, ...inBrowser }));

// The service leaves such lines out.
test('a line that begins with // is a comment, and no part of a text', () => {
  const tokens = (code) => tokenize(code, { ecmaVersion: 2025, sourceType: 'module' }).map(({ type, value }) => [type, value]);
  for (const name of readdirSync(consoleFolder).filter((file) => file.endsWith('.js'))) {
    const code = readFileSync(join(consoleFolder, name), 'utf8');
    assert.deepEqual(tokens(code.replace(/^\s*\/\/.*\n/gm, '')), tokens(code), name);
  }
});

// textsOf returns the texts in a tree of syntax that are no part of a template of htm.
function textsOf(node) {
  if (Array.isArray(node)) return node.flatMap(textsOf);
  if (!node || typeof node !== 'object') return [];
  if (node.type === 'TaggedTemplateExpression' && node.tag.name === 'html') return textsOf(node.quasi.expressions);
  if (node.type === 'TemplateElement') return [node.value.raw];
  if (node.type === 'Literal') return [String(node.raw)];
  return Object.values(node).flatMap(textsOf);
}

// The service shortens such tags, which htm reads in the same way.
test('only a template of htm has an end tag in lower case', () => {
  for (const name of readdirSync(consoleFolder).filter((file) => file.endsWith('.js'))) {
    const texts = textsOf(parse(readFileSync(join(consoleFolder, name), 'utf8'), { ecmaVersion: 2025, sourceType: 'module' }));
    assert.deepEqual(texts.filter((text) => /<\/([a-z]|$)| \/>/.test(text)), [], name);
  }
});

test('the scripts of the console pass the type checker', async () => {
  const files = readdirSync(consoleFolder).filter((name) => name.endsWith('.js')).map((name) => join(consoleFolder, name));
  const tsc = createRequire(import.meta.url).resolve('typescript/package.json').replace('package.json', 'bin/tsc');
  const options = ['--noEmit', '--allowJs', '--checkJs', '--skipLibCheck', '--target', 'es2024', '--lib', 'es2024,dom,dom.iterable', '--module', 'esnext',
    '--moduleResolution', 'bundler', '--strict', 'false', '--pretty', 'false', '--types', ''];
  const output = await new Promise((resolve) => execFile(process.execPath, [tsc, ...options, ...files], { maxBuffer: 1 << 26 }, (error, out, err) => resolve(out + err)));
  const problems = output.split('\n').filter((line) => line.includes('error TS') && !line.includes('/vendor/'));
  assert.deepEqual(problems, []);
});
