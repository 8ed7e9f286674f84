// The applications: credentials that several connections share.
import { request } from './api.js';
import { Confirm } from './confirm.js';
import { t } from './i18n.js';
import { html, useState } from './preact.js';
import { fieldProblems } from './problem-text.js';
import { useAction, useList } from './resource.js';
import { link, navigate } from './router.js';
import { ActionButton, ActionLink, Ago, announce, Check, Dialog, Empty, Failure, Field, Loaded, More, Page, Select, Table } from './ui.js';
import { vendors } from './vendors.js';

// The fields that show what is wrong with them.
const names = ['name', 'baseUrl', 'clientId', 'secret'];

const filled = (form) => Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ''));

const Credential = ({ errors, required = true }) => html`
  <${Field} label=${t('field.clientId')} name="clientId" required=${required} error=${errors.clientId} autocomplete="off" spellcheck=${false} />
  <${Field} label=${t('field.secret')} name="secret" type="password" required=${required} error=${errors.secret}
    hint=${t('field.secretHint')} autocomplete="new-password" />`;

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
    changed();
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

const columns = (open) => [
  { title: t('column.name'), kind: 'main', cell: (item) => item.name },
  { title: t('column.vendor'), cell: (item) => t('vendor.' + item.vendor) },
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
  const [open, setOpen] = useState(null);
  const create = html`<${ActionLink} href=${link('/applications/new')} kind="primary">${t('action.createApplication')}</${ActionLink}>`;
  return html`<${Page} title=${t('application.title')} lead=${t('application.lead')} actions=${create}>
    <${Loaded} of=${list}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('application.empty')}><p>${t('application.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('application.title')} items=${list.items}
          columns=${columns((dialog, application) => setOpen({ dialog, application }))} /><${More} list=${list} />`)}</${Loaded}>
    ${open && html`<${dialogs[open.dialog]} application=${open.application} changed=${list.reload} onClose=${() => setOpen(null)} />`}
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
        options=${Object.keys(vendors).map((name) => [name, t('vendor.' + name)])} />
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
