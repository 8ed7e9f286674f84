// The webhook tokens of a connection: mint, last use, revoke.
import { query as queryString, request } from './api.js';
import { t } from './i18n.js';
import { html, useEffect, useRef, useState } from './preact.js';
import { useAction, useList, usePolling } from './resource.js';
import { ActionButton, Ago, announce, CopyButton, Dialog, Empty, Failure, Loaded, More, Status, Table } from './ui.js';

const refreshInterval = 5000;

const columns = (revoke) => [
  { title: t('column.token'), kind: 'main', cell: (token) => html`<code>${token.id}</code>` },
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

// Minted shows the URL of a new token. It cannot be shown again. It gets the focus, so that it is not missed.
function Minted({ minted, close }) {
  const element = useRef();
  useEffect(() => element.current.focus(), []);
  return html`<div class="notice good minted" ref=${element} tabindex="-1" role="status">
    <p><strong>${t('token.minted')}</strong></p>
    <p>${t('token.once', { vendor: minted.vendor })}</p>
    <p class="copy"><code>${minted.webhookUrl}</code> <${CopyButton} text=${minted.webhookUrl} /></p>
    <button type="button" onClick=${close}>${t('token.stored')}</button>
  </div>`;
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
      <button type="button" class="danger" disabled=${action.busy} onClick=${revoke}>${t('action.revoke')}</button>
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
  const [revoking, setRevoking] = useState(null);
  usePolling(list.reload, !list.extended, refreshInterval);
  const mint = useAction(async (body, key) => {
    const { data } = await request('POST', '/webhooks/tokens', { body, key });
    list.reload();
    return data;
  });
  const start = () => mint.run({ vendor: connection.vendor, connection_config_name: connection.configName });
  return html`<section aria-labelledby="tokens">
    <div class="section-head"><h2 id="tokens">${list.items ? heading(list.items) : t('tab.tokens')}</h2>
      <${ActionButton} busy=${mint.busy} onClick=${start}>${t('action.mint')}</${ActionButton}></div>
    ${mint.result && html`<${Minted} key=${mint.result.id} minted=${mint.result} close=${mint.reset} />`}
    <${Failure} problem=${mint.problem} />
    <${Loaded} of=${list} rows=${3}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('token.empty')}><p>${t('token.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('tab.tokens')} columns=${columns(setRevoking)} items=${list.items} />
        <${More} list=${list} />`)}</${Loaded}>
    ${revoking && html`<${RevokeDialog} token=${revoking} done=${list.reload} onClose=${() => setRevoking(null)} />`}
  </section>`;
}
