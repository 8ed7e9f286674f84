// Components that every view uses.
import { exactNumber } from './exact-numbers.js';
import * as format from './format.js';
import { visibleText } from './hidden-characters.js';
import { has, t } from './i18n.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from './preact.js';
import { causeText, fieldText, problemText, report } from './problem-text.js';
import { restoreScroll } from './router.js';
import { lacks, session, writeScope } from './session.js';
import { createStore, useStore } from './store.js';

// notice is the text of the live region, which announces the result of an action.
export const notice = createStore('');

export function announce(text) {
  notice.set('');
  setTimeout(() => notice.set(text)); // a second equal text is announced, too
}

const clock = createStore(Date.now());
setInterval(() => clock.set(Date.now()), 15000);

// Ago shows a time relative to now, with the exact time on hover.
export function Ago({ at, none = 'time.never' }) {
  const now = useStore(clock);
  if (!at) return html`<span class="muted">${t(none)}</span>`;
  return html`<time datetime=${at} title=${format.instant(at)}>${format.ago(at, now)}</time>`;
}

export const Day = ({ date }) => html`<time datetime=${date}>${format.day(date)}</time>`;

export const Instant = ({ at }) => html`<time datetime=${at}>${format.instant(at)}</time>`;

// Amount shows a decimal string with its currency. The sign, and not only the colour, shows the direction.
export function Amount({ value, currency, signed = false }) {
  const incoming = signed && !value.startsWith('-') && /[1-9]/.test(value);
  return html`<span class=${incoming ? 'amount incoming' : 'amount'}>${format.isReal(currency) ? format.money(value, currency, signed)
    : html`${format.amount(value, signed)}<span class="currency">${' '}${currency}</span>`}</span>`;
}

// Balance is the balance of an account. Of a card it says what it is, where the service says so.
export const Balance = ({ account: { balance, currency = '', balanceKind, sharedLimit } }) => (!balance ? html`<span class="muted">–</span>`
  : html`<${Amount} value=${balance} currency=${currency} />${balanceKind === 'limit_used' && html` <span class="note">${t('account.limitUsed')}</span>`}
    ${sharedLimit && html` <span class="note">${t('account.sharedLimit')}</span>`}`);

// Status shows a state as a coloured dot and a word.
export const Status = ({ tone = 'plain', children }) =>
  html`<span class=${'status ' + tone}><span class="dot" aria-hidden="true"></span>${children}</span>`;

// Page is a view: its title, which gets the focus after a navigation, and the sentence that answers the
// question of the view. place is the part of the view, for the title of the document.
export function Page({ title, place, lead, actions, above, children }) {
  const heading = useRef();
  // Not useEffect, which runs after the view is shown: the focus would leave a field that is used at once.
  useLayoutEffect(() => {
    heading.current.focus({ preventScroll: true });
  }, []);
  useEffect(restoreScroll, []);
  const text = [title].flat().filter((part) => typeof part === 'string').join('');
  useEffect(() => {
    document.title = [place, visibleText(text), t('app.name')].filter(Boolean).join(' · ');
  }, [text, place, t('app.name')]);
  return html`<article class="page">
    ${above}
    <header class="page-head">
      <div>
        <h1 tabindex="-1" ref=${heading}>${title}</h1>
        ${lead && html`<p class="lead">${lead}</p>`}
      </div>
      ${actions && html`<div class="actions">${actions}</div>`}
    </header>
    ${children}
  </article>`;
}

const ignore = (event) => event.preventDefault();

// Button is a button whose action takes time. While it is busy, it does nothing, but keeps the focus, which a disabled
// button would lose.
export const Button = ({ kind = '', busy = false, children, ...rest }) => html`<button type="button" class=${kind} ...${rest}
    aria-busy=${busy ? 'true' : undefined} aria-disabled=${busy ? 'true' : undefined} onClick=${busy ? ignore : rest.onClick}>
  ${children}
</button>`;

// ActionButton is a button for a change. If the token lacks the scope, the button stays visible, is disabled,
// and names the scope.
export function ActionButton({ scope = writeScope, kind = '', busy = false, children, ...rest }) {
  const current = useStore(session);
  const missing = current && lacks(current, scope);
  return html`<${Button} kind=${kind} busy=${busy} ...${rest} disabled=${missing || rest.disabled}
      title=${missing ? t('scope.missing', { scope }) : undefined}>
    ${children}${missing && html`${' '}<span class="scope">${t('scope.needs', { scope })}</span>`}
  </${Button}>`;
}

// ActionLink is a link to a form. It stays visible, but leads nowhere, if the token lacks the scope.
export function ActionLink({ href, kind = '', children }) {
  const current = useStore(session);
  if (current && lacks(current, writeScope)) {
    return html`<${ActionButton} kind=${kind}>${children}</${ActionButton}>`;
  }
  return html`<a class=${'button ' + kind} href=${href}>${children}</a>`;
}

// Failure explains a failed request: what failed, the request id, and a way to try again.
export function Failure({ problem, retry }) {
  if (!problem || problem.status === 401) return null;
  const { status, requestId, retryAfter, fields } = problem;
  const known = { 0: 'network', 403: 'scope', 404: 'missing', 412: 'changed', 429: 'busy', 502: 'refused', 503: 'away' }[status];
  const text = causeText(problem) || (known ? t('problem.' + known, { scope: problem.scope })
    : status >= 500 ? t('problem.internal') : problemText({ detail: problem.message }));
  const told = fields.filter(({ message }) => t('reason.' + message) !== text); // a reason that the sentence says already
  return html`<div class="notice bad" role="alert">
    <p><strong>${text}</strong></p>
    ${told.length > 0 && html`<ul>${told.map((f) => html`<li>${status === 502 && has('reason.' + f.message)
      ? t('reason.' + f.message) : html`<code>${f.location}</code> ${fieldText(f.message)}`}</li>`)}</ul>`}
    ${retryAfter > 0 && html`<p>${t('problem.retryAfter', { n: retryAfter })}</p>`}
    ${requestId && html`<p class="small">${t('problem.requestId')} <${Copyable} value=${requestId} name=${t('problem.requestId').replace(/:$/, '')} /></p>
      <p class="small"><${CopyButton} text=${report(problem)} name=${t('problem.report')} label=${t('problem.copyReport')} /></p>`}
    ${retry && status !== 404 && html`<button type="button" onClick=${retry}>${t('action.retry')}</button>`}
  </div>`;
}

// Skeleton takes the place of content that is loading for the first time.
export const Skeleton = ({ rows = 5 }) => html`<div class="skeleton" role="status">
  <span class="hidden">${t('state.loading')}</span>
  ${Array.from({ length: rows }, () => html`<span class="bone"></span>`)}
</div>`;

export const Empty = ({ title, children }) => html`<div class="empty">
  <p><strong>${title}</strong></p>${children}
</div>`;

// Loaded shows the state of a hook of resource.js: a skeleton, a failure, or the content. After a failed reload
// it shows the failure above the content that was loaded before.
export function Loaded({ of, rows, children }) {
  if (of.value === undefined && !of.problem) return html`<${Skeleton} rows=${rows} />`;
  return html`<${Failure} problem=${of.problem} retry=${of.reload} />${of.value !== undefined && children(of.value)}`;
}

// Table is a table whose rows become cards on a narrow screen. A column has a title, a cell function, and
// optionally a kind: "number" aligns right, "main" is the heading of the card. While a caller passes the same columns, the
// rows of items that are shown already are kept as they are.
export function Table({ label, columns, items, rowKey = (item) => item.id, rowClass = (_item) => '' }) {
  const shown = useRef({ columns, rows: new WeakMap() });
  if (shown.current.columns !== columns) shown.current = { columns, rows: new WeakMap() };
  const { rows } = shown.current;
  const rowOf = (item) => {
    if (!rows.has(item)) {
      rows.set(item, html`<tr role="row" key=${rowKey(item)} class=${rowClass(item)}>
      ${columns.map(({ title, cell, kind = '' }) =>
        html`<td role="cell" class=${kind} data-label=${title}><div>${cell(item)}</div></td>`)}
    </tr>`);
    }
    return rows.get(item);
  };
  return html`<table role="table" class="cards" aria-label=${label}>
    <thead role="rowgroup"><tr role="row">${columns.map(({ title, kind = '' }) =>
      html`<th role="columnheader" scope="col" class=${kind}>${title}</th>`)}</tr></thead>
    <tbody role="rowgroup">${items.map(rowOf)}</tbody>
  </table>`;
}

// More is the button that reads the next page of a list.
export const More = ({ list }) => list.hasMore && html`<p class="more">
  <${Button} onClick=${list.more} busy=${list.loadingMore}>${t('action.more')}</${Button}>
</p>`;

// Menu shows its children, which are items of a list, below a button. It closes after an action, with Escape, and when
// something else is clicked.
export function Menu({ label, children }) {
  const menu = useRef();
  useEffect(() => {
    const outside = (event) => {
      if (menu.current?.open && !menu.current.contains(event.target)) menu.current.open = false;
    };
    document.addEventListener('click', outside);
    return () => document.removeEventListener('click', outside);
  }, []);
  const close = () => {
    menu.current.open = false;
    menu.current.querySelector('summary').focus();
  };
  const press = (event) => event.key === 'Escape' && menu.current.open && close();
  const act = (event) => event.target.closest('button:enabled, a') && close();
  return html`<details class="menu" ref=${menu} onKeyDown=${press}><summary class="button">${label}</summary>
    <ul onClick=${act}>${children}</ul></details>`;
}

// Dialog is a modal dialog. It closes with Escape and calls onClose.
export function Dialog({ title, onClose, children }) {
  const dialog = useRef();
  useEffect(() => {
    const opener = /** @type {HTMLElement} */ (document.activeElement);
    dialog.current.showModal();
    return () => opener?.focus?.();
  }, []);
  return html`<dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${onClose}>
    <h2 id="dialog-title">${title}</h2>
    ${children}
  </dialog>`;
}

// faultOf returns what the browser finds wrong with an input: the end of the key of a message, or a text.
function faultOf({ type, validity, validationMessage }) {
  if (validity.valueMissing && !validity.badInput) return 'required';
  if (type === 'date') return validity.rangeOverflow ? 'dayNotEnded' : 'date';
  return validity.typeMismatch ? 'url' : validationMessage;
}

// Field is a labelled input with a hint and the message of an error: of the service, or of the browser, whose own
// messages are in its language and go away. A date keeps what was typed while it is no date and
// until the field is left, also when the page is rendered again.
export function Field({ label, hint, error, name, children, ...rest }) {
  const [fault, setFault] = useState('');
  const [typing, setTyping] = useState(false);
  const shown = fault ? (has('invalid.' + fault) ? t('invalid.' + fault) : fault) : error;
  const described = [hint && name + '-hint', shown && name + '-error'].filter(Boolean).join(' ') || undefined;
  const refuse = (event) => {
    const { target } = event;
    event.preventDefault();
    setFault(faultOf(target));
    if (target.form.querySelector('input:invalid, select:invalid, textarea:invalid') === target) target.focus();
  };
  const type = (event) => {
    setFault('');
    setTyping(rest.type === 'date');
    rest.onInput?.(event);
  };
  const leave = ({ target }) => {
    setTyping(false);
    if (target.validity.badInput) setFault(faultOf(target));
  };
  return html`<div class="field">
    <label for=${name}>${label}</label>
    ${children || html`<input id=${name} name=${name} aria-describedby=${described} aria-invalid=${shown ? 'true' : undefined}
      max=${rest.type === 'date' ? '9999-12-31' : undefined} ...${rest} ...${(fault || typing) && 'value' in rest && { value: undefined }}
      onInvalid=${refuse} onInput=${type} onBlur=${leave} />`}
    ${hint && html`<p class="hint" id=${name + '-hint'}>${hint}</p>`}
    ${shown && html`<p class="error" id=${name + '-error'}>${shown}</p>`}
  </div>`;
}

// Select is a labelled choice. options are pairs of value and text. Without value and onChange, the form has the choice,
// at first the first option.
export const Select = ({ label, name, value, options, onChange }) => html`<div class="field">
  <label for=${name}>${label}</label>
  <select id=${name} name=${name} value=${value} onChange=${onChange && ((event) => onChange(event.target.value))}>
    ${options.map(([key, text]) => html`<option key=${key} value=${key} selected=${key === value}>${text}</option>`)}
  </select>
</div>`;

// Check is a labelled box that can be checked.
export const Check = ({ label, name, value, checked = false }) => html`<label class="check">
  <input type="checkbox" name=${name} value=${value} defaultChecked=${checked} /> ${label}
</label>`;

// CopyButton copies a text and says so. name is what the text is; with it the button is small. label is the text of the
// button, if it is not the usual one.
export function CopyButton({ text, name, label: own }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    announce(t('copied'));
  };
  const label = copied ? t('action.copied') : own || t('action.copy');
  return html`<button type="button" class=${name ? 'copy-small' : ''} aria-label=${name && `${label}: ${name}`} onClick=${copy}>${label}</button>`;
}

// Copyable shows an id with a button that copies it. name is what the id is.
export const Copyable = ({ value, name }) => html`<span class="copyable"><code>${value}</code><${CopyButton} text=${value} name=${name} /></span>`;

const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

// Json shows a value as indented JSON with highlighted names and values. A text is shown as it is.
export function Json({ value, label }) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  if (typeof value === 'string') return html`<pre class="json" tabindex="0" role="region" aria-label=${label}>${text}</pre>`;
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(token)) {
    const digits = match[1] && exactNumber(match[1].slice(1, -1));
    const kind = match[2] ? 'json-name' : match[1] && !digits ? 'json-text' : 'json-value';
    parts.push(text.slice(end, match.index), html`<span class=${kind}>${digits || match[1] || match[0]}</span>`, match[2] || '');
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return html`<pre class="json" tabindex="0" role="region" aria-label=${label}>${parts}</pre>`;
}

// Details is a list of names and values. Pairs without a value are left out.
export const Details = ({ pairs }) => html`<dl class="details">${pairs
  .filter(([, value]) => value !== undefined && value !== '')
  .map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
