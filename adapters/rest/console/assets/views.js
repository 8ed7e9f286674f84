// The views of the console by path. A part of a path that begins with ":" is a parameter of the view. Only the overview is
// read with the page; the scripts of another view are read when it is first shown, or when the browser is idle.
import { Overview } from './overview.js';
import { html } from './preact.js';

// page returns a view whose scripts are not read yet. load reads them, once; afterwards component is set. A failed load is
// repeated by the next call.
function page(read) {
  let reading;
  const view = {
    component: undefined,
    load: () => (reading ??= read().then((component) => { view.component = component; }, (error) => {
      reading = undefined;
      throw error;
    })),
  };
  return view;
}

// tab returns the view of a tab of a connection.
const tab = (name, read) => page(async () => {
  const [{ ConnectionPage }, Content] = await Promise.all([import('./connection.js'), read()]);
  return ({ id }) => html`<${ConnectionPage} id=${id} tab=${name} content=${Content} />`;
});

/** @type {[string, { component: any, load: () => Promise<void> }][]} */
export const views = [
  ['/', { component: Overview, load: () => Promise.resolve() }],
  ['/connections/new', page(async () => (await import('./connection-form.js')).CreateConnection)],
  ['/connections/:id', tab('accounts', async () => (await import('./accounts.js')).Accounts)],
  ['/connections/:id/edit', page(async () => (await import('./connection-form.js')).EditConnection)],
  ['/connections/:id/setup', page(async () => (await import('./setup.js')).SetUp)],
  ['/connections/:id/accounts/:account/closes', page(async () => (await import('./closes.js')).AccountCloses)],
  ['/connections/:id/accounts/:account/bank-statements', page(async () => (await import('./bank-statements.js')).BankStatements)],
  ['/connections/:id/accounts/:account/statement', page(async () => (await import('./statement.js')).AccountStatement)],
  ['/connections/:id/accounts/:account/bills', page(async () => (await import('./bills.js')).AccountBills)],
  ['/connections/:id/accounts/:account/bills/:bill', page(async () => (await import('./bills.js')).BillPage)],
  ['/statements', page(async () => (await import('./statement.js')).Statements)],
  ['/connections/:id/accounts/:account/completeness', page(async () => (await import('./completeness.js')).AccountCompleteness)],
  ['/connections/:id/transactions', tab('transactions', async () => (await import('./transactions.js')).Transactions)],
  ['/connections/:id/transactions/:transaction', page(async () => (await import('./transaction.js')).TransactionPage)],
  ['/connections/:id/pulls', tab('pulls', async () => (await import('./pulls.js')).Pulls)],
  ['/connections/:id/pulls/:pull', page(async () => (await import('./pulls.js')).PullPage)],
  ['/connections/:id/deliveries', tab('deliveries', async () => (await import('./deliveries.js')).Deliveries)],
  ['/connections/:id/deliveries/:delivery', page(async () => (await import('./deliveries.js')).DeliveryPage)],
  ['/connections/:id/tokens', tab('tokens', async () => (await import('./tokens.js')).Tokens)],
  ['/connections/:id/quarantine', tab('quarantine', async () => (await import('./quarantine.js')).Quarantine)],
  ['/possible-replacements', page(async () => (await import('./possible-replacements.js')).PossibleReplacements)],
  ['/month-end', page(async () => (await import('./month-end.js')).MonthEnd)],
  ['/institutions', page(async () => (await import('./institutions.js')).Institutions)],
  ['/coverage', page(async () => (await import('./coverage.js')).Coverage)],
  ['/search', page(async () => (await import('./search.js')).Search)],
  ['/webhooks', page(async () => (await import('./deliveries.js')).Webhooks)],
  ['/changes', page(async () => (await import('./changes.js')).Changes)],
  ['/subscriptions', page(async () => (await import('./subscriptions.js')).Subscriptions)],
  ['/subscriptions/new', page(async () => (await import('./subscriptions.js')).CreateSubscription)],
  ['/subscriptions/:id', page(async () => (await import('./subscription.js')).SubscriptionPage)],
  ['/applications', page(async () => (await import('./applications.js')).Applications)],
  ['/applications/new', page(async () => (await import('./applications.js')).CreateApplication)],
  ['/engines', page(async () => (await import('./engines.js')).Engines)],
  ['/audit', page(async () => (await import('./audit.js')).Audit)],
  ['/erasures', page(async () => (await import('./erasures.js')).Erasures)],
];

// readAll reads the scripts of all views, so that a later navigation need not wait. A view whose scripts cannot be read
// now is read when it is shown.
export async function readAll() {
  for (const [, view] of views) {
    try {
      await view.load();
    } catch {
      return;
    }
  }
}
