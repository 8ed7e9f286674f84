// Twelve tasks of a working day, as scripts that play them in the browser. tasks.test.mjs plays them with few data, and
// size.mjs with the data of a large tenant. Each begins at the overview, and ends when its answer is on the screen.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { api, control, lastDay, PLUGGY, pluggyLogin, pull, sendPluggyWebhook, until } from './env.mjs';

const dayOf = (age) => new Date(Date.now() - age * 86400000).toISOString();

// addBank adds an item with an account and rows at the vendor. It returns the ids of the item, the account and the rows.
export async function addBank(name, rows, { balance = 1000, ...item } = {}) {
  const { id } = await control(PLUGGY, 'POST', '/items', { clientUserId: name, ...item });
  const account = await control(PLUGGY, 'POST', '/accounts', { itemId: id, name: 'Conta corrente', number: '0001/' + name.length + '4455-6', balance });
  const ids = [];
  for (const row of rows) ids.push((await addRow(account.id, row)).id);
  return { item: id, account: account.id, ids };
}

// addRow adds a row to an account at the vendor. age is how many days old it is.
export const addRow = (accountId, { age = 2, amount, ...row }) => control(PLUGGY, 'POST', '/transactions', {
  accountId, amount, type: amount < 0 ? 'DEBIT' : 'CREDIT', status: 'POSTED', date: dayOf(age), ...row,
});

export const dropRow = (id) => control(PLUGGY, 'DELETE', '/transactions/' + id);

export const create = (operator, configName, item, login = {}) => api(operator, 'POST', '/aggregator-connections', {
  ...pluggyLogin, accountRef: item, configName, ...login,
});

// connect creates a connection to the item of a bank and pulls it. It returns the id of the connection.
export async function connect(operator, configName, bank) {
  const { id } = await create(operator, configName, bank.item);
  await pull(operator, id);
  return id;
}

export const plain = (n, word) => Array.from({ length: n }, (unused, i) => ({ description: `${word} ${i + 1}`, amount: -10 - i, age: 3 + i }));

// startReceiver starts an endpoint for events. It answers 503 until up is set.
async function startReceiver() {
  const receiver = { up: false, received: 0 };
  const server = createServer((request, response) => request.resume().on('end', () => {
    receiver.received += receiver.up ? 1 : 0;
    response.writeHead(receiver.up ? 204 : 503).end();
  }));
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  receiver.url = `http://127.0.0.1:${server.address().port}/events`;
  receiver.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return receiver;
}

// The payment of task 4.
export const payment = { amount: -1234.56, age: 80, endToEndId: 'E6074694820260903153012345678901', description: 'PIX ENVIADO COMERCIO DE PAPEIS AURORA' };

// The places of the pairs of task 8: at each, a pending row was posted with a tip.
const places = [
  'CHURRASCARIA SANTA FE', 'PIZZARIA DON VITO', 'CANTINA ROMA', 'BAR DO ZECA', 'RESTAURANTE MARE ALTA', 'SUSHI KOI', 'BISTRO LUNA',
  'TABERNA VELHA', 'CAFETERIA AURORA', 'GRELHADOS GAUCHOS', 'HOTEL PRAIA AZUL', 'LANCHONETE BOA VIAGEM',
];

// The preparation of each task: it returns what play needs.
const prepare = {
  async signIn(operator) {
    const bank = await addBank('senha', plain(3, 'TARIFA'));
    const id = await connect(operator, 'senha-trocada', bank);
    await control(PLUGGY, 'POST', `/items/${bank.item}/status`, { status: 'LOGIN_ERROR' });
    await pull(operator, id);
    return id;
  },
  async application(operator, members) {
    const { clientId } = pluggyLogin;
    const application = await api(operator, 'POST', '/applications', {
      vendor: 'pluggy', name: 'credencial-trocada', baseUrl: PLUGGY, clientId, secret: 'the-secret-of-last-year',
    });
    const ids = [];
    for (let i = 0; i < members; i++) {
      const bank = await addBank('membro', plain(2, 'TARIFA'));
      const { id } = await api(operator, 'POST', '/aggregator-connections', {
        vendor: 'pluggy', configName: 'membro-' + String(i + 1).padStart(2, '0'), accountRef: bank.item, applicationId: application.id,
      });
      ids.push(id);
    }
    for (const id of ids) await pull(operator, id);
    return ids;
  },
  async payment(operator) {
    const { amount, age, endToEndId, description } = payment;
    const bank = await addBank('pagamento', [...plain(4, 'COMPRA'), {
      age, amount, description, descriptionRaw: `${description} ${endToEndId}`,
      paymentData: { receiver: { name: 'Comércio de Papéis Aurora' }, paymentMethod: 'PIX' },
    }]);
    return connect(operator, 'fornecedores-sul', bank);
  },
  async modified(operator) {
    const bank = await addBank('modificado', [...plain(3, 'TARIFA'), { description: 'RESTAURANTE BOM PRATO', amount: -118.9, category: 'Food' }]);
    const id = await connect(operator, 'viagens', bank);
    const { webhookUrl } = await api(operator, 'POST', '/webhooks/tokens', { vendor: 'pluggy', connection_config_name: 'viagens' });
    await control(PLUGGY, 'PATCH', '/transactions/' + bank.ids[3], { description: 'RESTAURANTE BOM PRATO LTDA', category: 'Food and drinks' });
    assert.equal(await sendPluggyWebhook(webhookUrl, { event: 'item/updated', itemId: bank.item }), 202);
    await until('the pull of the webhook', async () => {
      const [delivery] = (await api(operator, 'GET', '/webhooks/deliveries?limit=1&connectionId=' + id)).items;
      return delivery?.status === 'processed';
    });
    return id;
  },
  // The bank states the balance after each row. The vendor drops the row of 12.34, which is the only one of its day.
  async drift(operator) {
    const rows = [
      ['DEPOSITO', 100, 9], ['COMPRA NO MERCADO', -35.4, 9], ['PIX RECEBIDO DE CLARA', 200, 8], ['BOLETO DE AGUA', -50.1, 8],
      ['TARIFA AVULSA', -12.34, 7], ['COMPRA NA FEIRA', -20, 6], ['PIX RECEBIDO DE BRUNO', 80, 6],
    ];
    let balance = 1000;
    const bank = await addBank('diferenca', rows.map(([description, amount, age], order) => {
      balance = Number((balance + amount).toFixed(2));
      return { description, amount, age, balance, order };
    }), { balance: 1262.16 });
    const id = await connect(operator, 'diferenca-centro', bank);
    await dropRow(bank.ids[4]);
    await pull(operator, id);
    return id;
  },
  async quarantine(operator) {
    const odd = Array.from({ length: 3 }, (unused, i) => ({ description: 'COMPRA NO DEBITO', amount: -20 - i, status: 'IN_REVIEW' }));
    return connect(operator, 'linhas-ilegiveis', await addBank('ilegivel', [...plain(5, 'COMPRA'), ...odd]));
  },
  async pairs(operator) {
    const tips = places.map((description, i) => ({ description, amount: -100 - 20 * i, status: 'PENDING' }));
    const bank = await addBank('pares', [...plain(20, 'COMPRA'), ...tips]);
    const id = await connect(operator, 'doze-pares', bank);
    for (const row of bank.ids.slice(20)) await dropRow(row);
    for (const row of tips) await addRow(bank.account, { ...row, amount: row.amount * 1.1, status: 'POSTED' });
    await pull(operator, id);
    const { items } = await api(operator, 'GET', '/possible-replacements?limit=50&connectionId=' + id);
    assert.equal(items.length, places.length);
    return id;
  },
  async adjusted(operator) {
    const age = Math.ceil((Date.now() - Date.parse(lastDay)) / 86400000) + 3;
    const bank = await addBank('ajustado', [...plain(6, 'COMPRA'), { description: 'ESTORNO DE TARIFA', amount: 42.5, age }]);
    const id = await connect(operator, 'outubro-ajustado', bank);
    const [{ id: account }] = (await api(operator, 'GET', `/aggregator-connections/${id}/accounts`)).items;
    await api(operator, 'PUT', `/accounts/${account}/closes/${lastDay}`);
    await dropRow(bank.ids[6]);
    await pull(operator, id);
    return { id, account };
  },
  // The vendor reads the bank by itself in a second, and no webhook says so.
  async silent(operator) {
    const bank = await addBank('silencio', plain(3, 'COMPRA'), { nextAutoSyncAt: new Date(Date.now() + 1000).toISOString() });
    const { id } = await create(operator, 'sem-webhook', bank.item);
    await api(operator, 'POST', '/webhooks/tokens', { vendor: 'pluggy', connection_config_name: 'sem-webhook' });
    await pull(operator, id);
    await until('the missing webhook', async () => (await api(operator, 'GET', `/aggregator-connections/${id}/health`)).webhook.state === 'silent');
    return { id, item: bank.item };
  },
  async receiver(operator) {
    const receiver = await startReceiver();
    const bank = await addBank('eventos', plain(8, 'COMPRA'));
    const { id } = await create(operator, 'loja-com-eventos', bank.item);
    await api(operator, 'POST', '/subscriptions', {
      name: 'contabilidade', types: ['transaction.*'], connectionId: id, sink: { kind: 'webhook', url: receiver.url },
    });
    await pull(operator, id);
    return receiver;
  },
};

// prepareTasks writes the data of the tasks. members is the number of connections of the application in task 3.
export async function prepareTasks(operator, { members }) {
  const data = { members };
  for (const [name, write] of Object.entries(prepare)) data[name] = await write(operator, members);
  return data;
}

// A Player plays a task on a page, and counts. A click is a press on a button, a link or a box, and a key that answers or
// sends a form. A field is one that is typed into, or chosen in.
export class Player {
  constructor(page) {
    this.page = page;
    this.clicks = 0;
    this.fields = 0;
  }

  async click(target) {
    this.clicks++;
    await target.click();
  }

  async press(key) {
    this.clicks++;
    await this.page.keyboard.press(key);
  }

  async fill(label, text, within = this.page) {
    this.fields++;
    await within.getByLabel(label, { exact: true }).fill(text);
  }

  async choose(label, option, within = this.page) {
    this.fields++;
    await within.getByLabel(label, { exact: true }).selectOption({ label: option });
  }

  async download(target) {
    const [file] = await Promise.all([this.page.waitForEvent('download'), this.click(target)]);
    const chunks = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  button(name, within = this.page) { return within.getByRole('button', { name, exact: true }); }

  link(name, within = this.page) { return within.getByRole('link', { name, exact: true }); }

  section(name) { return this.click(this.page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name, exact: true })); }

  heading(name) { return this.page.getByRole('heading', { name }).first().waitFor(); }

  // connection opens a connection by typing a part of its name.
  async connection(name) {
    await this.fill('Search', name);
    const table = this.page.getByRole('table', { name: 'All connections' });
    // Rows move while the list becomes shorter, and a click could meet another row.
    await table.locator('tbody tr').filter({ hasNotText: name }).first().waitFor({ state: 'detached' });
    await this.click(table.getByRole('link', { name, exact: true }));
    await this.page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  }
}

export const dialogOf = (page) => page.getByRole('dialog');

// search finds the payment by a text in the search box, which the key "/" reaches on every page.
async function search(player, text) {
  const { page } = player;
  const box = page.getByRole('searchbox', { name: 'Find a payment' });
  await player.press('/');
  player.fields++;
  await box.fill(text);
  await player.press('Enter');
  await page.waitForURL(({ searchParams }) => searchParams.get('q') === text);
  assert.equal(await box.inputValue(), text);
  await page.getByRole('heading', { level: 1, name: /^\d+ payments?, \d+ receipts?\.|^The newest/ }).waitFor();
  await page.getByRole('table', { name: 'Transactions found' }).getByRole('row', { name: /1,234\.56/ }).first().waitFor();
}

// The tasks: what is asked, and the way to the answer.
export const tasks = [
  {
    name: 'What needs me now? Name the three most urgent connections, and since when.',
    async play({ page }) {
      const needy = page.getByRole('list', { name: 'Connections that need you' }).locator('> li');
      await needy.nth(2).waitFor();
      for (let i = 0; i < 3; i++) {
        assert.ok(await needy.nth(i).getByRole('link').first().innerText());
        assert.match(await needy.nth(i).innerText(), /Now:[^]*(ago|now)/);
      }
    },
  },
  {
    name: "A bank's password was changed: send the holder a sign-in link.",
    async play(player) {
      const { page } = player;
      await player.connection('senha-trocada');
      await player.click(player.button('Send a sign-in link'));
      await dialogOf(page).getByText('connect_token=').waitFor();
      await player.click(player.button('Copy', dialogOf(page)));
      await dialogOf(page).getByRole('button', { name: 'Copied' }).waitFor();
      assert.match(await page.evaluate(() => navigator.clipboard.readText()), /connect_token=/);
    },
  },
  {
    name: 'The credential of an application was rotated: enter the new one once, see forty connections healthy.',
    async play(player, { members }) {
      const { page } = player;
      await player.section('Applications');
      const row = page.getByRole('row', { name: /credencial-trocada/ });
      await player.click(player.button('Replace the credential', row));
      await player.fill('Client id', pluggyLogin.clientId, dialogOf(page));
      await player.fill('Secret', pluggyLogin.secret, dialogOf(page));
      await player.click(player.button('Replace the credential', dialogOf(page)));
      await player.heading(`${members} of ${members} connections of credencial-trocada are healthy.`);
    },
  },
  {
    name: 'Did the payment of R$ 1.234,56 arrive? By amount and day, by end-to-end id, by a part of the name.',
    async play(player) {
      // Pluggy's time stamps become days in Brazil (sv-SE prints YYYY-MM-DD).
      const day = new Date(dayOf(payment.age)).toLocaleDateString('sv-SE', { timeZone: 'America/Sao_Paulo' });
      const { page } = player;
      await search(player, 'R$ 1.234,56');
      await player.fill('From', day);
      await player.fill('To', day);
      await player.click(player.button('Search'));
      await page.waitForURL(({ searchParams }) => searchParams.get('from') === day && searchParams.get('q') === 'R$ 1.234,56');
      await player.heading('1 payment, 0 receipts.');
      await player.click(page.getByRole('link', { name: 'Aggregator connections' }));
      await search(player, payment.endToEndId.toLowerCase());
      await search(player, 'papeis aurora 1234,56');
      await player.page.getByRole('row', { name: /PAPEIS AURORA/ }).getByRole('link', { name: 'fornecedores-sul' }).waitFor();
    },
  },
  {
    name: 'Why does this record say "modified"? What changed, when, by which webhook, from which bytes.',
    async play(player) {
      const { page } = player;
      await player.press('/');
      player.fields++;
      await page.getByRole('searchbox', { name: 'Find a payment' }).fill('bom prato');
      await player.press('Enter');
      await player.click(page.getByRole('table', { name: 'Transactions found' }).getByRole('link', { name: /BOM PRATO/ }).first());
      const version = page.getByRole('table', { name: 'Versions' }).getByRole('row', { name: /^2\. The vendor changed the transaction\./ });
      await version.getByText('RESTAURANTE BOM PRATO LTDA').waitFor();
      await version.locator('time').first().waitFor();
      await version.locator('code.digest').waitFor();
      await page.getByRole('region', { name: 'The object of the vendor' }).waitFor();
      await player.click(version.getByRole('link', { name: /^webhook/ }));
      await page.getByRole('region', { name: 'Payload' }).getByText('"item/updated"').waitFor();
    },
  },
  {
    name: 'Balance and sum differ by 12.34: find the day and the two records, accept with a reason.',
    async play(player) {
      const { page } = player;
      await player.connection('diferenca-centro');
      await player.click(player.button('See the difference'));
      await dialogOf(page).getByText('12.34').waitFor();
      await player.click(player.link('See the checks, the day and the records', dialogOf(page)));
      const gap = page.getByRole('table', { name: 'Checks' }).getByRole('row', { name: /Running balances/ });
      await gap.getByText('BOLETO DE AGUA').waitFor();
      await gap.getByText('COMPRA NA FEIRA').waitFor();
      assert.equal(await gap.locator('.note time').count(), 2);
      await player.click(player.button('Accept the difference'));
      await player.fill('Why is the difference right?', 'the bank took the fee back', dialogOf(page));
      await player.click(player.button('Accept the difference', dialogOf(page)));
      await page.getByText('The difference is accepted.').waitFor();
    },
  },
  {
    name: 'Three rows could not be read: see why, and that nothing else stopped.',
    async play(player) {
      const { page } = player;
      await player.connection('linhas-ilegiveis');
      await page.getByText(/Healthy\./).first().waitFor();
      await page.getByText(/Last read .*5 new rows/).waitFor();
      await player.click(player.link('See the rows'));
      await player.heading('3 rows cannot be read.');
      await player.heading('Transaction: the status is not documented.');
      await player.click(page.getByText('What the vendor sent').first());
      await page.getByRole('region', { name: 'What the vendor sent' }).getByText('"IN_REVIEW"').waitFor();
    },
  },
  {
    name: 'Twelve pairs may be one movement: decide them by keyboard.',
    async play(player) {
      const { page } = player;
      await player.section('Suggestions');
      const amount = page.getByRole('row', { name: /^Amount/ });
      let before = '';
      for (let i = 0; i < places.length; i++) {
        await until('the next pair', async () => (await amount.count()) === 1 && (await amount.innerText()) !== before);
        before = await amount.innerText();
        await player.press(i % 3 === 2 ? 'd' : 'j');
        await page.getByText(i % 3 === 2 ? 'Kept apart: they are two movements.' : 'Joined: they are one transaction.').waitFor();
      }
      await page.getByText('No pair waits for an answer.').first().waitFor();
    },
  },
  {
    name: 'Close the last month for all accounts; download statement and evidence of one.',
    async play(player, { all = 'Select [\\d,]+ open accounts' }) {
      const { page } = player;
      await player.section('Month-end');
      await until('the states of the accounts', async () => (await page.getByRole('button', { name: /^Select [1-9]/ }).count()) > 0);
      await player.heading(/^([\d,]+ of|Month-end, )/); // of many accounts, not all states are read
      await player.click(page.getByRole('button', { name: new RegExp('^' + all) }));
      await player.click(page.getByRole('button', { name: /^Close [1-9][\d,]* account/ }));
      await player.click(dialogOf(page).getByRole('button', { name: /^Close [1-9][\d,]* account/ }));
      await page.getByText(/accounts were closed up to/).waitFor({ timeout: 600000 });
      const rows = page.getByRole('table', { name: 'Accounts of the month-end' }).getByRole('row');
      const complete = rows.filter({ has: page.getByText('Complete', { exact: true }) });
      await until('the states of the rows', async () => (await rows.filter({ hasText: '…' }).count()) === 0);
      const hasBalance = (await complete.count()) > 0; // camt.053 needs it
      const row = hasBalance ? complete.first() : rows.nth(1);
      await player.click(row.getByRole('link', { name: /Closed periods/ }));
      assert.equal((await player.download(player.button('Evidence').first())).subarray(0, 2).toString(), 'PK');
      await player.click(player.button('Adjustments').first());
      await player.click(player.link('Statement as it was closed'));
      if (!hasBalance) {
        await player.choose('Format', 'CSV');
      }
      assert.match((await player.download(player.button('Download'))).toString(), hasBalance ? /camt\.053/ : /^\W*\w+[;,]/);
    },
  },
  {
    name: 'The month was adjusted after its close: see which records, print the period as it was closed.',
    async play(player) {
      const { page } = player;
      await player.connection('outubro-ajustado');
      await page.getByText('adjusted since').waitFor();
      await player.click(page.getByRole('link', { name: /Closed periods/ }).first());
      await player.click(player.button('Adjustments').first());
      await page.getByRole('row', { name: /ESTORNO DE TARIFA Removed/ }).waitFor();
      await player.click(player.link('Statement as it was closed'));
      await player.choose('Format', 'CSV');
      assert.match((await player.download(player.button('Download'))).toString(), /ESTORNO DE TARIFA/);
    },
  },
  {
    name: 'Webhooks stopped yesterday: see it, pull now, set the address right.',
    async play(player, { silent }) {
      const { page } = player;
      await player.connection('sem-webhook');
      await page.getByText('Silent').first().waitFor();
      await player.click(player.button('Pull now').first());
      await page.getByText(/The pull (was requested|is finished)/).waitFor();
      await player.click(player.link('Check the webhook address'));
      await player.click(player.button('Mint a token'));
      await player.click(player.button('Mint', dialogOf(page)));
      await player.click(page.locator('.minted').getByRole('button', { name: 'Copy' }).first());
      const address = await page.evaluate(() => navigator.clipboard.readText());
      await player.click(player.button('I have stored it'));
      assert.equal(await sendPluggyWebhook(address, { event: 'item/updated', itemId: silent.item }), 202);
      await page.reload();
      await page.locator('.facts').getByText('Active', { exact: true }).last().waitFor();
      assert.equal(await player.link('Check the webhook address').count(), 0);
    },
  },
  {
    name: 'A receiver of events was down: see the attempts, send again from a sequence, see it catch up.',
    async play(player, { receiver }) {
      const { page } = player;
      await player.section('Subscriptions');
      await player.click(player.link('contabilidade'));
      await page.getByRole('table', { name: 'The last attempts' }).getByRole('row', { name: /Failed/ }).first().waitFor();
      receiver.up = true;
      await player.click(player.button('Send again'));
      await player.fill('From the sequence', '1', dialogOf(page));
      await player.click(player.button('Send again', dialogOf(page)));
      await page.getByText('Active. 0 events wait.').waitFor();
      assert.ok(receiver.received >= 8, 'the receiver got ' + receiver.received);
    },
  },
];

// playTask plays a task on a page that shows the overview. It returns the numbers of clicks and fields, and the seconds.
// seconds include the time until the page is complete for the first task only, which is about that.
export async function playTask(task, page, data) {
  const player = new Player(page);
  const begun = performance.now();
  await task.play(player, data);
  return { clicks: player.clicks, fields: player.fields, seconds: (performance.now() - begun) / 1000 };
}
