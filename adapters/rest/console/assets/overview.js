// The overview: which connections need a person, and all connections by pages.
import { query as queryString } from './api.js';
import { CoverageLine, useCoverage } from './coverage-line.js';
import { BankRead, ConsentStatus, HealthStatus, Reasons, WebhookStatus, reasonsOf } from './health.js';
import { language, t, vendorName } from './i18n.js';
import { Causes, Counts, besides, needText, useNeeds } from './needs.js';
import { html, useEffect, useMemo, useRef, useState } from './preact.js';
import { RecentRows } from './recent-rows.js';
import { useList, usePolling, useResource } from './resource.js';
import { link, setQuery, useLocation } from './router.js';
import { ActionLink, Empty, Failure, Loaded, More, Page, Select, Skeleton, Table } from './ui.js';

const refreshInterval = 30000;
const repairTimes = [3000, 8000, 15000]; // when the numbers are read again after an action: a pull that it has requested takes seconds
const needySize = 10;
const pageSize = 50;
const typingPause = 30;

// title returns the answer to the question of the view.
function title({ connections, needy }) {
  if (connections === 0) return t('overview.none');
  if (needy === 0) return t('overview.allGood', { n: connections });
  return t('overview.needy', { n: needy, all: connections });
}

const address = ({ connectionId }) => link('/connections/' + connectionId);

const Name = ({ item }) => html`<a class="name" href=${address(item)}>${item.configName}</a>
  <span class="vendor">${vendorName(item.vendor)}</span>`;

// Needy lists the connections that need a person, the most urgent one first, each with its reasons and what helps.
const Needy = ({ list, items, changed }) => html`<ul class="needy" aria-label=${t('overview.needyLabel')}>${items.map((item) => html`
  <li key=${item.connectionId}>
    <div class="needy-name"><${Name} item=${item} /></div>
    <${Reasons} id=${item.connectionId} reasons=${reasonsOf(item)} changed=${changed} />
  </li>`)}</ul>
  <${More} list=${list} />`;

// columns returns the columns that say something about one of the connections.
const columns = (items) => [
  { title: t('column.name'), kind: 'main', cell: (item) => html`<${Name} item=${item} />` },
  { title: t('column.health'), cell: (item) => html`<${HealthStatus} health=${item} />` },
  { title: t('column.bankRead'), cell: (item) => html`<${BankRead} health=${item} />` },
  { title: t('column.lastWebhook'), cell: (item) => html`<${WebhookStatus} webhook=${item.webhook} />` },
  items.some(({ consent }) => consent && consent.state !== 'unknown') && { title: t('column.consent'), cell: (item) => html`<${ConsentStatus} consent=${item.consent} />` },
  { title: t('column.recentRows'), cell: (item) => html`<${RecentRows} days=${item.rowsByDay} />` },
].filter(Boolean);

const healthOptions = () => ['', 'needy', 'healthy', 'unhealthy', 'unknown'].map((name) =>
  [name, t(name ? 'filter.' + name : 'filter.all')]);

// Filters are kept in the query of the location. A text is applied when the typing pauses.
function Filters({ query, bank }) {
  const timer = useRef();
  const [typed, setTyped] = useState(query.q || '');
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => { // a list that arrives while somebody types must not take back what was typed
    if (!timer.current) setTyped(query.q || '');
  }, [query.q]);
  const type = (event) => {
    const q = event.target.value;
    setTyped(q);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      timer.current = 0;
      setQuery({ q });
    }, typingPause);
  };
  return html`<form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
    <div class="field grow"><label for="q">${t('filter.search')}</label>
      <input id="q" type="search" maxlength="255" value=${typed} onInput=${type} /></div>
    <${Select} label=${t('column.health')} name="health" value=${query.health || ''} options=${healthOptions()}
      onChange=${(health) => setQuery({ health })} />
    ${query.institution && html`<p>${t('filter.bank', { bank })} <button type="button" onClick=${() => setQuery({ institution: '' })}>
      ${t('filter.clear')}</button></p>`}
  </form>`;
}

// listPath returns the path of the connections that the filters select.
function listPath({ q = '', health = '', institution = '' }) {
  const state = health === 'needy' ? { attention: 'true' } : { health };
  return '/aggregator-connections/health' + queryString({ ...state, institution, q: q.trim(), limit: pageSize });
}

// useLatest returns the list, or the list of the path before while the first page of a new path is read.
function useLatest(list) {
  const latest = useRef(list);
  if (list.items || list.problem) latest.current = list;
  return latest.current;
}

const create = () => html`<${ActionLink} kind="primary" href=${link('/connections/new')}>${t('action.connect')}</${ActionLink}>`;

export function Overview() {
  const { query } = useLocation();
  const needy = useList('/aggregator-connections/health?attention=true&limit=' + needySize);
  const answered = Boolean(needy.items || needy.problem);
  // The service reads the two one after the other anyway. The numbers must not come first.
  const summary = useResource(answered ? '/aggregator-connections/summary' : null);
  const list = useLatest(useList(listPath(query)));
  usePolling(summary.reload, true, refreshInterval);
  const counts = summary.value?.data;
  // The connections that need a person are painted first, also before the numbers are known, then the table. What takes many
  // requests, or long ones, is read when all of this is shown.
  const known = Boolean(counts || needy.items?.length > 0);
  const first = known && answered;
  const [above, setAbove] = useState(first);
  useEffect(() => {
    if (first) setAbove(true);
  }, [first]);
  const ready = above && Boolean(counts && (list.items || list.problem));
  const coverage = useCoverage(ready);
  const { chosen, causes, reload: readNeeds } = useNeeds(counts, query.reason, ready);
  const shown = chosen ? chosen.value : needy.items && besides(causes, needy.items);
  const seen = useRef();
  useEffect(() => { // the lists are read again only when the numbers have changed
    const text = counts && JSON.stringify(counts);
    if (seen.current && text && seen.current !== text) {
      needy.reload();
      coverage.reload();
      readNeeds();
      if (!list.extended) list.reload();
    }
    seen.current = text || seen.current;
  }, [counts]);
  const reload = () => {
    summary.reload();
    needy.reload();
    repairTimes.forEach((after) => setTimeout(summary.reload, after));
  };
  const table = useMemo(() => list.items?.length > 0 && html`<${Table} label=${t('overview.all')} columns=${columns(list.items)} items=${list.items}
    rowKey=${(item) => item.connectionId} />`, [list.value, list.items?.length, language.get()]);
  if (!known) {
    return html`<${Page} title=${t('overview.title')}>
      <${Failure} problem=${summary.problem} retry=${summary.reload} />${!summary.problem && html`<${Skeleton} rows=${8} />`}
    </${Page}>`;
  }
  return html`<${Page} title=${counts ? title(counts) : t('overview.title')} actions=${create()}>
    <${Failure} problem=${summary.problem || needy.problem} retry=${summary.reload} />
    <${CoverageLine} of=${coverage} banks=${true} />
    ${(counts?.needy ?? needy.items?.length) > 1 && html`<${Counts} attention=${counts?.attention || {}} />`}
    ${chosen && html`<p>${t('overview.reason', { reason: needText(query.reason) })} <button type="button" onClick=${() => setQuery({ reason: '' })}>${t('filter.clear')}</button></p>`}
    ${!chosen && html`<${Causes} causes=${causes} changed=${reload} />`}
    ${shown?.length > 0 && html`<${Needy} list=${chosen ? { hasMore: false, reload } : needy} items=${shown} changed=${reload} />`}
    ${counts?.connections === 0 ? html`<${Empty} title=${t('overview.emptyTitle')}><p>${t('overview.emptyText')}</p></${Empty}>`
      : html`<section aria-labelledby="all"><h2 id="all">${t('overview.all')}</h2>
        <${Filters} query=${query} bank=${list.items?.[0]?.institution?.name || query.institution} />
        <${Loaded} of=${above ? list : { problem: null, value: undefined }} rows=${8}>${() => (list.items.length === 0
          ? html`<${Empty} title=${t('filter.noMatch')}>
              <button type="button" onClick=${() => setQuery({ q: '', health: '', institution: '' })}>${t('filter.clear')}</button></${Empty}>`
          : html`${table}<${More} list=${list} />`)}</${Loaded}>
      </section>`}
  </${Page}>`;
}
