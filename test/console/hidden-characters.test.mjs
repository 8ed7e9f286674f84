// The console shows control characters and marks of the direction of text by name.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, test } from 'node:test';
import { assets } from './messages.mjs';

// Node reads a file named .js as a module only if a package.json says so.
const folder = mkdtempSync(join(tmpdir(), 'console-'));
after(() => rmSync(folder, { recursive: true }));
cpSync(assets, folder, { recursive: true });
writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
const load = (name) => import(pathToFileURL(join(folder, name)));
const { html } = await load('preact.js');
const { visibleText } = await load('hidden-characters.js');

// shown returns the text of an element as a person sees it, with the marked parts in brackets.
function shown(child) {
  if (Array.isArray(child)) return child.map(shown).join('');
  if (typeof child !== 'object' || child === null) return String(child ?? '');
  const text = shown(child.props.children);
  return child.props.class === 'hidden-character' ? `[${text}]` : text;
}

const hidden = [
  '\u0000', '\u001b', '\u007f', '\u009b', '\u061c', '\u200e', '\u200f', '\u202a', '\u202e', '\u2066', '\u2069',
];

test('hidden characters are shown by name', () => {
  for (const character of hidden) {
    const name = '<U+' + character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0') + '>';
    assert.equal(visibleText(`a${character}b${character}`), `a${name}b${name}`);
    assert.equal(shown(html`<td>${`a${character}b`}</td>`), `a[${name}]b`);
  }
});

test('texts at every depth are shown so', () => {
  const text = 'PIX \u202eABC';
  for (const tree of [
    html`<p>${text}</p>`, html`<p>to ${text}!</p>`, html`<p>${['to ', [text]]}</p>`, html`<p><b>${text}</b></p>`,
    html`<pre>${['{', html`<span>${text}</span>`]}</pre>`,
  ]) assert.match(shown(tree), /PIX \[<U\+202E>\]ABC/);
});

test('the text that a component returns is shown so', () => {
  const Name = ({ name }) => name;
  const tree = html`<${Name} name=${'a\u202eb'} />`;
  assert.equal(shown(tree.type(tree.props)), 'a[<U+202E>]b');
  assert.equal(html`<${Name} name="c" />`.type, tree.type);
});

test('attributes and choices have the names as text', () => {
  assert.equal(html`<a title=${'a\u202eb'} aria-label=${'\u2066c'} />`.props.title, 'a<U+202E>b');
  assert.equal(html`<a aria-label=${'\u2066c'} />`.props['aria-label'], '<U+2066>c');
  assert.deepEqual([html`<option>${'a\u202eb'}</option>`.props.children].flat(), ['a<U+202E>b']);
});

test('the value of an input is unchanged', () => {
  assert.equal(html`<input value=${'a\u202eb'} />`.props.value, 'a\u202eb');
});

test('other characters are unchanged', () => {
  for (const text of ['', 'São Paulo\tR$ 1,00\r\n', 'שלום', '😀', '\u200b', '<b>']) {
    assert.equal(visibleText(text), text);
    assert.equal(shown(html`<p>${text}</p>`), text);
  }
});
