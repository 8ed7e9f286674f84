// Makes characters visible that otherwise are not: control characters, and marks of the direction of text. A text of a
// vendor could use them to look like another text.
import { h } from './vendor/preact.js';

// Tabs and line breaks are not among them.
const hidden = /* eslint-disable-line no-control-regex */ /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const everyHidden = new RegExp(hidden, 'g');

const nameOf = (character) => '<U+' + character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0') + '>';

// visibleText returns a text in which each hidden character is its name, such as <U+202E>.
export const visibleText = (text) => text.replace(everyHidden, nameOf);

// visible does the same for children of an element, in which each name is an element of its own.
function visible(child) {
  if (Array.isArray(child)) return child.map(visible);
  if (typeof child !== 'string' || !hidden.test(child)) return child;
  return child.split(new RegExp(`(${hidden.source})`))
    .map((part) => (hidden.test(part) ? h('span', { class: 'hidden-character' }, nameOf(part)) : part));
}

// Maps each component to a component that shows the same without hidden characters.
const components = new WeakMap();

function componentOf(type) {
  if (!components.has(type)) components.set(type, (props) => visible(type(props)));
  return components.get(type);
}

// These elements have text only.
const textOnly = ['option', 'title'];
const shownAttributes = ['title', 'aria-label', 'placeholder'];

// element is the function h of Preact. The texts that it shows have no hidden characters. The values of inputs are
// unchanged, because they are sent back.
export function element(type, props, ...children) {
  if (typeof type !== 'string') return h(componentOf(type), props, ...children);
  for (const name of shownAttributes) {
    if (typeof props?.[name] === 'string') props = { ...props, [name]: visibleText(props[name]) };
  }
  if (textOnly.includes(type)) {
    return h(type, props, children.flat(Infinity).map((child) => (typeof child === 'string' ? visibleText(child) : child)));
  }
  return h(type, props, ...children.map(visible));
}
