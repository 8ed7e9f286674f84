// A search for transactions over all connections.
import { query as queryString } from './api.js';
import { ConnectionChoice } from './connection-choice.js';
import { decimal } from './decimal.js';
import { amount } from './format.js';
import { language, t } from './i18n.js';
import { ConnectionName } from './names.js';
import { html, useState } from './preact.js';
import { fieldProblems } from './problem-text.js';
import { useScan } from './resource.js';
import { link, navigate, useLocation } from './router.js';
import { TransactionTable } from './transaction-table.js';
import { Button, Empty, Failure, Field, Page, Select } from './ui.js';

const pageSize = 50;

const names = ['amount', 'text', 'reference', 'document', 'from', 'to', 'connectionId', 'removed'];

// Form keeps the search in the query of the location, so that a search has an address.
function Form({ query, errors }) {
  const [error, setError] = useState('');
  const submit = (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.target));
    delete values.connectionName; // the field that chooses connectionId
    const amount = String(values.amount).trim();
    const found = amount && decimal(amount, language.get());
    if (found === undefined) return setError(t('invalid.amount'));
    setError('');
    return navigate(link('/search', { ...values, reference: String(values.reference).trim(), document: String(values.document).trim(), amount: found }));
  };
  const removed = [['', t('filter.all')], ['false', t('search.present')], ['true', t('search.removed')]];
  const choose = (name) => (value) => navigate(link('/search', { ...query, [name]: value }));
  return html`<form class="filters" role="search" onSubmit=${submit} key=${queryString(query)}>
    <${Field} label=${t('search.text')} name="text" type="search" minlength="3" maxlength="200" error=${errors.text} defaultValue=${query.text} />
    <${Field} label=${t('column.amount')} name="amount" inputmode="decimal" error=${error || errors.amount} placeholder=${amount('1234.56')}
      defaultValue=${printed(query.amount || '')} />
    <${Field} label=${t('search.reference')} name="reference" type="search" maxlength="255" autocomplete="off" spellcheck=${false}
      placeholder=${t('search.referenceHint')} defaultValue=${query.reference} />
    <${Field} label=${t('column.counterpartyDocument')} name="document" type="search" maxlength="64" autocomplete="off" spellcheck=${false} error=${errors.document} defaultValue=${query.document} />
    <${Field} label=${t('filter.from')} name="from" type="date" error=${errors.from} defaultValue=${query.from} />
    <${Field} label=${t('filter.to')} name="to" type="date" error=${errors.to} defaultValue=${query.to} />
    <${ConnectionChoice} name="connectionId" value=${query.connectionId || ''} onChange=${choose('connectionId')} />
    <${Select} label=${t('search.state')} name="removed" value=${query.removed || ''} options=${removed} onChange=${choose('removed')} />
    <button class="primary">${t('filter.search')}</button>
  </form>`;
}

const href = (item) => link(`/connections/${item.connectionId}/transactions/${item.id}`);

// printed returns the amount of the query as people write it, with its sign.
const printed = (value) => (/^[+-]?\d+(\.\d+)?$/.test(value) ? (value[0] === '+' ? '+' : '') + amount(value.replace('+', '')) : value);

// directions says how many of the transactions are money in and money out, which an amount without a sign does not say.
function directions(items) {
  const ins = items.filter((item) => item.amount && !item.amount.startsWith('-')).length;
  return t('search.directions', { out: t('search.out', { n: items.length - ins }), in: t('search.in', { n: ins }) });
}

// title says how many transactions were found, and whether the search has ended.
function title(scan, searched) {
  if (!searched) return t('search.title');
  const n = scan.items.length;
  if (scan.ended) return t('search.found', { n });
  if (n === 0) return t(scan.problem ? 'search.title' : 'search.nothingYet');
  return t(scan.running ? 'search.foundYet' : 'search.first', { n });
}

// Progress says that the search goes on, or offers to continue it.
const Progress = ({ scan }) => html`<p class="more" role="status">
  ${scan.running ? html`${t('search.running', { n: scan.pages })} <progress aria-label=${t('search.title')} />${' '}
      <${Button} onClick=${scan.stop}>${t('search.stop')}</${Button}>`
    : html`<${Button} onClick=${scan.more}>${t(scan.items.length > 0 ? 'action.more' : 'search.continue')}</${Button}>`}
</p>`;

export function Search() {
  const { query } = useLocation();
  const searched = names.some((name) => query[name]);
  const values = Object.fromEntries(names.map((name) => [name, query[name]]));
  const scan = useScan(searched ? '/transactions' + queryString({ ...values, limit: pageSize }) : null, pageSize);
  const { errors, rest } = fieldProblems(scan.problem, ['amount', 'text', 'document', 'from', 'to']);
  const column = { title: t('column.connection'), cell: (item) => html`<${ConnectionName} id=${item.connectionId} />` };
  return html`<${Page} title=${title(scan, searched)} lead=${scan.items.length > 0 ? directions(scan.items) : t('search.lead')}>
    <${Form} query=${values} errors=${errors} />
    ${searched && html`<${Failure} problem=${rest} retry=${scan.more} />
      ${scan.items.length > 0 && html`<${TransactionTable} label=${t('search.results')} items=${scan.items} href=${href} more=${[column]} />`}
      ${scan.ended && scan.items.length === 0 && html`<${Empty} title=${t('search.nothing')}><p>${t('search.nothingText')}</p></${Empty}>`}
      ${!scan.ended && !scan.problem && html`<${Progress} scan=${scan} />`}`}
  </${Page}>`;
}
