// The subscriptions that send events to other systems, and the form that creates one.
import { request } from './api.js';
import { loadConnections } from './connections-data.js';
import { sinkName, t } from './i18n.js';
import { MatcherFields, matcherFields, matcherSink } from './matcher.js';
import { html, useState } from './preact.js';
import { fieldProblems } from './problem-text.js';
import { useAction, useList, useLoad, usePolling } from './resource.js';
import { link, navigate } from './router.js';
import { settingsOf } from './sink-settings.js';
import { OneTimeSecret, SubscriptionState } from './subscription-state.js';
import { ActionButton, ActionLink, Ago, announce, Check, Empty, Failure, Field, Loaded, More, Page, Select, Table } from './ui.js';

const refreshInterval = 5000;

const columns = () => [
  {
    title: t('column.name'), kind: 'main',
    cell: (item) => html`<a class="name" href=${link('/subscriptions/' + item.id)}>${item.name}</a>`,
  },
  { title: t('column.status'), cell: (item) => html`<${SubscriptionState} subscription=${item} />` },
  { title: t('subscription.sink'), cell: (item) => html`${sinkName(item.sink.kind)} <code>${item.sink.url}</code>` },
  { title: t('subscription.waiting'), kind: 'number', cell: (item) => t('number', { n: item.waiting }) },
  { title: t('subscription.oldest'), cell: (item) => html`<${Ago} at=${item.oldestWaitingAt} none="subscription.noneWaits" />` },
];

// heading says how many of the subscriptions need a person: those that are disabled, and those that retry.
function heading(items) {
  const needy = items.filter((item) => item.state === 'disabled' || item.retrying > 0).length;
  if (items.length === 0) return t('subscription.none');
  return needy ? t('subscription.needy', { n: needy, all: items.length }) : t('subscription.allGood', { n: items.length });
}

export function Subscriptions() {
  const list = useList('/subscriptions?limit=50');
  usePolling(list.reload, !list.extended, refreshInterval);
  const create = html`<${ActionLink} href=${link('/subscriptions/new')} kind="primary">${t('action.subscribe')}</${ActionLink}>`;
  return html`<${Page} title=${list.items ? heading(list.items) : t('subscription.title')} lead=${t('subscription.lead')} actions=${create}>
    <${Loaded} of=${list}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('subscription.empty')}><p>${t('subscription.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('subscription.title')} columns=${columns()} items=${list.items} /><${More} list=${list} />`)}</${Loaded}>
  </${Page}>`;
}

// The types that the form offers. Each names all events of a resource.
const types = ['transaction.*', 'account.*', 'connection.*', 'pull.failed', 'pull.recovered', 'period.adjusted', 'bank_statement.compared'];

// The fields that show what is wrong with them.
const fieldNames = [...matcherFields, 'name', 'types', 'exchange', 'routingKey', 'brokers', 'topic', 'tls', 'username', 'password'];

// The members of each kind of sink that are text.
const textMembers = { webhook: ['url'], rabbitmq: ['url', 'exchange', 'routingKey', 'format'], kafka: ['topic', 'format'] };

// The formats of messages. The first one is the default of the kind.
const formats = { rabbitmq: ['structured', 'binary'], kafka: ['binary', 'structured'] };

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];

// bodyOf returns the request of a filled form.
function bodyOf(form, kind) {
  const values = new FormData(form);
  const filled = (names) => Object.fromEntries(names.map((name) => [name, values.get(name)]).filter(([, value]) => value));
  if (kind === 'matcher') {
    return { ...filled(['name']), types: ['transaction.*'], fromStart: values.has('fromStart'), sink: matcherSink(values) };
  }
  /** @type {any} */
  const sink = { ...(textMembers[kind] ? filled(textMembers[kind]) : settingsOf(values.get('settings'))), kind };
  if (kind === 'kafka') {
    sink.brokers = String(values.get('brokers')).split(/[\s,]+/).filter(Boolean);
    if (values.get('tls')) sink.tls = values.get('tls') === 'true';
    if (values.get('mechanism')) sink.sasl = filled(['mechanism', 'username', 'password']);
  }
  return { ...filled(['name', 'connectionId']), types: values.getAll('types'), fromStart: values.has('fromStart'), sink };
}

const Types = ({ error }) => html`<fieldset class="field" aria-describedby=${error ? 'types-error' : undefined}>
  <legend>${t('subscription.types')}</legend>
  ${types.map((name) => html`<${Check} key=${name} name="types" value=${name} checked=${name === 'transaction.*'}
    label=${t('eventType.' + name)} />`)}
  ${error && html`<p class="error" id="types-error">${error}</p>`}
</fieldset>`;

const URLField = ({ kind, errors }) => html`
  <${Field} label=${t('field.sinkUrl')} name="url" required type="url" maxlength="2048" autocomplete="off" spellcheck=${false}
    key=${kind} placeholder=${kind === 'rabbitmq' ? 'amqps://user:password@broker.example.com/' : 'https://books.example.com/events'}
    hint=${t(kind === 'rabbitmq' ? 'field.brokerHint' : 'field.endpointHint')} error=${errors.url} />`;

// FormatField chooses the format of messages. kind is the kind of sink.
const FormatField = ({ kind }) => html`<${Select} label=${t('field.format')} name="format"
  options=${formats[kind].map((name) => [name, t('format.' + name)])} />`;

const RabbitMQFields = ({ errors }) => html`
  <${URLField} kind="rabbitmq" errors=${errors} />
  <${Field} label=${t('field.exchange')} name="exchange" required maxlength="255" hint=${t('field.exchangeHint')}
    error=${errors.exchange} autocomplete="off" />
  <${Field} label=${t('field.routingKey')} name="routingKey" maxlength="255" hint=${t('field.routingKeyHint')}
    error=${errors.routingKey} autocomplete="off" />
  <${FormatField} kind="rabbitmq" />`;

function KafkaFields({ errors }) {
  const [mechanism, setMechanism] = useState('');
  return html`
    <${Field} label=${t('field.brokers')} name="brokers" required spellcheck=${false} autocomplete="off"
      placeholder="kafka-1.example.com:9093, kafka-2.example.com:9093" hint=${t('field.brokersHint')} error=${errors.brokers} />
    <${Field} label=${t('field.topic')} name="topic" maxlength="249" hint=${t('field.topicHint')} error=${errors.topic}
      autocomplete="off" spellcheck=${false} />
    <${Select} label=${t('field.tls')} name="tls"
      options=${[['', t('tls.default')], ['true', t('tls.true')], ['false', t('tls.false')]]} />
    ${errors.tls && html`<p class="error">${errors.tls}</p>`}
    <${Select} label=${t('field.mechanism')} name="mechanism" value=${mechanism} onChange=${setMechanism}
      options=${[['', t('mechanism.none')], ...mechanisms.map((name) => [name, name])]} />
    ${mechanism && html`
      <${Field} label=${t('field.username')} name="username" required maxlength="255" error=${errors.username} autocomplete="off" />
      <${Field} label=${t('field.password')} name="password" required type="password" maxlength="1024" hint=${t('field.passwordHint')}
        error=${errors.password} autocomplete="new-password" />`}
    <${FormatField} kind="kafka" />`;
}

// SettingsField takes the settings of a kind of sink that has no fields of its own.
const SettingsField = ({ errors }) => html`
  <${Field} label=${t('field.settings')} name="settings" hint=${t('field.settingsHint')} error=${errors.settings}>
    <textarea id="settings" name="settings" rows="6" required aria-describedby=${errors.settings ? 'settings-hint settings-error' : 'settings-hint'}
      aria-invalid=${errors.settings ? 'true' : undefined} autocomplete="off" spellcheck=${false}>{}</textarea>
  </${Field}>`;

// The kinds of the service, and the fields of those that have some.
const sinkKinds = (/** @type {HTMLElement} */ (document.querySelector('meta[name="sinks"]'))?.dataset.kinds ?? '').split(' ');
const sinkFields = { webhook: URLField, rabbitmq: RabbitMQFields, kafka: KafkaFields, matcher: MatcherFields };

export function CreateSubscription() {
  const [kind, setKind] = useState('webhook');
  const [connection, setConnection] = useState('');
  const connections = useLoad('all connections', loadConnections);
  const creation = useAction((body, key) => request('POST', '/subscriptions', { body, key }).then(({ data }) => data));
  const created = creation.result;
  const show = (subscription) => navigate(link('/subscriptions/' + subscription.id));
  const [malformed, setMalformed] = useState(false);
  const Fields = sinkFields[kind] || SettingsField;
  const submit = async (event) => {
    event.preventDefault();
    const flaw = Fields === SettingsField && !settingsOf(event.target.elements.settings.value);
    setMalformed(flaw);
    if (flaw) return;
    const made = await creation.run(bodyOf(event.target, kind));
    if (!made) return;
    announce(t('subscription.created', { name: made.name }));
    if (!made.secret) show(made);
  };
  const { errors, rest } = fieldProblems(creation.problem, sinkFields[kind] ? fieldNames : ['name', 'types']);
  if (malformed) errors.settings = t('field.settingsMalformed');
  const all = (connections.value?.all || []).map((item) => [item.connectionId, item.configName]);
  return html`<${Page} title=${t('subscription.create')} lead=${t('subscription.createLead')} above=${html`<${Breadcrumb} />`}>
    ${created?.secret ? html`<${OneTimeSecret} secret=${created.secret} close=${() => show(created)} />`
    : html`<form class="form" onSubmit=${submit}>
      <${Field} label=${t('column.name')} name="name" required maxlength="255" error=${errors.name} autocomplete="off" />
      ${kind !== 'matcher' && html`<${Types} error=${errors.types} />
      <${Select} label=${t('column.connection')} name="connectionId" value=${connection} onChange=${setConnection}
        options=${[['', t('filter.all')], ...all]} />`}
      <${Select} label=${t('subscription.sink')} name="kind" value=${kind} onChange=${setKind}
        options=${sinkKinds.map((name) => [name, sinkName(name)])} />
      <${Fields} key=${kind} kind=${kind} errors=${errors} />
      <${Check} name="fromStart" value="yes" label=${t('subscription.fromStart')} />
      <${Failure} problem=${rest} />
      <div class="actions">
        <${ActionButton} type="submit" kind="primary" busy=${creation.busy}>${t('action.subscribe')}</${ActionButton}>
        <a class="button" href=${link('/subscriptions')}>${t('action.cancel')}</a>
      </div>
    </form>`}
  </${Page}>`;
}

export const Breadcrumb = () => html`<p class="breadcrumb"><a href=${link('/subscriptions')}>${t('nav.subscriptions')}</a></p>`;
