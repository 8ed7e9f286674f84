// Writes data for the screenshots: a dozen connections of a company, with two months of rows.
import { createServer } from 'node:http';
import { test } from 'node:test';
import {
  api, belvoLogin, connect, control, PLUGGY, pluggyBankAccount, pluggyLogin, presentDay, pull, screenshotsTenant, sendPluggyWebhook, token,
  until,
} from './env.mjs';

const main = 'matriz-conta-corrente';

const names = [
  'cartoes-corporativos', 'filial-curitiba', 'folha-de-pagamento', 'fornecedores',
  'loja-online', 'marketplace', 'reserva', 'tesouraria',
];

// Kinds of rows: description, category, merchant, smallest and largest amount. A negative amount is money out.
const kinds = [
  ['Pix recebido', 'Transfer - PIX', 'Loja Online', 80, 940], ['Pix recebido', 'Transfer - PIX', 'Marketplace', 200, 2600],
  ['Pix enviado', 'Transfer - PIX', 'Papelaria Central', -30, -420], ['Boleto pago', 'Services', 'Energia Elétrica', -260, -890],
  ['Tarifa de cobrança', 'Bank fees', null, -2, -9], ['TED recebida', 'Transfer - TED', 'Distribuidora Sul', 900, 5200],
  ['Compra no débito', 'Supplies', 'Embalagens Norte', -45, -380], ['Pagamento de fornecedor', 'Suppliers', 'Gráfica Moderna', -300, -2100],
];

// random returns numbers from 0 to 1 that are the same in every run.
function generator(seed) {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

// addRows adds about perDay rows on each working day of the last days to an account.
async function addRows(accountId, days, perDay, seed) {
  const random = generator(seed);
  for (let age = days; age >= 0; age--) {
    const date = new Date(Date.now() - age * 86400000);
    if (date.getUTCDay() === 0) continue;
    for (let i = 0; i < 1 + Math.floor(random() * perDay); i++) {
      const [description, category, merchant, from, to] = kinds[Math.floor(random() * kinds.length)];
      const amount = Number((from + random() * (to - from)).toFixed(2));
      await control(PLUGGY, 'POST', '/transactions', {
        accountId, description, descriptionRaw: description.toUpperCase(), category, amount,
        type: amount < 0 ? 'DEBIT' : 'CREDIT', date: date.toISOString(), createdAt: date.toISOString(),
        status: age === 0 ? 'PENDING' : 'POSTED', merchant: merchant && { name: merchant },
      });
    }
  }
}

const row = (values) => control(PLUGGY, 'POST', '/transactions', {
  accountId: pluggyBankAccount, type: 'DEBIT', status: 'POSTED', ...values,
});

// addBank adds an item with an account and the rows of some days at the vendor, and returns the login for it.
async function addBank(name, seed, days = 31) {
  const item = await control(PLUGGY, 'POST', '/items', { clientUserId: name });
  const account = await control(PLUGGY, 'POST', '/accounts', {
    itemId: item.id, name: 'Conta corrente', number: `0001/${20000 + seed * 1337}-${seed}`, balance: 1250.5 * seed,
  });
  await addRows(account.id, days, 2, seed);
  return { login: { ...pluggyLogin, accountRef: item.id }, account: account.id };
}

const firstOfMonth = Date.parse(presentDay().slice(0, 8) + '01');

// addHistory gives a transaction of the connection three versions: it is pending, then edited, then replaced by a posted
// one with another id.
async function addHistory(operator, id) {
  const values = { description: 'Restaurante Bom Prato', amount: -118.9, category: 'Food', date: new Date().toISOString() };
  const pending = await row({ ...values, status: 'PENDING' });
  await pull(operator, id);
  await control(PLUGGY, 'PATCH', '/transactions/' + pending.id, { category: 'Food and drinks' });
  await pull(operator, id);
  await control(PLUGGY, 'POST', `/transactions/${pending.id}/churn`);
  await pull(operator, id);
}

// addPair makes the connection have a tip: a pending row that was posted with another id and another amount.
async function addPair(operator, id) {
  const tip = { description: 'Churrascaria Santa Fé', category: 'Food and drinks', date: new Date().toISOString() };
  const pending = await row({ ...tip, amount: -240, status: 'PENDING' });
  await pull(operator, id);
  await control(PLUGGY, 'DELETE', '/transactions/' + pending.id);
  await row({ ...tip, amount: -264 });
  await pull(operator, id);
}

// addClose closes the last two months of an account of the connection. Then the vendor drops the row lost of the last
// month, so that the close has an adjustment and the transactions no longer explain the balance.
async function addClose(operator, id, lost) {
  const [{ id: account }] = (await api(operator, 'GET', `/aggregator-connections/${id}/accounts`)).items;
  for (const age of [32, 1]) {
    await api(operator, 'PUT', `/accounts/${account}/closes/${new Date(firstOfMonth - age * 86400000).toISOString().slice(0, 10)}`);
  }
  await control(PLUGGY, 'DELETE', '/transactions/' + lost);
  await pull(operator, id);
}

// addSubscriptions creates one subscription whose endpoint confirms every event, and one whose endpoint does not answer.
async function addSubscriptions(operator) {
  let received = 0;
  const server = createServer((request, response) => request.resume().on('end', () => {
    received += 1;
    response.writeHead(204).end();
  }));
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const subscribe = (name, types, port) => api(operator, 'POST', '/subscriptions', {
    name, types, fromStart: true, sink: { kind: 'webhook', url: `http://127.0.0.1:${port}/events` },
  });
  const { id } = await subscribe('contabilidade', ['transaction.*', 'period.adjusted'], server.address().port);
  await subscribe('data-warehouse', ['transaction.*'], 1);
  await until('the events', async () => received > 0 && (await api(operator, 'GET', '/subscriptions/' + id)).waiting === 0);
  server.closeAllConnections();
  server.close();
}

// addErasures erases two connections: one is done, and the vendor rejects the credential of the other.
async function addErasures(operator) {
  const old = await connect(operator, (await addBank('conta-antiga', 9)).login, 'conta-antiga');
  const closed = await connect(operator, { ...pluggyLogin, secret: 'old-secret' }, 'loja-fechada');
  const { id } = await api(operator, 'POST', `/aggregator-connections/${old.id}/erasure`, { atVendor: false });
  const { id: asked } = await api(operator, 'POST', `/aggregator-connections/${closed.id}/erasure`, { atVendor: true });
  await until('the erasures', async () => (await api(operator, 'GET', '/erasures/' + id)).status === 'done' &&
    (await api(operator, 'GET', '/erasures/' + asked)).lastError);
}

test('seed', async () => {
  const operator = token(screenshotsTenant);
  await addRows(pluggyBankAccount, 58, 5, 7);
  await addErasures(operator); // first, so that the newest changes are others
  const all = { [main]: await connect(operator, pluggyLogin, main) };
  const banks = {};
  for (const [i, name] of names.entries()) banks[name] = await addBank(name, i + 1, name === 'reserva' ? 80 : 31);
  const lost = await row({
    accountId: banks.reserva.account, description: 'Estorno de tarifa', amount: -42.5,
    date: new Date(firstOfMonth - 5 * 86400000).toISOString(),
  });
  for (const name of names) all[name] = await connect(operator, banks[name].login, name);
  all['belvo-mexico'] = await connect(operator, belvoLogin, 'belvo-mexico');
  all['filial-recife'] = await connect(operator, { ...pluggyLogin, secret: 'old-secret' }, 'filial-recife');
  all['maquininhas'] = await connect(operator, { ...pluggyLogin, accountRef: 'c0ffee00-0000-4000-8000-000000000000' }, 'maquininhas');
  const odd = { accountId: banks['loja-online'].account, description: 'Compra no débito', amount: -88.4, type: 'DEBIT', status: 'IN_REVIEW' };
  const { id: oddRow } = await control(PLUGGY, 'POST', '/transactions', odd);
  await pull(operator, all['loja-online'].id);
  await control(PLUGGY, 'DELETE', '/transactions/' + oddRow);
  const { id } = all[main];
  const mint = () => api(operator, 'POST', '/webhooks/tokens', { vendor: 'pluggy', connection_config_name: main });
  const minted = await mint();
  await mint();
  for (const event of ['item/created', 'transactions/created', 'item/updated']) {
    await sendPluggyWebhook(minted.webhookUrl, { event, itemId: pluggyLogin.accountRef, accountId: pluggyBankAccount });
  }
  const path = `/webhooks/deliveries?connectionId=${id}&status=accepted`;
  await until('the deliveries', async () => (await api(operator, 'GET', path)).items.length === 0);
  await control(PLUGGY, 'POST', `/items/${banks.tesouraria.login.accountRef}/status`, { status: 'LOGIN_ERROR' });
  await pull(operator, all.tesouraria.id);
  for (let i = 0; i < 5; i++) await pull(operator, id);
  await addHistory(operator, id);
  await addPair(operator, id);
  await addClose(operator, all.reserva.id, lost.id);
  await addSubscriptions(operator);
});
