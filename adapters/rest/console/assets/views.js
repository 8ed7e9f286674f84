// The views of the console by path. A part of a path that begins with ":" is a parameter of the view.
import { Changes } from './changes.js';
import { Accounts } from './accounts.js';
import { Applications, CreateApplication } from './applications.js';
import { Audit } from './audit.js';
import { AccountCloses } from './closes.js';
import { AccountCompleteness } from './completeness.js';
import { CreateConnection, EditConnection } from './connection-form.js';
import { ConnectionPage } from './connection.js';
import { Deliveries, DeliveryPage } from './deliveries.js';
import { Engines } from './engines.js';
import { Erasures } from './erasures.js';
import { MonthEnd } from './month-end.js';
import { Overview } from './overview.js';
import { PossibleReplacements } from './possible-replacements.js';
import { html } from './preact.js';
import { Pulls } from './pulls.js';
import { Quarantine } from './quarantine.js';
import { Search } from './search.js';
import { SetUp } from './setup.js';
import { SubscriptionPage } from './subscription.js';
import { CreateSubscription, Subscriptions } from './subscriptions.js';
import { Tokens } from './tokens.js';
import { TransactionPage } from './transaction.js';
import { Transactions } from './transactions.js';

const tab = (name, Content) => ({ id }) => html`<${ConnectionPage} id=${id} tab=${name} content=${Content} />`;

/** @type {[string, any][]} */
export const views = [
  ['/', Overview],
  ['/connections/new', CreateConnection],
  ['/connections/:id', tab('accounts', Accounts)],
  ['/connections/:id/edit', EditConnection],
  ['/connections/:id/setup', SetUp],
  ['/connections/:id/accounts/:account/closes', AccountCloses],
  ['/connections/:id/accounts/:account/completeness', AccountCompleteness],
  ['/connections/:id/transactions', tab('transactions', Transactions)],
  ['/connections/:id/transactions/:transaction', TransactionPage],
  ['/connections/:id/pulls', tab('pulls', Pulls)],
  ['/connections/:id/deliveries', tab('deliveries', Deliveries)],
  ['/connections/:id/deliveries/:delivery', DeliveryPage],
  ['/connections/:id/tokens', tab('tokens', Tokens)],
  ['/connections/:id/quarantine', tab('quarantine', Quarantine)],
  ['/possible-replacements', PossibleReplacements],
  ['/month-end', MonthEnd],
  ['/search', Search],
  ['/changes', Changes],
  ['/subscriptions', Subscriptions],
  ['/subscriptions/new', CreateSubscription],
  ['/subscriptions/:id', SubscriptionPage],
  ['/applications', Applications],
  ['/applications/new', CreateApplication],
  ['/engines', Engines],
  ['/audit', Audit],
  ['/erasures', Erasures],
];
