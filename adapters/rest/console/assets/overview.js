// The overview: which connections need a person, and all connections.
import { loadConnections } from './connections-data.js';
import { ConsentStatus, HealthStatus, WebhookStatus, reasonsOf } from './health.js';
import { t, vendorName } from './i18n.js';
import { html } from './preact.js';
import { RecentRows } from './recent-rows.js';
import { useLoad, usePolling } from './resource.js';
import { link, setQuery, useLocation } from './router.js';
import { ActionLink, Ago, Empty, Failure, Page, Select, Skeleton, Table } from './ui.js';

const refreshInterval = 30000;

// title returns the answer to the question of the view.
function title(all, needy) {
  if (all.length === 0) return t('overview.none');
  if (needy.length === 0) return t('overview.allGood', { n: all.length });
  return t('overview.needy', { n: needy.length, all: all.length });
}

const address = ({ connectionId }) => link('/connections/' + connectionId);

const Name = ({ item }) => html`<a class="name" href=${address(item)}>${item.configName}</a>
  <span class="vendor">${vendorName(item.vendor)}</span>`;

// Needy lists the connections that need a person, each with its reasons and the view that helps.
const Needy = ({ items }) => html`<ul class="needy" aria-label=${t('overview.needyLabel')}>${items.map((item) => html`
  <li key=${item.connectionId}>
    <div class="needy-name"><${Name} item=${item} /></div>
    <ul class="reasons">${item.reasons.map((reason) => html`<li key=${reason.key}>
      <span>${reason.text}</span><a class="button" href=${reason.href}>${reason.action}</a>
    </li>`)}</ul>
  </li>`)}</ul>`;

const columns = () => [
  { title: t('column.name'), kind: 'main', cell: (item) => html`<${Name} item=${item} />` },
  { title: t('column.health'), cell: (item) => html`<${HealthStatus} health=${item} />` },
  { title: t('column.lastPull'), cell: (item) => html`<${Ago} at=${item.lastPullAt} />` },
  { title: t('column.lastWebhook'), cell: (item) => html`<${WebhookStatus} webhook=${item.webhook} />` },
  { title: t('column.consent'), cell: (item) => html`<${ConsentStatus} consent=${item.consent} />` },
  { title: t('column.recentRows'), cell: (item) => html`<${RecentRows} connection=${item.connectionId} />` },
];

// fits reports whether a connection matches the search text and the health filter.
function fits(item, { q = '', health = '' }) {
  const text = (item.configName + ' ' + item.vendor).toLowerCase();
  const healthy = health === 'needy' ? item.reasons.length > 0 : !health || item.health === health;
  return healthy && text.includes(q.trim().toLowerCase());
}

const healthOptions = () => ['', 'needy', 'healthy', 'unhealthy', 'unknown'].map((name) =>
  [name, t(name ? 'filter.' + name : 'filter.all')]);

// Filters are kept in the query of the location.
const Filters = ({ query }) => html`<form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
  <div class="field grow"><label for="q">${t('filter.search')}</label>
    <input id="q" type="search" value=${query.q || ''} onInput=${(event) => setQuery({ q: event.target.value })} /></div>
  <${Select} label=${t('column.health')} name="health" value=${query.health || ''} options=${healthOptions()}
    onChange=${(health) => setQuery({ health })} />
</form>`;

const create = () => html`<${ActionLink} kind="primary" href=${link('/connections/new')}>${t('action.connect')}</${ActionLink}>`;

export function Overview() {
  const { query } = useLocation();
  const loaded = useLoad('/connections-with-health', loadConnections);
  usePolling(loaded.reload, true, refreshInterval);
  if (!loaded.value) {
    return html`<${Page} title=${t('overview.title')}>
      <${Failure} problem=${loaded.problem} retry=${loaded.reload} />${!loaded.problem && html`<${Skeleton} rows=${8} />`}
    </${Page}>`;
  }
  const all = loaded.value.all.map((item) => ({ ...item, reasons: reasonsOf(item.connectionId, item) }));
  const needy = all.filter((item) => item.reasons.length > 0);
  const shown = all.filter((item) => fits(item, query));
  return html`<${Page} title=${title(all, needy)} actions=${create()}>
    <${Failure} problem=${loaded.problem} retry=${loaded.reload} />
    ${needy.length > 0 && html`<${Needy} items=${needy} />`}
    ${all.length === 0 ? html`<${Empty} title=${t('overview.emptyTitle')}><p>${t('overview.emptyText')}</p></${Empty}>`
      : html`<section aria-labelledby="all"><h2 id="all">${t('overview.all')}</h2>
        <${Filters} query=${query} />
        ${!loaded.value.complete && html`<p class="muted">${t('overview.incomplete', { n: all.length })}</p>`}
        ${shown.length === 0 ? html`<${Empty} title=${t('filter.noMatch')}>
            <button type="button" onClick=${() => setQuery({ q: '', health: '' })}>${t('filter.clear')}</button></${Empty}>`
          : html`<${Table} label=${t('overview.all')} columns=${columns()} items=${shown}
              rowKey=${(item) => item.connectionId} />`}
      </section>`}
  </${Page}>`;
}
