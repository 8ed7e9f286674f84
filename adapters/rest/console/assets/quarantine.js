// The rows of the vendor that cannot be read, with the reason in words.
import { exactNumber } from './exact-numbers.js';
import { has, t } from './i18n.js';
import { html, useEffect } from './preact.js';
import { useList } from './resource.js';
import { Ago, Details, Empty, Json, Loaded, More } from './ui.js';

const reason = (code) => (has('quarantine.' + code) ? t('quarantine.' + code) : t('reason.other', { code }));

// said returns the first of the members that the vendor's row has, as the vendor wrote it.
const said = ({ payload }, ...names) => names.map((name) => payload?.[name]).map((value) => exactNumber(value) ?? value)
  .find((value) => ['string', 'number'].includes(typeof value));

const Row = ({ row }) => html`<article class="quarantined">
  <h3>${t('quarantine.kind.' + row.kind)}: ${reason(row.reason)}</h3>
  <${Details} pairs=${[
    [t('column.date'), said(row, 'date', 'value_date')],
    [t('column.description'), said(row, 'description', 'name')],
    [t('column.amount'), said(row, 'amount')],
    [t('column.externalId'), row.externalId && html`<code>${row.externalId}</code>`],
    [t('column.firstSeen'), html`<${Ago} at=${row.firstSeenAt} />`],
    [t('column.lastSeen'), html`<${Ago} at=${row.lastSeenAt} />`],
  ]} />
  <details class="disclosure"><summary>${t('quarantine.payload')}</summary>
    <${Json} value=${row.payload} label=${t('quarantine.payload')} /></details>
</article>`;

export function Quarantine({ path, latest: { pull } }) {
  const list = useList(path + '/quarantine?limit=50');
  useEffect(() => list.reload(), [pull?.finishedAt]);
  const title = list.items?.length ? t(list.hasMore ? 'quarantine.first' : 'quarantine.count', { n: list.items.length }) : t('tab.quarantine');
  return html`<section aria-labelledby="quarantine">
    <h2 id="quarantine">${title}</h2>
    <${Loaded} of=${list}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('quarantine.empty')}><p>${t('quarantine.emptyText')}</p></${Empty}>`
      : html`<p class="muted">${t('quarantine.text')}</p>${list.items.map((row) => html`<${Row} key=${row.id} row=${row} />`)}
        <${More} list=${list} />`)}</${Loaded}>
  </section>`;
}
