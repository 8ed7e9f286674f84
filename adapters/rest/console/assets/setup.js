// The path from a new connection to its first rows: test, webhook address, first pull, rows. The state of each step is
// read from the service, so the path can be left and taken up again.
import { query as queryString, request } from './api.js';
import { Breadcrumb, isOpen, outcome, TestResult, useLatestPull } from './connection.js';
import { t, vendorName } from './i18n.js';
import { html, useEffect, useState } from './preact.js';
import { useAction, useList, usePolling, useResource } from './resource.js';
import { link } from './router.js';
import { Minted, MintDialog } from './tokens.js';
import { ActionButton, ActionLink, Ago, announce, Failure, Page, Skeleton, Status } from './ui.js';

const pollInterval = 3000;

// Step is one step of the path. children is what can be done; it is shown for each step that is not done, and for the
// webhook address always.
const Step = ({ name, done, current, children }) => html`<li class=${done ? 'done' : ''} aria-current=${current ? 'step' : undefined}>
  <h2>${t('setup.' + name)} ${done && html`<${Status} tone="good">${t('setup.done')}</${Status}>`}</h2>
  ${!done && html`<p>${t('setup.' + name + 'Text')}</p>`}${children}
</li>`;

// useTest returns the action that tests the connection with a live call.
function useTest(connection, changed) {
  return useAction(async () => {
    const { vendor, configName } = connection;
    const { data } = await request('POST', '/aggregator-connections/test', { body: { vendor, configName } });
    changed();
    return data;
  });
}

// Webhook is the step in which the vendor gets an address for its webhooks.
function Webhook({ connection, tokens, kind }) {
  const [minting, setMinting] = useState(false);
  const mint = useAction(async (body, key) => {
    const { data } = await request('POST', '/webhooks/tokens', { body, key });
    tokens.reload();
    return data;
  });
  const used = tokens.items.map(({ lastUsedAt }) => lastUsedAt).filter(Boolean).sort().pop();
  return html`${mint.result && html`<${Minted} key=${mint.result.id} minted=${mint.result} close=${mint.reset} />`}
    ${tokens.items.length > 0 && html`<p>${used ? t('setup.webhookUsed', { when: html`<${Ago} at=${used} />` }) : t('setup.webhookWaits')}</p>`}
    ${tokens.items.length === 0 && html`<p><${ActionButton} kind=${kind} onClick=${() => setMinting(true)}>${t('action.mint')}</${ActionButton}></p>`}
    ${minting && html`<${MintDialog} connection=${connection} mint=${mint} onClose=${() => setMinting(false)} />`}`;
}

export function SetUp({ id }) {
  const path = '/aggregator-connections/' + id;
  const loaded = useResource(path);
  const health = useResource(path + '/health');
  const latest = useLatestPull(path);
  const tokens = useList('/webhooks/tokens' + queryString({ connectionId: id, limit: 50 }));
  const connection = loaded.value?.data;
  const state = health.value?.data;
  const test = useTest(connection, health.reload);
  const pull = useAction(async (body, key) => {
    await request('POST', path + '/pulls', { body: {}, key });
    announce(t('pull.requested'));
    latest.reload();
    return true;
  });
  usePolling(tokens.reload, true, pollInterval);
  useEffect(() => health.reload(), [latest.pull?.id, isOpen(latest.pull)]);
  const problem = loaded.problem || health.problem || tokens.problem;
  const above = html`<${Breadcrumb} id=${id} />`;
  if (!connection || !state || !tokens.items) {
    return html`<${Page} title=${t('setup.title')} above=${above}>
      ${problem ? html`<${Failure} problem=${problem} retry=${loaded.reload} />` : html`<${Skeleton} />`}</${Page}>`;
  }
  const live = tokens.items.filter(({ revokedAt }) => !revokedAt);
  const read = Boolean(state.lastPullAt);
  const done = { test: state.health === 'healthy' || read, webhook: live.length > 0, pull: read, rows: false };
  const current = Object.keys(done).find((name) => !done[name]);
  const step = (name, children) => html`<${Step} name=${name} done=${done[name]} current=${name === current}>${children}</${Step}>`;
  const kind = (name) => (name === current ? 'primary' : '');
  const running = isOpen(latest.pull);
  return html`<${Page} title=${t('setup.titleOf', { name: connection.configName })} place=${t('setup.title')} above=${above}
      lead=${t('setup.lead', { step: t('setup.' + current) })}
      actions=${html`<a class="button" href=${link('/connections/' + id)}>${t('setup.later')}</a>`}>
    <${Failure} problem=${problem} />
    <ol class="steps">
      ${step('test', html`${test.result && html`<${TestResult} result=${test.result} vendor=${vendorName(connection.vendor)} />`}
        <${Failure} problem=${test.problem} />
        ${!done.test && html`<p class="actions"><${ActionButton} kind=${kind('test')} busy=${test.busy} onClick=${() => test.run()}>${t('action.test')}</${ActionButton}>
          ${test.result && !test.result.healthy && html`<${ActionLink} href=${link(`/connections/${id}/edit`)}>${t('action.edit')}</${ActionLink}>`}</p>`}`)}
      ${step('webhook', html`<${Webhook} connection=${connection} tokens=${{ ...tokens, items: live }} kind=${kind('webhook')} />`)}
      ${step('pull', html`<${Failure} problem=${pull.problem} />
        ${running ? html`<p>${t('pull.read', { n: latest.pull.counts.read })} <progress aria-label=${t('pull.running')} /></p>`
    : latest.pull && html`<p>${outcome(latest.pull)}</p>`}
        ${!read && !running && html`<p><${ActionButton} kind=${kind('pull')} busy=${pull.busy} onClick=${() => pull.run()}>${t('action.pull')}</${ActionButton}></p>`}`)}
      ${step('rows', read && html`<p><a class=${'button ' + kind('rows')} href=${link(`/connections/${id}/transactions`)}>${t('setup.seeRows')}</a></p>`)}
    </ol>
  </${Page}>`;
}
