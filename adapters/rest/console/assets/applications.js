// The applications: credentials that several connections share.
import { request } from './api.js';
import { Confirm } from './confirm.js';
import { HealthStatus } from './health.js';
import { t, vendorName } from './i18n.js';
import { all, needText, readApplications } from './needs.js';
import { html, useEffect, useState } from './preact.js';
import { fieldProblems } from './problem-text.js';
import { readAll, useAction, useList, useLoad } from './resource.js';
import { link, navigate } from './router.js';
import { ActionButton, ActionLink, Ago, announce, Button, Check, Dialog, Empty, Failure, Field, Loaded, More, Page, Select, Skeleton, Status, Table } from './ui.js';
import { vendors } from './vendors.js';

// The fields that show what is wrong with them.
const names = ['name', 'baseUrl', 'clientId', 'secret'];

const filled = (form) => Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ''));

const Credential = ({ errors, required = true }) => html`
  <${Field} label=${t('field.clientId')} name="clientId" required=${required} error=${errors.clientId} autocomplete="off" spellcheck=${false} />
  <${Field} label=${t('field.secret')} name="secret" type="password" required=${required} error=${errors.secret}
    hint=${t('field.secretHint')} autocomplete="new-password" />`;

const maxPages = 500;
const mostNamed = 10;
const workers = 4; // how many connections are pulled and looked at at the same time
const lookInterval = 3000;
const mostLooked = 100; // connections that are looked at in one round

// readMembers returns the ids and the names of the connections of an application, by name.
async function readMembers(application, signal) {
  const { items } = await readAll('/aggregator-connections?limit=200', maxPages, signal);
  return items.filter(({ applicationId }) => applicationId === application.id).map(({ id, configName }) => ({ id, configName }));
}

// each calls perform with each item, some at the same time, until the signal aborts.
async function each(items, signal, perform) {
  const waiting = [...items];
  const next = async () => {
    for (let item = waiting.shift(); item && !signal.aborted; item = waiting.shift()) await perform(item);
  };
  await Promise.all(Array.from({ length: workers }, next));
}

// useHealth reads the health of the connections, in rounds until all of them are healthy, and returns it by id. A
// connection that cannot be read, because it was deleted meanwhile, has none.
function useHealth(members) {
  const [health, setHealth] = useState({});
  useEffect(() => {
    if (!members) return undefined;
    const abort = new AbortController();
    let timer;
    const look = async (waiting) => {
      const still = [];
      await each(waiting.slice(0, mostLooked), abort.signal, async ({ id }) => {
        const state = await request('GET', `/aggregator-connections/${id}/health`, { signal: abort.signal }).then(({ data }) => data, () => null);
        if (abort.signal.aborted) return;
        if (state?.health !== 'healthy') still.push({ id });
        setHealth((all) => ({ ...all, [id]: state }));
      });
      const next = [...waiting.slice(mostLooked), ...still];
      if (next.length > 0 && !abort.signal.aborted) timer = setTimeout(() => look(next), lookInterval);
    };
    look(members);
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [members]);
  return health;
}

// Members reads the connections of an application after its credential was replaced: how many of them are healthy, and
// the others by name. settled is called when all of them are healthy.
function Members({ application, settled, close }) {
  const loaded = useLoad('members of ' + application.id, (signal) => readMembers(application, signal));
  const members = loaded.value;
  const health = useHealth(members);
  const pull = useAction(async (ids, key) => {
    await each(ids, new AbortController().signal, (id) => request('POST', `/aggregator-connections/${id}/pulls`, { body: {}, key: key + id }).catch((problem) => {
      if (problem.status !== 409) throw problem; // a paused connection is not read
    }));
    announce(t('pull.requested'));
    return true;
  });
  const waiting = members?.filter(({ id }) => health[id]?.health !== 'healthy');
  useEffect(() => {
    if (waiting?.length === 0) settled();
  }, [waiting?.length === 0]);
  if (!members) return html`<${Failure} problem=${loaded.problem} retry=${loaded.reload} />${!loaded.problem && html`<${Skeleton} rows=${2} />`}`;
  const healthy = members.length - waiting.length;
  return html`<section class=${'notice ' + (waiting.length === 0 ? 'good' : '')} aria-labelledby="members">
    <h2 id="members">${t('application.healthy', { n: healthy, all: members.length, name: application.name })}</h2>
    ${waiting.length > 0 && html`<p><progress max=${members.length} value=${healthy} aria-label=${t('application.healthyLabel')} /></p>
      <ul class="plain">${waiting.slice(0, mostNamed).map(({ id, configName }) => html`<li key=${id}><a href=${link('/connections/' + id)}>${configName}</a>
        ${' '}${health[id] && html`<${HealthStatus} health=${health[id]} />`}</li>`)}</ul>
      ${waiting.length > mostNamed && html`<p class="muted">${t('application.more', { n: waiting.length - mostNamed })}</p>`}`}
    <${Failure} problem=${pull.problem} />
    <div class="actions">
      ${waiting.length > 0 && html`<${ActionButton} kind="primary" busy=${pull.busy} onClick=${() => pull.run(waiting.map(({ id }) => id))}>
        ${t('application.pull', { n: waiting.length })}</${ActionButton}>`}
      <${Button} onClick=${close}>${t('action.close')}</${Button}>
    </div>
  </section>`;
}

// RotateDialog replaces the credential of all connections of an application.
function RotateDialog({ application, changed, onClose }) {
  const rotation = useAction(({ force, ...body }, key) => request('PUT', `/applications/${application.id}?force=${force}`, { body, key })
    .then(({ data }) => data));
  const { errors, rest } = fieldProblems(rotation.problem, names);
  const submit = async (event) => {
    event.preventDefault();
    const { force, ...credential } = filled(event.target);
    if (!(await rotation.run({ name: application.name, ...credential, force: force !== undefined }))) return;
    onClose();
    changed(application);
    announce(t('application.rotated', { name: application.name }));
  };
  return html`<${Dialog} title=${t('application.rotate', { name: application.name })} onClose=${onClose}><form onSubmit=${submit}>
    <p>${t('application.rotateText', { n: application.connections })}</p>
    <${Credential} errors=${errors} />
    <p><${Check} name="force" value="yes" label=${t('application.force')} /></p>
    <${Failure} problem=${rest} />
    <div class="actions">
      <button type="button" onClick=${onClose}>${t('action.cancel')}</button>
      <${ActionButton} type="submit" kind="primary" busy=${rotation.busy}>${t('action.rotateCredential')}</${ActionButton}>
    </div>
  </form></${Dialog}>`;
}

const DeleteDialog = ({ application, changed, onClose }) => html`<${Confirm} title=${t('application.delete', { name: application.name })}
  text=${t('application.deleteText')} label=${t('action.delete')} kind="danger" done=${t('application.deleted', { name: application.name })}
  perform=${async () => { await request('DELETE', '/applications/' + application.id); changed(); return true; }} onClose=${onClose} />`;

const dialogs = { rotate: RotateDialog, delete: DeleteDialog };

// readHealth returns the health of the connections of each application, by the id of the application.
async function readHealth(signal) {
  const [applications, health] = await Promise.all([readApplications(signal), all('/aggregator-connections/health?limit=200', signal)]);
  const found = {};
  for (const item of health) {
    const id = applications.get(item.connectionId);
    if (id) (found[id] ??= []).push(item);
  }
  return found;
}

// Health says how many connections of an application are healthy, and which reasons the others have.
function Health({ members }) {
  if (!members?.length) return html`<span class="muted">–</span>`;
  const healthy = members.filter(({ health }) => health === 'healthy').length;
  const reasons = [...new Set(members.flatMap(({ attention = [] }) => attention.filter(({ severity }) => severity === 'now').map(({ reason }) => reason)))];
  return html`<${Status} tone=${healthy === members.length ? 'good' : 'bad'}>${t('coverage.of', { covered: healthy, n: members.length })}</${Status}>
    ${reasons.map((reason) => html`<span class="note" key=${reason}>${t('number', { n: members.filter(({ attention = [] }) => attention.some((one) => one.reason === reason)).length })} ${needText(reason)}</span>`)}`;
}

const columns = (open, health) => [
  { title: t('column.name'), kind: 'main', cell: (item) => item.name },
  { title: t('application.healthyLabel'), cell: (item) => (health ? html`<${Health} members=${health[item.id]} />` : '…') },
  { title: t('column.vendor'), cell: (item) => vendorName(item.vendor) },
  { title: t('field.baseUrl'), cell: (item) => html`<code>${item.baseUrl}</code>` },
  { title: t('nav.connections'), kind: 'number', cell: (item) => t('number', { n: item.connections }) },
  { title: t('column.changed'), cell: (item) => html`<${Ago} at=${item.updatedAt} />` },
  {
    title: t('column.action'),
    cell: (item) => html`<${ActionButton} onClick=${() => open('rotate', item)}>${t('action.rotateCredential')}</${ActionButton}>${' '}
      <${ActionButton} kind="danger" disabled=${item.connections > 0} onClick=${() => open('delete', item)}>${t('action.delete')}</${ActionButton}>`,
  },
];

export function Applications() {
  const list = useList('/applications?limit=50');
  const health = useLoad('health by application', readHealth);
  const [open, setOpen] = useState(null);
  const [rotated, setRotated] = useState(null);
  const changed = (application) => {
    list.reload();
    health.reload();
    if (application?.connections > 0) setRotated({ application, at: Date.now() });
  };
  const create = html`<${ActionLink} href=${link('/applications/new')} kind="primary">${t('action.createApplication')}</${ActionLink}>`;
  return html`<${Page} title=${t('application.title')} lead=${t('application.lead')} actions=${create}>
    ${rotated && html`<${Members} key=${rotated.at} application=${rotated.application} settled=${health.reload} close=${() => setRotated(null)} />`}
    <${Loaded} of=${list}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('application.empty')}><p>${t('application.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('application.title')} items=${list.items}
          columns=${columns((dialog, application) => setOpen({ dialog, application }), health.value)} /><${More} list=${list} />`)}</${Loaded}>
    ${open && html`<${dialogs[open.dialog]} application=${open.application} changed=${changed} onClose=${() => setOpen(null)} />`}
  </${Page}>`;
}

export function CreateApplication() {
  const [vendor, setVendor] = useState('pluggy');
  const creation = useAction((body, key) => request('POST', '/applications', { body, key }).then(({ data }) => data));
  const { errors, rest } = fieldProblems(creation.problem, names);
  const submit = async (event) => {
    event.preventDefault();
    const created = await creation.run({ ...filled(event.target), vendor });
    if (!created) return;
    announce(t('application.created', { name: created.name }));
    navigate(link('/applications'));
  };
  return html`<${Page} title=${t('action.createApplication')} lead=${t('application.createLead')}
      above=${html`<p class="breadcrumb"><a href=${link('/applications')}>${t('nav.applications')}</a></p>`}>
    <form class="form" onSubmit=${submit}>
      <${Select} label=${t('column.vendor')} name="vendor" value=${vendor} onChange=${setVendor}
        options=${Object.keys(vendors).map((name) => [name, vendorName(name)])} />
      <${Field} label=${t('column.name')} name="name" required maxlength="255" error=${errors.name} autocomplete="off" />
      <${Field} label=${t('field.baseUrl')} name="baseUrl" required type="url" error=${errors.baseUrl} autocomplete="off"
        key=${vendor} defaultValue=${vendors[vendor]} />
      <${Credential} errors=${errors} />
      <${Failure} problem=${rest} />
      <div class="actions">
        <${ActionButton} type="submit" kind="primary" busy=${creation.busy}>${t('action.create')}</${ActionButton}>
        <a class="button" href=${link('/applications')}>${t('action.cancel')}</a>
      </div>
    </form>
  </${Page}>`;
}
