// What needs a person, when single connections say it too often: the connections with one reason, and causes that many
// connections share.
import { Reasons, reasonsOf } from './health.js';
import { has, t } from './i18n.js';
import { html } from './preact.js';
import { readAll, useLoad } from './resource.js';
import { link, useLocation } from './router.js';

const maxPages = 50;

export const all = (path, signal) => readAll(path, maxPages, signal).then(({ items }) => items);

// readApplications returns the ids of the applications by the ids of the connections that use them.
export const readApplications = async (signal) => new Map((await all('/aggregator-connections?limit=200', signal))
  .filter(({ applicationId }) => applicationId).map(({ id, applicationId }) => [id, applicationId]));

const isRejected = ({ reason }) => reason === 'credential_rejected';

// readCauses returns the applications whose credential the vendor rejects for several connections, with these connections.
async function readCauses(signal) {
  const [needy, applications, names] = await Promise.all([
    all('/aggregator-connections/health?attention=true&limit=200', signal), readApplications(signal), all('/applications?limit=200', signal),
  ]);
  const members = (id) => needy.filter((item) => applications.get(item.connectionId) === id && item.attention.some(isRejected));
  return names.map((application) => ({ application, members: members(application.id) })).filter((cause) => cause.members.length > 1);
}

// useNeeds returns the connections with the reason, or null without one, the shared causes, and a function that reads both
// again. counts is the answer of /aggregator-connections/summary. The causes need many requests: they are read as soon as
// shown is true.
export function useNeeds(counts, reason, shown) {
  const some = counts?.needy > 0;
  const chosen = useLoad(some && reason ? `needy ${reason}` : null, async (signal) =>
    (await all('/aggregator-connections/health?attention=true&limit=200', signal)).filter(({ attention }) => attention.some((one) => one.reason === reason)));
  const causes = useLoad(some && shown && counts.attention.credential_rejected > 1 ? 'causes' : null, readCauses);
  const reload = () => {
    chosen.reload();
    causes.reload();
  };
  return { chosen: reason ? chosen : null, causes: causes.value || [], reload };
}

// besides returns the connections with the reasons that no shared cause states, without those that have no other one.
export function besides(causes, items) {
  const members = new Set(causes.flatMap((cause) => cause.members.map(({ connectionId }) => connectionId)));
  return items.map((item) => (members.has(item.connectionId) ? { ...item, attention: item.attention.filter((one) => !isRejected(one)) } : item))
    .filter(({ attention }) => attention.length > 0);
}

export const needText = (reason) => (has('need.' + reason) ? t('need.' + reason) : reason);

// Counts says how many connections have each reason, the most frequent reason first. A reason leads to its connections.
export function Counts({ attention }) {
  const { query } = useLocation();
  return html`<ul class="counts" aria-label=${t('overview.counts')}>${Object.entries(attention)
    .sort((a, b) => b[1] - a[1])
    .map(([reason, n]) => html`<li key=${reason}><a href=${link('/', { ...query, reason: query.reason === reason ? '' : reason })}
      aria-current=${query.reason === reason ? 'true' : undefined}><strong>${t('number', { n })}</strong> ${needText(reason)}</a></li>`)}</ul>`;
}

// Causes lists the causes that several connections share, each once, with what helps.
export const Causes = ({ causes, changed }) => causes.length > 0 && html`<ul class="needy" aria-label=${t('cause.label')}>${causes.map(({ application, members }) => {
  const [first] = members.map((item) => ({ item, since: item.attention.find(isRejected).since })).sort((a, b) => a.since.localeCompare(b.since));
  const reasons = reasonsOf({ ...first.item, attention: first.item.attention.filter(isRejected) });
  return html`<li key=${application.id}>
    <div class="needy-name"><a class="name" href=${link('/applications')}>${application.name}</a> <span class="vendor">${t('cause.connections', { n: members.length })}</span></div>
    <${Reasons} id=${first.item.connectionId} reasons=${reasons} changed=${changed} />
    <details class="disclosure"><summary>${t('cause.show')}</summary><ul>${members.map((item) => html`<li key=${item.connectionId}>
      <a href=${link('/connections/' + item.connectionId)}>${item.configName}</a></li>`)}</ul></details>
  </li>`;
})}</ul>`;
