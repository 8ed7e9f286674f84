// The forms that create and change a connection.
import { request } from './api.js';
import { Breadcrumb } from './connection.js';
import { t, vendorName } from './i18n.js';
import { LinkDialog } from './link-dialog.js';
import { html, useEffect, useState } from './preact.js';
import { fieldProblems } from './problem-text.js';
import { useAction, useList, useResource } from './resource.js';
import { link, navigate } from './router.js';
import { ActionButton, announce, Failure, Field, Page, Select, Skeleton } from './ui.js';
import { vendors } from './vendors.js';

// The fields that show what is wrong with them.
const names = ['configName', 'baseUrl', 'accountRef', 'accessToken', 'clientId', 'secret'];

// values returns the fields of a form that are filled in, without the blanks that come along when a value is copied.
const values = (form) => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()])
  .filter(([, value]) => value !== ''));

// ApplicationField chooses the application whose credential the connection uses. It is absent if the vendor has none.
function ApplicationField({ vendor, value, onChange, connection }) {
  const list = useList('/applications?limit=200');
  const own = (list.items || []).filter((application) => application.vendor === vendor);
  if (own.length === 0) return null;
  const none = connection?.applicationId ? 'application.leave' : 'application.none';
  return html`<${Select} label=${t('field.application')} name="applicationId" value=${value} onChange=${onChange}
    options=${[['', t(none)], ...own.map(({ id, name }) => [id, name])]} />`;
}

// Fields are the fields of a connection. The ones that an application replaces are absent if one is chosen.
function Fields({ connection, vendor, errors, change }) {
  const [application, setApplication] = useState(connection?.applicationId || '');
  useEffect(() => setApplication(connection?.applicationId || ''), [vendor, connection?.applicationId]);
  const leaves = Boolean(connection?.applicationId) && !application;
  // keeps is the hint of a part of the credential. It is left out where the service says that the part is required.
  const keeps = (name, hint) => (change && !leaves ? !errors[name] && t('field.keepHint') : hint && t(hint));
  return html`
  <${Field} label=${t('field.configName')} name="configName" required maxlength="255" defaultValue=${connection?.configName}
    hint=${t('field.configNameHint')} error=${errors.configName} autocomplete="off" />
  <${ApplicationField} vendor=${vendor} value=${application} onChange=${setApplication} connection=${connection} />
  ${!application && html`<${Field} label=${t('field.baseUrl')} name="baseUrl" required type="url" error=${errors.baseUrl} autocomplete="off"
    key=${vendor} defaultValue=${connection?.baseUrl || vendors[vendor]} />`}
  <${Field} label=${t('field.accountRef')} name="accountRef" required maxlength="255" defaultValue=${connection?.accountRef}
    hint=${t('field.refHint', { vendor: vendorName(vendor) })} error=${errors.accountRef} autocomplete="off" />
  ${vendor === 'plaid' && html`<${Field} label=${t('field.accessToken')} name="accessToken" type="password" required=${!change} error=${errors.accessToken}
    hint=${change ? !errors.accessToken && t('field.keepHint') : t('field.secretHint')} autocomplete="new-password" />`}
  ${!application && html`<${Field} label=${t('field.clientId')} name="clientId" required=${!change || leaves} error=${errors.clientId}
      hint=${keeps('clientId')} autocomplete="off" spellcheck=${false} />
    <${Field} label=${t('field.secret')} name="secret" type="password" required=${!change || leaves} error=${errors.secret}
      hint=${keeps('secret', 'field.secretHint')} autocomplete="new-password" />`}`;
}

export function CreateConnection() {
  const [vendor, setVendor] = useState('pluggy');
  const creation = useAction((body, key) => request('POST', '/aggregator-connections', { body, key }));
  const session = useAction((body, key) => request('POST', '/link-sessions', { body, key }).then(({ data }) => data));
  const [asked, setAsked] = useState(null); // for the last sign-in link
  const { errors, rest } = fieldProblems(creation.problem || session.problem, names);
  // startSession needs all fields except the account reference, which the holder's sign-in at the vendor's page yields.
  const startSession = async (event) => {
    const form = event.target.closest('form');
    const needed = [...form.elements].filter(({ name }) => name !== 'accountRef');
    if (!needed.every((field) => field.reportValidity())) return;
    const body = values(form);
    delete body.accountRef;
    creation.reset();
    setAsked({ ...body, vendor });
    await session.run({ ...body, vendor });
  };
  const submit = async (event) => {
    event.preventDefault();
    session.reset();
    const created = await creation.run({ ...values(event.target), vendor });
    if (!created) return;
    announce(t('create.done', { name: created.data.configName }));
    navigate(link(`/connections/${created.data.id}/setup`));
  };
  return html`<${Page} title=${t('create.title')} lead=${t('create.lead')} above=${html`<${Breadcrumb} />`}>
    <form class="form" onSubmit=${submit}>
      <${Select} label=${t('column.vendor')} name="vendor" value=${vendor} onChange=${setVendor}
        options=${Object.keys(vendors).map((name) => [name, vendorName(name)])} />
      <${Fields} vendor=${vendor} errors=${errors} />
      <${Failure} problem=${rest} />
      <div class="actions">
        <${ActionButton} type="submit" kind="primary" busy=${creation.busy}>${t('action.connect')}</${ActionButton}>
        ${vendor !== 'plaid' && html`<${ActionButton} onClick=${startSession} busy=${session.busy}>${t('action.linkNew')}</${ActionButton}>`}
        <a class="button" href=${link('/')}>${t('action.cancel')}</a>
      </div>
      ${vendor !== 'plaid' && html`<p>${t('create.linkNewHint')}</p>`}
    </form>
    ${session.result && html`<${LinkDialog} session=${{ ...session.result, vendor }} created=${true}
      again=${() => session.run(asked)} onClose=${session.reset} />`}
  </${Page}>`;
}

export function EditConnection({ id }) {
  const path = '/aggregator-connections/' + id;
  const back = link('/connections/' + id);
  const loaded = useResource(path);
  const base = loaded.value;
  const change = useAction((body, key) => request('PUT', path, { body, key, etag: base.etag }));
  const { errors, rest } = fieldProblems(change.problem, names);
  const submit = async (event) => {
    event.preventDefault();
    const changed = await change.run(values(event.target));
    if (!changed) return;
    announce(t('edit.done', { name: changed.data.configName }));
    navigate(back);
  };
  const connection = base?.data;
  return html`<${Page} title=${connection ? t('edit.title', { name: connection.configName }) : t('action.edit')}
      above=${html`<${Breadcrumb}> › <a href=${back}>${connection?.configName || t('connection.title')}</a></${Breadcrumb}>`}>
    <${Failure} problem=${loaded.problem} retry=${loaded.reload} />
    ${!connection ? !loaded.problem && html`<${Skeleton} />` : html`<form class="form" onSubmit=${submit} key=${base.etag}>
      <${Fields} connection=${connection} vendor=${connection.vendor} errors=${errors} change=${true} />
      <${Failure} problem=${rest} retry=${change.problem?.status === 412 ? loaded.reload : undefined} />
      <div class="actions">
        <${ActionButton} type="submit" kind="primary" busy=${change.busy}>${t('action.save')}</${ActionButton}>
        <a class="button" href=${back}>${t('action.cancel')}</a>
      </div>
    </form>`}
  </${Page}>`;
}
