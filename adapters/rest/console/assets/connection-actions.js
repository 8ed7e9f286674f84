// The actions of a connection that ask its vendor for something, and the pause.
import { request } from './api.js';
import { t } from './i18n.js';
import { LinkDialog } from './link-dialog.js';
import { html } from './preact.js';
import { requestRefresh } from './remedies.js';
import { useAction } from './resource.js';
import { link } from './router.js';
import { ActionButton, ActionLink, announce, Failure, Menu } from './ui.js';

// useConnectionActions returns the actions of the connection at path. changed is called after a pause or a resume.
export function useConnectionActions(path, changed) {
  const session = useAction((body, key) => request('POST', path + '/link-sessions', { key }).then(({ data }) => data));
  const refresh = useAction((body, key) => requestRefresh(path, key));
  const pause = useAction(async (resume, key) => {
    const { data } = await request('POST', path + (resume ? '/resume' : '/pause'), { key });
    announce(t(data.paused ? 'pause.done' : 'resume.done'));
    changed();
    return data;
  });
  return { session, refresh, pause };
}

// Action is one line of the menu: a button, or a link, and what it does.
const Action = ({ hint, apart, children }) => html`<li class=${apart ? 'apart' : ''}>${children}<span class="hint">${hint}</span></li>`;

// ConnectionActions are the main action as a button, and the others in a menu. While the connection is paused, those that
// call the vendor are disabled.
export function ConnectionActions({ connection, paused, test, pull, actions, onDelete, onErase }) {
  const { session, refresh, pause } = actions;
  const resume = html`<${ActionButton} kind=${paused ? 'primary' : ''} onClick=${() => pause.run(paused)} busy=${pause.busy}>
    ${t(paused ? 'action.resume' : 'action.pause')}</${ActionButton}>`;
  const pullNow = html`<${ActionButton} onClick=${() => pull.run()} busy=${pull.busy} disabled=${paused}>${t('action.pull')}</${ActionButton}>`;
  return html`${paused ? resume : pullNow}
    <${Menu} label=${t('action.menu')}>
      ${paused ? html`<${Action} hint=${t('action.pullHint')}>${pullNow}</${Action}>` : html`<${Action} hint=${t('action.pauseHint')}>${resume}</${Action}>`}
      <${Action} hint=${t('action.testHint')}><${ActionButton} onClick=${() => test.run()} busy=${test.busy} disabled=${paused}>${t('action.test')}</${ActionButton}></${Action}>
      <${Action} hint=${t('action.refreshHint')}><${ActionButton} onClick=${() => refresh.run()} busy=${refresh.busy} disabled=${paused}>${t('action.refresh')}</${ActionButton}></${Action}>
      <${Action} hint=${t('action.linkHint')}><${ActionButton} onClick=${() => session.run()} busy=${session.busy} disabled=${paused}>${t('remedy.link')}</${ActionButton}></${Action}>
      <${Action} hint=${t('setup.hint')}><a class="button" href=${link(`/connections/${connection.id}/setup`)}>${t('setup.title')}</a></${Action}>
      <${Action} hint=${t('action.editHint')}><${ActionLink} href=${link(`/connections/${connection.id}/edit`)}>${t('action.edit')}</${ActionLink}></${Action}>
      <${Action} apart=${true} hint=${t('action.deleteHint')}><${ActionButton} kind="danger" onClick=${onDelete}>${t('action.delete')}</${ActionButton}></${Action}>
      <${Action} hint=${t('action.eraseHint')}><${ActionButton} kind="danger" onClick=${onErase}>${t('action.erase')}</${ActionButton}></${Action}>
    </${Menu}>`;
}

// ActionResults shows the failures of the actions, and a new link session. The session is shown once.
export function ActionResults({ actions }) {
  const { session, refresh, pause } = actions;
  return html`<${Failure} problem=${session.problem || refresh.problem || pause.problem} />
    ${session.result && html`<${LinkDialog} session=${session.result} again=${() => session.run()} onClose=${session.reset} />`}`;
}
