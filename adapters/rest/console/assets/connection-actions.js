// The actions of a connection that ask its vendor for something, and the pause.
import { request } from './api.js';
import { t } from './i18n.js';
import { LinkDialog } from './link-dialog.js';
import { html } from './preact.js';
import { useAction } from './resource.js';
import { link } from './router.js';
import { ActionButton, ActionLink, announce, Failure } from './ui.js';

// offersRefresh reports whether the vendor can be asked to read the bank now.
const offersRefresh = (vendor) => vendor !== 'belvo';

// useConnectionActions returns the actions of the connection at path. changed is called after a pause or a resume.
export function useConnectionActions(path, changed) {
  const session = useAction((body, key) => request('POST', path + '/link-sessions', { key }).then(({ data }) => data));
  const refresh = useAction(async (body, key) => {
    await request('POST', path + '/refresh', { key });
    announce(t('refresh.requested'));
    return true;
  });
  const pause = useAction(async (resume, key) => {
    const { data } = await request('POST', path + (resume ? '/resume' : '/pause'), { key });
    announce(t(data.paused ? 'pause.done' : 'resume.done'));
    changed();
    return data;
  });
  return { session, refresh, pause };
}

// ConnectionActions are the buttons. While the connection is paused, those that call the vendor are disabled.
export function ConnectionActions({ connection, paused, test, pull, actions, onDelete, onErase }) {
  const { session, refresh, pause } = actions;
  return html`
    <${ActionButton} onClick=${() => test.run()} busy=${test.busy} disabled=${paused}>${t('action.test')}</${ActionButton}>
    <${ActionButton} onClick=${() => pull.run()} busy=${pull.busy} disabled=${paused}>${t('action.pull')}</${ActionButton}>
    ${offersRefresh(connection.vendor) && html`<${ActionButton} onClick=${() => refresh.run()} busy=${refresh.busy}
      disabled=${paused}>${t('action.refresh')}</${ActionButton}>`}
    <${ActionButton} onClick=${() => session.run()} busy=${session.busy} disabled=${paused}>${t('action.link')}</${ActionButton}>
    <${ActionButton} onClick=${() => pause.run(paused)} busy=${pause.busy}>
      ${t(paused ? 'action.resume' : 'action.pause')}</${ActionButton}>
    <${ActionLink} href=${link(`/connections/${connection.id}/edit`)}>${t('action.edit')}</${ActionLink}>
    <${ActionButton} kind="danger" onClick=${onDelete}>${t('action.delete')}</${ActionButton}>
    <${ActionButton} kind="danger" onClick=${onErase}>${t('action.erase')}</${ActionButton}>`;
}

// ActionResults shows the failures of the actions, and a new link session. The session is shown once.
export function ActionResults({ actions }) {
  const { session, refresh, pause } = actions;
  return html`<${Failure} problem=${session.problem || refresh.problem || pause.problem} />
    ${session.result && html`<${LinkDialog} session=${session.result} onClose=${session.reset} />`}`;
}
