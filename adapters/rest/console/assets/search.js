// A search for transactions over all connections, by the text of the search box.
import { query as queryString } from './api.js';
import { ConnectionChoice } from './connection-choice.js';
import { CoverageLine, useCoverage } from './coverage-line.js';
import { amount, money } from './format.js';
import { language, t } from './i18n.js';
import { html, useEffect, useMemo, useState } from './preact.js';
import { fieldProblems } from './problem-text.js';
import { useScan } from './resource.js';
import { link, navigate, useLocation } from './router.js';
import { sumByCurrency } from './sums.js';
import { Marks, TransactionTable } from './transaction-table.js';
import { Amount, Button, Empty, Failure, Field, Page, Select, Status } from './ui.js';

const firstPage = 50; // how many transactions the first request reads
const batch = 200; // how many are read without being asked for, so that most counts are whole

const filters = ['from', 'to', 'connectionId', 'removed'];

// Filters narrow the search. They are kept in the query of the location, so that a search has an address.
function Filters({ query, errors }) {
  const submit = (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.target));
    delete values.connectionName; // the field that chooses connectionId
    navigate(link('/search', { ...query, ...values }));
  };
  const removed = [['', t('search.any')], ['false', t('search.present')], ['true', t('search.removed')]];
  const choose = (name) => (value) => navigate(link('/search', { ...query, [name]: value }));
  const search = queryString(query); // a date that was not applied is taken back by the next search
  return html`<form class="filters" onSubmit=${submit}>
    <${Field} key=${'from' + search} label=${t('filter.from')} name="from" type="date" error=${errors.from} defaultValue=${query.from} />
    <${Field} key=${'to' + search} label=${t('filter.to')} name="to" type="date" error=${errors.to} defaultValue=${query.to} />
    <${ConnectionChoice} name="connectionId" value=${query.connectionId || ''} onChange=${choose('connectionId')} />
    <${Select} label=${t('search.state')} name="removed" value=${query.removed || ''} options=${removed} onChange=${choose('removed')} />
    <button class="primary">${t('filter.search')}</button>
  </form>`;
}

const href = (item) => link(`/connections/${item.connectionId}/transactions/${item.id}`);

// printed returns an amount of the API as people write it, with its sign.
const printed = (value, currency) => (value[0] === '+' ? '+' : '') + (currency ? money : amount)(value.replace('+', ''), currency);

// What the text can be taken for: the members of searchedFor with their messages.
const meanings = {
  document: (value) => t('searched.document', { value }),
  id: (value) => t('searched.id', { value }),
  reference: (value) => t('searched.reference', { value }),
  text: (value) => t('searched.text', { value }),
  banks: (value) => t('searched.banks', { value: value.join(', ') }),
  amount: (value, { currency }) => t(value[0] === '-' ? 'searched.payments' : value[0] === '+' ? 'searched.receipts' : 'searched.amount', { value: printed(value, currency) }),
};

// searchedFor says what the text of the search box was taken for.
const searchedFor = (terms) => t('searched.for', {
  terms: terms.map((term) => Object.keys(meanings).filter((name) => term[name])
    .map((name) => meanings[name](term[name], term)).join(t('searched.and'))).join(t('searched.or')),
});

const counts = ({ removedAt, excludedAt }) => !removedAt && !excludedAt;

// directions says how many of the transactions are money out and money in. Removed and excluded ones do not count.
function directions(items) {
  const counted = items.filter(counts);
  const ins = counted.filter((item) => !item.amount.startsWith('-')).length;
  return t('search.directions', { out: t('search.out', { n: counted.length - ins }), in: t('search.in', { n: ins }) });
}

// title says how many payments and receipts were found, and whether the search has ended.
function title(scan, searched) {
  if (!searched) return t('search.title');
  const n = scan.items.length;
  if (scan.ended) return n === 0 ? t('search.found', { n }) : directions(scan.items);
  if (n === 0) return t(scan.problem ? 'search.title' : scan.pages > 0 ? 'search.nothingYet' : 'search.begun');
  return t(scan.running ? 'search.foundYet' : 'search.first', { n });
}

// Sums shows the sums of the transactions that were read, by currency and direction.
function Sums({ scan }) {
  const { items } = scan;
  const left = items.filter((item) => !counts(item)).length;
  const pending = items.filter((item) => counts(item) && item.status === 'pending').length;
  const sums = sumByCurrency(items.filter(counts));
  return html`${!scan.ended && directions(items) + ' '}${sums.map(({ currency, out, incoming }) => html`<span class="sum" key=${currency}>
      ${t('search.sumOut')} <${Amount} value=${out} currency=${currency} />, ${t('search.sumIn')} <${Amount} value=${incoming} currency=${currency} />.</span>`)}
    ${pending > 0 && html`<span class="sum">${t('search.pending', { n: pending })}</span>`}
    ${left > 0 && html`<span class="sum">${t('search.uncounted', { n: left })}</span>`}`;
}

// Progress says that the search goes on, or offers to continue it.
const Progress = ({ scan }) => html`<p class="more" role="status">
  ${scan.running ? html`${t('search.running', { n: scan.pages })} <progress aria-label=${t('search.title')} />${' '}
      <${Button} onClick=${scan.stop}>${t('search.stop')}</${Button}>`
    : html`<${Button} onClick=${scan.more}>${t(scan.items.length > 0 ? 'action.more' : 'search.continue')}</${Button}>`}
</p>`;

// columns are the columns between counterparty and amount: where the transaction is, and its state.
const columns = () => [
  { title: t('column.bank'), cell: ({ institution }) => institution && (institution.name || institution.id) },
  {
    title: t('column.connection'),
    cell: ({ connectionId, configName }) => (configName ? html`<a href=${link('/connections/' + connectionId)}>${configName}</a>`
      : html`<span class="muted">${t('search.deletedConnection')}</span>`),
  },
  {
    title: t('column.account'),
    cell: ({ connectionId, accountId, accountName, accountNumber }) => accountId && html`<a href=${link(`/connections/${connectionId}/transactions`, { accountId })}>
      ${accountName || accountNumber || accountId}</a>${accountName && accountNumber && html` <span class="muted">${accountNumber}</span>`}`,
  },
  {
    title: t('column.status'),
    cell: (item) => html`<${Marks} transaction=${item} />${item.status === 'posted' && !item.removedAt
      && html`<${Status} tone="good">${t('transaction.posted')}</${Status}>`}`,
  },
];

export function Search() {
  const { query: { q = '', ...query } } = useLocation();
  const values = { q: q.trim(), ...Object.fromEntries(filters.map((name) => [name, query[name]])) };
  const searched = Boolean(values.q);
  const scan = useScan(searched ? '/transactions' + queryString(values) : null, firstPage, batch);
  const { errors, rest } = fieldProblems(scan.problem, ['q', 'from', 'to']);
  const terms = scan.last?.searchedFor;
  const [ended, setEnded] = useState(!searched);
  useEffect(() => { // the coverage must not delay the first search
    if (searched && !scan.running) setEnded(true);
  }, [searched, scan.running]);
  const coverage = useCoverage(ended);
  const more = useMemo(columns, [language.get()]);
  // The numbers are the answer: the rows after the first page, which are below the window, follow after they are painted.
  const [painted, setPainted] = useState(scan.items);
  useEffect(() => setPainted(scan.items), [scan.items]);
  const rows = scan.items.length > firstPage ? painted : scan.items;
  return html`<${Page} title=${title(scan, searched)} lead=${scan.items.length > 0 ? html`<${Sums} scan=${scan} />` : t('search.lead')}>
    ${terms && html`<p class="searched">${searchedFor(terms)}</p>`}
    ${errors.q && html`<p class="error" role="alert">${errors.q}</p>`}
    <${Filters} query=${values} errors=${errors} />
    ${searched && html`<${CoverageLine} of=${coverage} /><${Failure} problem=${rest} retry=${scan.more} />
      ${scan.items.length > 0 && html`<${TransactionTable} label=${t('search.results')} items=${rows} href=${href} more=${more} marked=${false} />`}
      ${scan.ended && scan.items.length === 0 && html`<${Empty} title=${t('search.nothing')}><p>${t('search.nothingText')}</p></${Empty}>`}
      ${!scan.ended && !scan.problem && html`<${Progress} scan=${scan} />`}`}
  </${Page}>`;
}
