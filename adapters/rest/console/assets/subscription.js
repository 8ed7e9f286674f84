// One subscription: its progress, the actions, and the attempts to send its events.
import { request } from './api.js';
import { duration } from './format.js';
import { has, sinkName, t } from './i18n.js';
import { MatcherSections } from './matcher.js';
import { html, useState } from './preact.js';
import { fieldProblems } from './problem-text.js';
import { useAction, useList, usePolling, useResource } from './resource.js';
import { link, navigate } from './router.js';
import { OneTimeSecret, sinkReason, SubscriptionState } from './subscription-state.js';
import { Breadcrumb } from './subscriptions.js';
import {
  ActionButton, Ago, announce, Button, Copyable, Details, Dialog, Empty, Failure, Field, Instant, Loaded, More, Page, Skeleton, Status,
  Table,
} from './ui.js';

const refreshInterval = 5000;
const eventPrefix = 'studio.lerian.discovery.';

// Lead answers whether the events arrive.
function Lead({ subscription }) {
  const { state, reason, since, waiting, retrying } = subscription;
  const text = state === 'disabled' ? t('subscription.lead.disabled', { when: html`<${Ago} at=${since} />`, reason: sinkReason(reason) })
    : state === 'paused' ? t('subscription.lead.paused', { when: html`<${Ago} at=${since} />` })
    : retrying > 0 ? t('subscription.lead.retrying', { n: retrying }) : '';
  return html`<${SubscriptionState} subscription=${subscription} end="." /> ${text}${' '}${t('subscription.lead.waiting', { n: waiting })}`;
}

// ReplayDialog asks from which event on the events are sent again.
function ReplayDialog({ subscription, replay, onClose }) {
  const submit = async (event) => {
    event.preventDefault();
    const from = String(Number(new FormData(event.target).get('from')));
    if (await replay.run(from)) onClose();
  };
  const { errors, rest } = fieldProblems(replay.problem, ['from']);
  return html`<${Dialog} title=${t('resend.title')} onClose=${onClose}><form onSubmit=${submit}>
    <p>${t('resend.text', { position: subscription.position, last: subscription.lastSequence })}</p>
    <${Field} label=${t('resend.from')} name="from" type="number" min="1" max="999999999999999" required
      defaultValue=${String(Math.max(1, Number(subscription.position)))} error=${errors.from} />
    <${Failure} problem=${rest} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
      <${ActionButton} type="submit" kind="primary" busy=${replay.busy}>${t('action.resend')}</${ActionButton}>
    </div>
  </form></${Dialog}>`;
}

// DeleteDialog says what a deletion does, and asks for the name of the subscription.
function DeleteDialog({ subscription, etag, onClose }) {
  const [typed, setTyped] = useState('');
  const removal = useAction(() => request('DELETE', '/subscriptions/' + subscription.id, { etag }).then(() => true));
  const submit = async (event) => {
    event.preventDefault();
    if (!(await removal.run())) return;
    announce(t('subscription.deleted', { name: subscription.name }));
    navigate(link('/subscriptions'));
  };
  return html`<${Dialog} title=${t('delete.title', { name: subscription.name })} onClose=${onClose}><form onSubmit=${submit}>
    <p>${t('subscription.deleteText')}</p>
    <${Field} label=${t('delete.confirm', { name: subscription.name })} name="confirm" autocomplete="off"
      value=${typed} onInput=${(event) => setTyped(event.target.value)} />
    <${Failure} problem=${removal.problem} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
      <${Button} type="submit" kind="danger" busy=${removal.busy} disabled=${typed !== subscription.name}>${t('action.delete')}</${Button}>
    </div>
  </form></${Dialog}>`;
}

// newestFailures returns the attempts after which their events wait for another one. An event can be skipped there.
const newestFailures = (items) => {
  const seen = new Set();
  return new Set(items.filter((item) => {
    const newest = !seen.has(item.sequence);
    seen.add(item.sequence);
    return newest && !item.delivered && item.nextAttemptAt;
  }));
};

const attemptColumns = (skip, waiting) => [
  { title: t('column.event'), kind: 'main', cell: (item) => html`<code>${item.type.replace(eventPrefix, '')}</code>` },
  { title: t('column.when'), cell: (item) => html`<${Ago} at=${item.at} />` },
  {
    title: t('column.result'),
    cell: (item) => (item.delivered ? html`<${Status} tone="good">${t('attempt.delivered')}</${Status}>`
      : html`<${Status} tone="bad">${t('attempt.failed')}</${Status}> <span class="small">${sinkReason(item.reason)}</span>
        ${waiting.has(item) && html`<${ActionButton} busy=${skip.busy} onClick=${() => skip.run(item.sequence)}>${t('action.skip')}</${ActionButton}>`}`),
  },
  { title: t('column.sequence'), kind: 'number', cell: (item) => (item.sequence === '0' ? '–' : item.sequence) },
  { title: t('attempt.number'), kind: 'number', cell: (item) => t('number', { n: item.number }) },
  { title: t('column.took'), kind: 'number', cell: (item) => duration(item.latencyMs) },
];

function Attempts({ list, skip }) {
  return html`<section aria-labelledby="attempts">
    <h2 id="attempts">${t('attempt.heading')}</h2>
    <${Failure} problem=${skip.problem} />
    <${Loaded} of=${list}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('attempt.empty')}><p>${t('attempt.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('attempt.heading')} columns=${attemptColumns(skip, newestFailures(list.items))} items=${list.items} /><${More} list=${list} />`)}</${Loaded}>
  </section>`;
}

const TestOutcome = ({ result }) => html`<div class=${'notice ' + (result.delivered ? 'good' : 'bad')} role="status">
  <p>${result.delivered ? t('subscription.testDelivered', { took: duration(result.latencyMs) })
    : t('subscription.testFailed', { reason: sinkReason(result.reason) })}</p>
</div>`;

// useSubscriptionActions returns the actions of the subscription at path. changed is called after each.
function useSubscriptionActions(path, changed) {
  const post = (name, options) => request('POST', path + name, options).then(({ data }) => {
    changed();
    return data;
  });
  return {
    test: useAction(() => post('/test')),
    pause: useAction(async (name, key) => {
      const data = await post('/' + name, { key });
      announce(t(name === 'pause' ? 'subscription.pauseDone' : 'subscription.resumeDone'));
      return data;
    }),
    rotate: useAction((input, key) => post('/secret', { key })),
    skip: useAction(async (sequence, key) => {
      const data = await post('/skip', { body: { sequence }, key });
      announce(t('skip.done'));
      return data;
    }),
    replay: useAction(async (from, key) => {
      const data = await post('/replay', { body: { from }, key });
      announce(t('resend.done', { from }));
      return data;
    }),
  };
}

function RotateDialog({ rotate, onClose }) {
  const confirm = async () => {
    if (await rotate.run()) onClose();
  };
  return html`<${Dialog} title=${t('rotate.title')} onClose=${onClose}>
    <p>${t('rotate.text')}</p>
    <${Failure} problem=${rotate.problem} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
      <${ActionButton} kind="primary" busy=${rotate.busy} onClick=${confirm}>${t('action.rotate')}</${ActionButton}>
    </div>
  </${Dialog}>`;
}

const Actions = ({ subscription, actions, open }) => html`
  <${ActionButton} busy=${actions.test.busy} onClick=${() => actions.test.run()}>${t('action.test')}</${ActionButton}>
  <${ActionButton} busy=${actions.pause.busy} onClick=${() => actions.pause.run(subscription.state === 'active' ? 'pause' : 'resume')}>
    ${t(subscription.state === 'active' ? 'action.pause' : 'action.resume')}</${ActionButton}>
  <${ActionButton} onClick=${() => open('replay')}>${t('action.resend')}</${ActionButton}>
  ${subscription.sink.kind === 'webhook'
    && html`<${ActionButton} onClick=${() => open('rotate')}>${t('action.rotate')}</${ActionButton}>`}
  <${ActionButton} kind="danger" onClick=${() => open('delete')}>${t('action.delete')}</${ActionButton}>`;

// sinkPairs returns the labels and the values of the settings of a sink. A member that it does not have is left out.
// The settings of a kind without a name in the console are shown as they come.
const sinkPairs = ({ kind, ...sink }) => (has('sink.' + kind) ? knownPairs({ kind, ...sink })
  : [[t('field.settings'), html`<code>${JSON.stringify(sink)}</code>`]]);

const knownPairs = (sink) => [
  ['sinkUrl', sink.url], ['exchange', sink.exchange], ['routingKey', sink.routingKey],
  ['brokers', sink.brokers?.join(' ')], ['topic', sink.topic],
  ['tls', sink.tls === undefined ? '' : t('tls.' + sink.tls)],
  ['mechanism', sink.sasl?.mechanism], ['username', sink.sasl?.username],
  ['format', sink.format && t('format.' + sink.format)],
].map(([name, value]) => [t('field.' + name), value && html`<code>${value}</code>`]).concat(sink.kind === 'matcher' ? [
  [t('matcher.sources'), t('number', { n: sink.sources.length })],
  [t('matcher.externalId'), sink.externalId && t(sink.externalId === 'id' ? 'column.id' : 'search.reference')],
  [t('filter.from'), sink.dateFrom],
] : []);

export function SubscriptionPage({ id }) {
  const path = '/subscriptions/' + id;
  const loaded = useResource(path);
  const attempts = useList(path + '/attempts?limit=50');
  const [dialog, setDialog] = useState('');
  const actions = useSubscriptionActions(path, () => {
    loaded.reload();
    attempts.reload();
  });
  usePolling(loaded.reload, true, refreshInterval);
  usePolling(attempts.reload, !attempts.extended, refreshInterval);
  const item = loaded.value?.data;
  if (!item) {
    return html`<${Page} title=${t('subscription.one')} above=${html`<${Breadcrumb} />`}>
      ${loaded.problem ? html`<${Failure} problem=${loaded.problem} retry=${loaded.reload} />` : html`<${Skeleton} />`}
    </${Page}>`;
  }
  const { test, pause, rotate, replay } = actions;
  const start = (name) => {
    [rotate, replay].forEach((action) => action.problem && action.reset());
    setDialog(name);
  };
  const close = () => setDialog('');
  return html`<${Page} title=${item.name} place=${t('subscription.one')} above=${html`<${Breadcrumb} />`} lead=${html`<${Lead} subscription=${item} />`}
      actions=${html`<${Actions} subscription=${item} actions=${actions} open=${start} />`}>
    ${test.result && html`<${TestOutcome} result=${test.result} />`}
    ${rotate.result?.secret && html`<${OneTimeSecret} key=${rotate.result.secret} secret=${rotate.result.secret} close=${rotate.reset} />`}
    <${Failure} problem=${test.problem || pause.problem || loaded.problem} />
    <${Details} pairs=${[
      [t('subscription.types'), item.types.map((name) => html`<code>${name}</code> `)],
      [t('column.connection'), item.connectionId
        && html`<a href=${link('/connections/' + item.connectionId)}><code>${item.connectionId}</code></a>`],
      [t('column.account'), item.accountId && html`<code>${item.accountId}</code>`],
      [t('subscription.sink'), sinkName(item.sink.kind)],
      ...sinkPairs(item.sink),
      [t('subscription.position'), t('subscription.positionOf', { position: item.position, last: item.lastSequence })],
      [t('subscription.overlap'), item.secretOverlapUntil && html`<${Instant} at=${item.secretOverlapUntil} />`],
      [t('column.id'), html`<${Copyable} value=${item.id} name=${t('column.id')} />`],
    ]} />
    ${item.sink.kind === 'matcher' && html`<${MatcherSections} path=${path} />`}
    <${Attempts} list=${attempts} skip=${actions.skip} />
    ${dialog === 'replay' && html`<${ReplayDialog} subscription=${item} replay=${replay} onClose=${close} />`}
    ${dialog === 'rotate' && html`<${RotateDialog} rotate=${rotate} onClose=${close} />`}
    ${dialog === 'delete' && html`<${DeleteDialog} subscription=${item} etag=${loaded.value.etag} onClose=${close} />`}
  </${Page}>`;
}
