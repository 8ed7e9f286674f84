// The views and the dialogs of the console. Each of them must be accessible, fit a narrow window, work with the keyboard
// only, and be in the language of the operator; views.test.mjs checks that. A new view or dialog is one line here.
import {
  api, confirm, connect, control, PLUGGY, pluggyBankAccount, pluggyLogin, pull, sendPluggyWebhook, token, until,
} from './env.mjs';

const row = (values) => control(PLUGGY, 'POST', '/transactions', {
  accountId: pluggyBankAccount, type: 'DEBIT', status: 'POSTED', date: new Date().toISOString(), ...values,
});

const daysAgo = (days) => new Date(Date.now() - days * 86400000).toISOString();

const first = async (operator, path) => (await api(operator, 'GET', path)).items[0];

// addHistory creates the connection bank. A transaction of it was replaced; a closed period has an adjustment, and the
// transactions no longer explain the balance, because the vendor has dropped a row.
async function addHistory(operator) {
  const lost = await row({ description: 'TARIFA DO TESTE', amount: -4.5, date: daysAgo(40) });
  const pending = await row({ description: 'MERCADO DO TESTE', amount: -31.2, status: 'PENDING' });
  const { id } = await connect(operator, pluggyLogin, 'bank');
  await confirm(operator, id);
  const posted = await control(PLUGGY, 'POST', `/transactions/${pending.id}/churn`);
  const { id: versions, accountId } = await first(operator, `/aggregator-connections/${id}/transactions?externalId=${pending.id}`);
  const day = daysAgo(30).slice(0, 10);
  await api(operator, 'PUT', `/accounts/${accountId}/closes/${day}`);
  await control(PLUGGY, 'DELETE', '/transactions/' + lost.id);
  await confirm(operator, id);
  await control(PLUGGY, 'DELETE', '/transactions/' + posted.id);
  const { items } = await api(operator, 'GET', `/aggregator-connections/${id}/transactions`);
  const live = items.find((item) => !item.removedAt).id;
  const card = (await api(operator, 'GET', `/aggregator-connections/${id}/accounts`)).items.find(({ type }) => type === 'credit').id;
  const at = '/console/connections/' + id;
  return { bank: at, id, versions, live, account: `${at}/accounts/${accountId}`, card: `${at}/accounts/${card}`, day };
}

// addQuarantine creates a connection with a row that cannot be read.
async function addQuarantine(operator) {
  const odd = await row({ description: 'odd row', amount: -1, status: 'DREAMT' });
  const { id } = await connect(operator, pluggyLogin, 'odd');
  await control(PLUGGY, 'DELETE', '/transactions/' + odd.id);
  return '/console/connections/' + id;
}

// addPair creates a connection with two rows that may be one movement. It returns the path of the new one.
async function addPair(operator) {
  const tip = { description: 'CHURRASCARIA DO TESTE', amount: -140 };
  const old = await row({ ...tip, status: 'PENDING' });
  const { id } = await connect(operator, pluggyLogin, 'pair');
  await control(PLUGGY, 'DELETE', '/transactions/' + old.id);
  const posted = await row({ ...tip, amount: -154 });
  await pull(operator, id);
  const { id: transaction } = await first(operator, `/aggregator-connections/${id}/transactions?externalId=${posted.id}`);
  await control(PLUGGY, 'DELETE', '/transactions/' + posted.id);
  return `/console/connections/${id}/transactions/${transaction}`;
}

// addErased creates a connection and erases it. It returns the path of one of its transactions.
async function addErased(operator) {
  const { id } = await connect(operator, pluggyLogin, 'erased');
  const transaction = await first(operator, `/aggregator-connections/${id}/transactions?limit=1`);
  const erasure = await api(operator, 'POST', `/aggregator-connections/${id}/erasure`, { atVendor: false });
  await until('the erasure', async () => (await api(operator, 'GET', '/erasures/' + erasure.id)).status === 'done');
  return `/console/connections/${id}/transactions/${transaction.id}`;
}

// fixture creates data of every kind for a tenant, and returns the paths of its objects.
export async function fixture(tenant) {
  const operator = token(tenant);
  const history = await addHistory(operator);
  const broken = await connect(operator, { ...pluggyLogin, secret: 'wrong' }, 'broken');
  const paused = await connect(operator, pluggyLogin, 'paused', false);
  await api(operator, 'POST', `/aggregator-connections/${paused.id}/pause`);
  const { webhookUrl } = await api(operator, 'POST', '/webhooks/tokens', { vendor: 'pluggy', connection_config_name: 'bank' });
  await sendPluggyWebhook(webhookUrl);
  // All connections read one item, so this pull must not meet the rows that are added below for other connections.
  const delivery = await until('the pull of the webhook', async () => {
    const received = await first(operator, '/webhooks/deliveries?limit=1&connectionId=' + history.id);
    return received.status === 'processed' && received;
  });
  const subscription = await api(operator, 'POST', '/subscriptions', {
    name: 'books', types: ['transaction.*'], sink: { kind: 'webhook', url: 'http://127.0.0.1:1/a-long-path-of-an-endpoint/events' },
  });
  await api(operator, 'POST', `/subscriptions/${subscription.id}/test`);
  const { clientId, secret } = pluggyLogin;
  const newApplication = (name) => api(operator, 'POST', '/applications', { vendor: 'pluggy', name, baseUrl: PLUGGY, clientId, secret });
  await newApplication('empty'); // the first one in the list can be deleted
  const application = await newApplication('production');
  const { vendor, accountRef } = pluggyLogin;
  const member = await connect(operator, { vendor, accountRef, applicationId: application.id }, 'member', false);
  await api(operator, 'POST', '/connections', { type: 'rest-generic', configName: 'erp', config: { url: PLUGGY } });
  return {
    operator, ...history, broken: '/console/connections/' + broken.id, paused: '/console/connections/' + paused.id,
    // The console shows the connection paused with every warning that health knows: see worsen.
    odd: await addQuarantine(operator), pair: await addPair(operator), erased: await addErased(operator), delivery: `${history.bank}/deliveries/${delivery.id}`, firstPull: `${history.bank}/pulls/${delivery.pullId}`,
    subscription: '/console/subscriptions/' + subscription.id, member: '/console/connections/' + member.id,
  };
}

// views returns the path of each view, and what the complete view shows: the key of a message, or a text of the data.
export const views = ({ bank, broken, paused, odd, erased, account, card, day, versions, delivery, subscription, pair, member, firstPull }) => [
  ['/console', 'overview.all'],
  ['/console?q=none', 'filter.noMatch'],
  ['/console/connections/new', 'create.lead'],
  ['/console/search?q=boleto', 'BOLETO DE ENERGIA'],
  ['/console/search?q=none', 'search.nothing'],
  ['/console/coverage', 'coverage.byBank'],
  ['/console/coverage?day=2020-01-02', 'coverage.byBank'],
  ['/console/changes', 'changes.empty'],
  ['/console/webhooks', 'item/updated'],
  ['/console/webhooks?from=2001-01-01T00:00&to=2001-01-01T00:00', 'filter.noMatch'],
  ['/console/possible-replacements', 'suggestion.same'],
  ['/console/month-end', 'Conta de Ensaio'],
  ['/console/institutions', 'institution.lead'],
  ['/console?institution=pluggy:none', 'filter.noMatch'],
  [pair, 'suggestion.decide'],
  ['/console/subscriptions', 'books'],
  ['/console/subscriptions/new', 'action.subscribe'],
  [subscription, 'attempt.heading'],
  ['/console/applications', 'production'],
  ['/console/applications/new', 'application.createLead'],
  ['/console/engines', 'erp'],
  ['/console/audit', 'audit.action.connection.create'],
  ['/console/audit?actor=nobody', 'filter.noMatch'],
  ['/console/erasures', 'erasure.done'],
  ['/console/nowhere', 'notFound.title'],
  [bank, 'Conta de Ensaio'],
  [broken, 'account.empty'],
  [member, 'production'],
  [paused, 'reason.reauth'],
  [bank + '/edit', 'field.keepHint'],
  [broken + '/setup', 'setup.testText'],
  [odd + '/setup', 'setup.seeRows'],
  [bank + '/transactions', 'BOLETO DE ENERGIA'],
  [bank + '/transactions?from=2001-01-01&to=2001-01-02', 'filter.noMatch'],
  [`${bank}/transactions/${versions}`, 'history.matching.superseded'],
  [erased, 'transaction.lead.erased'],
  [account + '/closes?close=' + day, 'adjustment.removed'],
  [account + '/completeness', 'balance.title'],
  [account + '/statement', 'statement.print'],
  [`${account}/statement?close=${day}`, 'statement.now'],
  [`/console/statements?accounts=${account.split('/').pop()}&from=2001-01-01&to=2001-01-02`, 'statement.empty'],
  [account + '/bank-statements', 'bankStatement.empty'],
  [card + '/bills', 'bill.open'],
  ['/console/month-end?show=problems&sort=balance', 'monthEnd.sort'],
  ['/console/month-end?q=none', 'filter.noMatch'],
  [bank + '/pulls', 'pull.status.succeeded'],
  [firstPull, 'pull.records'],
  [broken + '/pulls', 'advice.credential_rejected'],
  [bank + '/deliveries', 'item/updated'],
  [odd + '/deliveries', 'delivery.empty'],
  [delivery, 'delivery.payload'],
  [bank + '/tokens', 'token.live'],
  [odd + '/quarantine', 'quarantine.payload'],
  [bank + '/quarantine', 'quarantine.empty'],
];

// emptyViews are the views of a tenant without data.
export const emptyViews = [
  ['/console', 'overview.emptyTitle'],
  ['/console/search', 'search.lead'],
  ['/console/coverage', 'account.emptyText'],
  ['/console/changes', 'changes.empty'],
  ['/console/webhooks', 'webhooks.emptyText'],
  ['/console/possible-replacements', 'suggestion.noneText'],
  ['/console/month-end', 'account.emptyText'],
  ['/console/institutions', 'institution.emptyText'],
  ['/console/subscriptions', 'subscription.emptyText'],
  ['/console/applications', 'application.emptyText'],
  ['/console/engines', 'engine.empty'],
  ['/console/audit', 'audit.empty'],
  ['/console/erasures', 'erasure.empty'],
];

// dialogs returns the path of the view of each dialog, the key of the button that opens it, and whether the button is in a
// menu.
export const dialogs = ({ bank, broken, account, versions, live, subscription }) => [
  [broken, 'remedy.credential'],
  [bank, 'remedy.link', true],
  [bank, 'action.delete', true],
  [bank, 'action.erase', true],
  [bank + '/deliveries', 'action.replayMany'],
  [bank + '/tokens', 'action.mint'],
  [bank + '/tokens', 'action.revoke'],
  [`${bank}/transactions/${versions}`, 'action.split'],
  [`${bank}/transactions/${live}`, 'action.exclude'],
  [account + '/closes', 'action.closePeriod'],
  [account + '/closes', 'action.reopen'],
  [account + '/completeness', 'action.accept'],
  ['/console/applications', 'action.rotateCredential'],
  ['/console/applications', 'action.delete'],
  [subscription, 'action.resend'],
  [subscription, 'action.rotate'],
  [subscription, 'action.delete'],
];

// worsen makes the service report that a connection needs a person for every reason that its health can have.
export async function worsen(page, path) {
  const id = path.split('/').pop();
  const bad = {
    health: 'unhealthy', reason: 'vendor_unreachable', needsReauth: true, paused: false, completeness: 'drifting',
    consent: { state: 'expiring', expiresAt: daysAgo(-7) }, webhook: { state: 'silent', lastAt: daysAgo(3) },
    warnings: ['mass_removal'], awaitingApprovalSince: daysAgo(1),
    attention: [
      'credential_unopened', 'account_not_found', 'reauth', 'consent_expired', 'consent_revoked', 'pull_failed', 'drifting',
      'mass_removal', 'silent', 'a_new_reason',
    ].map((reason) => ({ reason, severity: 'now', since: daysAgo(3) })).concat(
      ['consent_expiring', 'awaiting_approval', 'quarantined', 'account_shared', 'account_ambiguous', 'suggestions', 'join_undone', 'statement_differs'].map((reason) => ({ reason, severity: 'soon', since: daysAgo(1) }))),
  };
  await page.route(/\/aggregator-connections\/(.*\/)?health(\?.*)?$/, async (route) => {
    const url = route.request().url();
    const { items, ...one } = await (await fetch(url, { headers: await route.request().allHeaders() })).json();
    const change = (health) => (health.id === id || url.includes(`/${id}/`) ? { ...health, ...bad } : health);
    await route.fulfill({ json: items ? { ...one, items: items.map(change) } : change(one) });
  });
}
