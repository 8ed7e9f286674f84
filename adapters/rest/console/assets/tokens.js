// The webhook tokens of a connection: mint, last use, revoke.
import { query as queryString, request } from './api.js';
import { t, vendorName } from './i18n.js';
import { html, useLayoutEffect, useRef, useState } from './preact.js';
import { useAction, useList, usePolling } from './resource.js';
import { ActionButton, Ago, announce, Button, Copyable, CopyButton, Dialog, Empty, Failure, Loaded, More, Select, Status, Table } from './ui.js';

const refreshInterval = 5000;

const columns = (revoke) => [
  { title: t('column.token'), kind: 'main', cell: (token) => html`<${Copyable} value=${token.id} name=${t('column.token')} />` },
  {
    title: t('column.status'),
    cell: (token) => (token.revokedAt ? html`<${Status} tone="bad">${t('token.revoked')}</${Status}>`
      : html`<${Status} tone="good">${t('token.live')}</${Status}>`),
  },
  { title: t('column.created'), cell: (token) => html`<${Ago} at=${token.createdAt} />` },
  { title: t('column.lastUsed'), cell: (token) => html`<${Ago} at=${token.lastUsedAt} />` },
  {
    title: t('column.action'),
    cell: (token) => (token.revokedAt ? html`<span class="muted">${t('token.revokedAt', { when: html`<${Ago} at=${token.revokedAt} />` })}</span>`
      : html`<${ActionButton} kind="danger" onClick=${() => revoke(token)}>${t('action.revoke')}</${ActionButton}>`),
  },
];

// Secret shows a value with a button that copies it.
const Secret = ({ text }) => html`<p class="copy"><code>${text}</code> <${CopyButton} text=${text} /></p>`;

// Minted shows the URL of a new token, and its authorization if it has one. They cannot be shown again. It gets the
// focus, so that it is not missed. A webhook that the service has registered needs no configuration. If the application
// has one already, there is no new token.
export function Minted({ minted, close }) {
  const element = useRef();
  useLayoutEffect(() => element.current.focus(), []);
  return html`<div class="notice good minted" ref=${element} tabindex="-1" role="status">
    ${minted.registration?.shared ? html`<p><strong>${t('token.shared', { vendor: vendorName(minted.vendor) })}</strong></p>
      <p>${t('token.sharedText')}</p>`
    : minted.registration ? html`<p><strong>${t('token.registered', { vendor: vendorName(minted.vendor) })}</strong></p>
      <p>${t('token.registeredText')}</p>`
    : html`<p><strong>${t('token.minted')}</strong></p>
      <p>${t('token.once', { vendor: vendorName(minted.vendor) })}</p>
      <${Secret} text=${minted.webhookUrl} />
      ${minted.authorization && html`<p>${t('token.authorization', { vendor: vendorName(minted.vendor) })}</p>
        <${Secret} text=${minted.authorization} />`}`}
    <button type="button" onClick=${close}>${t('token.stored')}</button>
  </div>`;
}

// registrars are the vendors at which the service can register webhooks.
const registrars = ['pluggy', 'plaid'];

// MintDialog asks how the source of the webhooks is proved. Each option is the member of the request that selects it.
export function MintDialog({ connection, mint, onClose }) {
  const vendor = vendorName(connection.vendor);
  const [option, setOption] = useState('');
  const options = ['', ...(connection.vendor === 'plaid' ? [] : ['sourceSecret']), ...(registrars.includes(connection.vendor) ? ['register'] : [])];
  const submit = async (event) => {
    event.preventDefault();
    const body = { vendor: connection.vendor, connection_config_name: connection.configName };
    if (await mint.run(option ? { ...body, [option]: true } : body)) onClose();
  };
  return html`<${Dialog} title=${t('action.mint')} onClose=${onClose}>
    <form onSubmit=${submit}>
      <${Select} label=${t('mint.option')} name="option" value=${option} onChange=${setOption}
        options=${options.map((name) => [name, t('mint.' + (name || 'plain'), { vendor })])} />
      <p class="hint">${t('mint.' + (option || 'plain') + 'Hint', { vendor })}</p>
      <${Failure} problem=${mint.problem} />
      <div class="actions">
        <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
        <${ActionButton} type="submit" kind="primary" busy=${mint.busy}>${t('mint.confirm')}</${ActionButton}>
      </div>
    </form>
  </${Dialog}>`;
}

function RevokeDialog({ token, onClose, done }) {
  const action = useAction(() => request('DELETE', '/webhooks/tokens/' + token.id).then(() => true));
  const revoke = async () => {
    if (!(await action.run())) return;
    announce(t('token.revokeDone'));
    done();
    onClose();
  };
  return html`<${Dialog} title=${t('token.revokeTitle')} onClose=${onClose}>
    <p>${t(token.lastUsedAt ? 'token.revokeUsed' : 'token.revokeUnused', { when: html`<${Ago} at=${token.lastUsedAt} />` })}</p>
    <p><code>${token.id}</code></p>
    <${Failure} problem=${action.problem} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
      <${Button} kind="danger" busy=${action.busy} onClick=${revoke}>${t('action.revoke')}</${Button}>
    </div>
  </${Dialog}>`;
}

// heading says how many tokens are live, and how many of them were never used.
function heading(tokens) {
  const live = tokens.filter((token) => !token.revokedAt);
  const unused = live.filter((token) => !token.lastUsedAt).length;
  return t('token.heading', { n: live.length }) + (unused ? ' ' + t('token.unused', { n: unused }) : '');
}

export function Tokens({ connection }) {
  const list = useList('/webhooks/tokens' + queryString({ connectionId: connection.id, limit: 50 }));
  const [minting, setMinting] = useState(false);
  const [revoking, setRevoking] = useState(null);
  usePolling(list.reload, !list.extended, refreshInterval);
  const mint = useAction(async (body, key) => {
    const { data } = await request('POST', '/webhooks/tokens', { body, key });
    list.reload();
    return data;
  });
  const start = () => {
    mint.reset();
    setMinting(true);
  };
  return html`<section aria-labelledby="tokens">
    <div class="section-head"><h2 id="tokens">${list.items ? heading(list.items) : t('tab.tokens')}</h2>
      <${ActionButton} onClick=${start}>${t('action.mint')}</${ActionButton}></div>
    ${mint.result && html`<${Minted} key=${mint.result.id} minted=${mint.result} close=${mint.reset} />`}
    <${Loaded} of=${list} rows=${3}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('token.empty')}><p>${t('token.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('tab.tokens')} columns=${columns(setRevoking)} items=${list.items} />
        <${More} list=${list} />`)}</${Loaded}>
    ${minting && html`<${MintDialog} connection=${connection} mint=${mint} onClose=${() => setMinting(false)} />`}
    ${revoking && html`<${RevokeDialog} token=${revoking} done=${list.reload} onClose=${() => setRevoking(null)} />`}
  </section>`;
}
