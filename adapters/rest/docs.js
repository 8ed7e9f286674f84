'use strict';
const methods = ['get', 'post', 'put', 'patch', 'delete'];

// Everything goes in as text, so that no part of the document can become markup.
function make(name, text, ...children) {
  const node = document.createElement(name);
  if (text) node.textContent = text;
  node.append(...children);
  return node;
}

function note(text) {
  const node = make('p', text);
  node.className = 'note';
  return node;
}

function resolve(doc, schema) {
  if (!schema || !schema.$ref) return schema || {};
  return schema.$ref.slice(2).split('/').reduce((at, part) => at[part], doc);
}

function typeOf(doc, schema) {
  const s = resolve(doc, schema);
  const type = Array.isArray(s.type) ? s.type.join(' or ') : s.type || 'any';
  if (type === 'array') return 'array of ' + typeOf(doc, s.items);
  if (s.enum) return type + ': ' + s.enum.join(' | ');
  return s.format ? type + ' (' + s.format + ')' : type;
}

function bounds(s) {
  const words = [];
  if (s.minLength !== undefined) words.push('length ≥ ' + s.minLength);
  if (s.maxLength !== undefined) words.push('length ≤ ' + s.maxLength);
  if (s.minimum !== undefined) words.push('≥ ' + s.minimum);
  if (s.maximum !== undefined) words.push('≤ ' + s.maximum);
  if (s.default !== undefined) words.push('default ' + s.default);
  if (s.writeOnly) words.push('never returned');
  return words.join(', ');
}

function table(rows) {
  const body = make('tbody');
  for (const row of rows) body.append(make('tr', '', ...row.map((cell, i) => i ? make('td', cell) : make('td', '', make('code', cell)))));
  return make('table', '', body);
}

function members(doc, schema, prefix, depth) {
  const s = resolve(doc, schema);
  const rows = [];
  for (const [name, raw] of Object.entries(s.properties || {})) {
    const member = resolve(doc, raw);
    const needed = (s.required || []).includes(name) ? 'required' : '';
    rows.push([prefix + name, typeOf(doc, raw), needed, [raw.description || member.description || '', bounds(member)].filter(Boolean).join('; ')]);
    const inner = member.type === 'array' ? member.items : raw;
    if (depth < 4) rows.push(...members(doc, inner, prefix + name + (member.type === 'array' ? '[].' : '.'), depth + 1));
  }
  return rows;
}

function content(doc, holder) {
  const nodes = [];
  for (const [type, media] of Object.entries((holder && holder.content) || {})) {
    if (type.startsWith('application/problem')) continue;
    const rows = members(doc, media.schema, '', 0);
    nodes.push(note(type), rows.length ? table(rows) : note(typeOf(doc, media.schema)));
  }
  return nodes;
}

function operation(doc, method, path, op) {
  const badge = make('span', method.toUpperCase());
  badge.className = 'method';
  const inside = make('div');
  if (op.description) inside.append(make('p', op.description));
  if (op.security && op.security.length) inside.append(note('Bearer token; scope ' + op.security.flatMap(s => Object.values(s).flat()).join(', ')));
  if (op.parameters) inside.append(make('h4', 'Parameters'), table(op.parameters.map(p => [p.name, p.in + (p.required ? ', required' : ''), typeOf(doc, p.schema), [p.description || '', bounds(p.schema || {})].filter(Boolean).join('; ')])));
  if (op.requestBody) inside.append(make('h4', 'Body'), ...content(doc, op.requestBody));
  inside.append(make('h4', 'Responses'));
  for (const [status, response] of Object.entries(op.responses || {})) {
    inside.append(make('p', status + ' ' + (response.description || '')), ...content(doc, response));
  }
  return make('details', '', make('summary', '', badge, make('code', path), document.createTextNode(' ' + (op.summary || ''))), inside);
}

function render(doc) {
  const root = document.getElementById('reference');
  root.replaceChildren(make('h1', doc.info.title), note('Version ' + doc.info.version), make('p', doc.info.description || ''));
  const groups = new Map();
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const method of methods) {
      if (!item[method]) continue;
      const tag = (item[method].tags || ['Other'])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(doc, method, path, item[method]));
    }
  }
  for (const [tag, nodes] of groups) root.append(make('h2', tag), ...nodes);
  root.append(make('h2', 'Problems'), note('Every failure is application/problem+json:'), table(members(doc, { $ref: '#/components/schemas/Problem' }, '', 0)));
}

fetch('openapi.json').then(r => r.json()).then(render).catch(() => {
  document.getElementById('reference').replaceChildren(make('p', '/openapi.json could not be read'));
});
