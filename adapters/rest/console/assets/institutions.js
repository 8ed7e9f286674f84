// The banks of the connections: what needs a person there, and how the data of each bank arrives.
import { useCoverage } from './coverage-line.js';
import { day } from './format.js';
import { t, vendorName } from './i18n.js';
import { Counts } from './needs.js';
import { html } from './preact.js';
import { useList } from './resource.js';
import { link } from './router.js';
import { Ago, Empty, Loaded, More, Page, Table } from './ui.js';

const key = ({ vendor, id }) => vendor + ':' + id;

// columns returns the columns. coverage is the coverage of the last day that has ended, if it was read.
const columns = (coverage) => [
  {
    title: t('column.name'),
    kind: 'main',
    cell: (bank) => html`<a class="name" href=${link('/', { institution: key(bank) })}>${bank.name || bank.id}</a>
      <span class="vendor">${vendorName(bank.vendor)}</span>`,
  },
  { title: t('nav.connections'), kind: 'number', cell: ({ connections }) => t('number', { n: connections }) },
  coverage ? {
    title: t('coverage.covers', { day: day(coverage.day) }), kind: 'number',
    cell: (bank) => {
      const found = coverage.institutions.find((other) => key(other) === key(bank));
      return found && html`<a href=${link('/coverage', { institution: key(bank) })}>${t('coverage.of', { covered: found.covered, n: found.accounts })}</a>`;
    },
  } : { title: t('column.accounts'), kind: 'number', cell: ({ accounts }) => t('number', { n: accounts }) },
  { title: t('column.attention'), cell: ({ attention }) => html`<${Counts} attention=${attention} />` },
  { title: t('column.bankRead'), cell: ({ bankReadAt }) => html`<${Ago} at=${bankReadAt} />` },
  { title: t('column.delay'), cell: ({ delay }) => delay && t('institution.delay', delay) },
  { title: t('column.lateRows'), kind: 'number', cell: ({ lateRows }) => t('number', { n: lateRows }) },
  { title: t('column.idChanges'), kind: 'number', cell: ({ idChanges }) => t('number', { n: idChanges }) },
];

export function Institutions() {
  const list = useList('/institutions?limit=50');
  const coverage = useCoverage().value?.data;
  return html`<${Page} title=${t('nav.institutions')} lead=${t('institution.lead')}>
    <${Loaded} of=${list} rows=${8}>${() => (list.items.length === 0
      ? html`<${Empty} title=${t('institution.empty')}><p>${t('institution.emptyText')}</p></${Empty}>`
      : html`<${Table} label=${t('nav.institutions')} columns=${columns(coverage)} items=${list.items} rowKey=${key} /><${More} list=${list} />`)}</${Loaded}>
  </${Page}>`;
}
