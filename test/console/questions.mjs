// The thirteen questions of an analyst's day, as scripts that find each answer in the browser and compare it with the data
// that was written. tasks.test.mjs plays them with few data, and size.mjs with the data of a large tenant. Each begins at
// the overview.
import assert from 'node:assert/strict';
import { api, confirm, control, coveredDay, lastDay, PLUGGY, pluggyLogin, presentDay, pull, sendPluggyWebhook, until } from './env.mjs';
import { addBank, addRow, connect, create, dialogOf, dropRow, plain } from './tasks.mjs';

const shown = (date) => new Intl.DateTimeFormat('en-US', { day: '2-digit', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(new Date(date));
const number = (n) => new Intl.NumberFormat('en-US').format(n);
const plural = (n, one) => `${number(n)} ${one}${n === 1 ? '' : 's'}`;

// ask types a text into the search box, which the key "/" reaches on every page, and waits for the result of the search.
async function ask(player, text) {
  const { page } = player;
  await player.press('/');
  player.fields++;
  await page.getByRole('searchbox', { name: 'Find a payment' }).fill(text);
  await player.press('Enter');
  await page.waitForURL(({ searchParams }) => searchParams.get('q') === text);
  await page.locator('.searched').waitFor();
}

// counts returns the first line of a search.
const counts = (out, incoming) => `${plural(out, 'payment')}, ${plural(incoming, 'receipt')}.`;

const found = (page) => page.getByRole('table', { name: 'Transactions found' });

// listAll returns all items of a list of the API.
export async function listAll(operator, path) {
  const items = [];
  for (let cursor = ''; ;) {
    const page = await api(operator, 'GET', path + (path.includes('?') ? '&' : '?') + 'limit=200' + (cursor && '&cursor=' + encodeURIComponent(cursor)));
    items.push(...page.items);
    if (!page.nextCursor) return items;
    cursor = page.nextCursor;
  }
}

const line = '23793381286008301352856000063307789840000150000';
const printedLine = '23793.38128 60083.013528 56000.063307 7 89840000150000';

// month returns a day of a month before the one in which the last bill was due as a time stamp.
function month(back, day) {
  const now = new Date(Date.parse(presentDay()) - 7 * 86400000);
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, day)).toISOString();
}

// addCard adds an item with a card at the vendor: a bill of 150.00 that adds up, and one of 400.00 of which 250.00 are
// missing, with the second instalment of a purchase.
async function addCard() {
  const { id: item } = await control(PLUGGY, 'POST', '/items', { clientUserId: 'cartao' });
  const { id: card } = await control(PLUGGY, 'POST', '/accounts', { itemId: item, type: 'CREDIT', subtype: 'CREDIT_CARD', name: 'Cartão do Escritório', number: '7711', balance: 90 });
  const ids = ['b2220000-0000-4000-8000-000000000001', 'b2220000-0000-4000-8000-000000000002'];
  const bill = (i, total) => ({ id: ids[i], dueDate: month(1 - i, 5), billClosingDate: month(2 - i, 27), totalAmount: total, totalAmountCurrencyCode: 'BRL', minimumPaymentAmount: 20 });
  await control(PLUGGY, 'POST', `/accounts/${card}/bills`, [
    { ...bill(0, 150), payments: [{ id: 'b2220000-0000-4000-8000-00000000000a', valueType: 'FULL_PAYMENT', paymentDate: month(1, 5), paymentMode: 'PIX', amount: 150, currencyCode: 'BRL' }] },
    bill(1, 400),
  ]);
  const row = (description, amount, date, i, more) => control(PLUGGY, 'POST', '/transactions', {
    accountId: card, description, descriptionRaw: description, amount, type: 'DEBIT', status: 'POSTED', date,
    creditCardMetadata: { cardNumber: '7711', billId: ids[i], billForecastDate: month(1 - i, 1).slice(0, 7), ...more },
  });
  await row('ARQUIVOS DE ACO PARC 01/03', 150, month(2, 12), 0, { installmentNumber: 1, totalInstallments: 3 });
  await row('ARQUIVOS DE ACO PARC 02/03', 150, month(1, 12), 1, { installmentNumber: 2, totalInstallments: 3 });
  return item;
}

// amountOf returns an amount that a page shows as a number.
const amountOf = (text) => Number(text.replace(/[^\d.−-]/g, '').replace('−', '-'));

// The preparation of each question: it returns what play needs.
const prepare = {
  async supplier(operator) {
    const bank = await addBank('fornecedor', [
      ...plain(3, 'COMPRA'), { description: 'PIX ENVIADO ATACADO', amount: -1234.56, age: 40 },
      { description: 'TED ENVIADA ATACADO', amount: -1234.56, age: 12 }, { description: 'PIX RECEBIDO ESTORNO', amount: 1234.56, age: 11 },
    ], { connector: { id: 991, name: 'Banco Aroeira' } });
    return connect(operator, 'pagamentos-do-atacado', bank);
  },
  async document(operator) {
    const receiver = { name: 'Móveis Jatobá', documentNumber: { type: 'CNPJ', value: '11.444.777/0001-61' } };
    const bank = await addBank('documento', [
      ...plain(3, 'COMPRA'), { description: 'PIX ENVIADO', amount: -871.25, paymentData: { receiver, paymentMethod: 'PIX' } },
      { description: 'BOLETO PAGO', amount: -1500, paymentData: { receiver, paymentMethod: 'BOLETO', boletoMetadata: { digitableLine: line } } },
    ]);
    return connect(operator, 'moveis', bank);
  },
  async unread(operator) {
    const bank = await addBank('parado', plain(3, 'COMPRA'), {
      connector: { id: 990, name: 'Banco Parado' }, lastUpdatedAt: new Date(Date.now() - 5 * 86400000).toISOString(),
    });
    return connect(operator, 'conta-parada', bank);
  },
  async webhook(operator) {
    const bank = await addBank('quatorze', plain(3, 'COMPRA'));
    const id = await connect(operator, 'loja-da-esquina', bank);
    const { webhookUrl } = await api(operator, 'POST', '/webhooks/tokens', { vendor: 'pluggy', connection_config_name: 'loja-da-esquina' });
    await addRow(bank.account, { description: 'VENDA DAS QUATORZE E TRES', amount: 77.31, age: 0 });
    await sendPluggyWebhook(webhookUrl, { event: 'item/updated', itemId: bank.item });
    return until('the pull of the webhook', async () => {
      const [delivery] = (await api(operator, 'GET', '/webhooks/deliveries?limit=1&connectionId=' + id)).items;
      return delivery?.status === 'processed' && delivery;
    });
  },
  // The bank corrects an amount of a closed month.
  async corrected(operator) {
    const age = Math.ceil((Date.now() - Date.parse(lastDay)) / 86400000) + 2;
    const bank = await addBank('corrigido', [...plain(3, 'COMPRA'), { description: 'LAVANDERIA LEBLON', amount: -218.9, age }]);
    const id = await connect(operator, 'lavanderia', bank);
    const [{ id: account }] = (await api(operator, 'GET', `/aggregator-connections/${id}/accounts`)).items;
    await api(operator, 'PUT', `/accounts/${account}/closes/${lastDay}`);
    await control(PLUGGY, 'PATCH', '/transactions/' + bank.ids[3], { amount: -228.9 });
    await pull(operator, id);
  },
  // The operator says that a row with a tip is the movement of an earlier row.
  async joined(operator) {
    const row = { description: 'FORNERIA PARAISO', amount: -180, status: 'PENDING' };
    const bank = await addBank('unido', [...plain(3, 'COMPRA'), row]);
    const id = await connect(operator, 'forneria', bank);
    await dropRow(bank.ids[3]);
    await addRow(bank.account, { ...row, amount: -198, status: 'POSTED' });
    await pull(operator, id);
    const [pair] = (await api(operator, 'GET', '/possible-replacements?limit=1&connectionId=' + id)).items;
    await api(operator, 'POST', `/transactions/${pair.old}/join`, { with: pair.new, reason: 'the tip is on the receipt' });
  },
  async card(operator) {
    const item = await addCard();
    const { id } = await create(operator, 'cartao-do-escritorio', item);
    await pull(operator, id);
  },
  async file(operator) {
    return connect(operator, 'extrato-do-banco', await addBank('extrato', [{ description: 'PIX ENVIADO CAFE', amount: -41.5, age: 20 }]));
  },
  async visit(operator) {
    const bank = await addBank('visita', plain(3, 'COMPRA'));
    return { id: await connect(operator, 'visitada', bank), account: bank.account };
  },
  async rejected(operator, { members }) {
    const { clientId } = pluggyLogin;
    const application = await api(operator, 'POST', '/applications', { vendor: 'pluggy', name: 'credencial-vencida', baseUrl: PLUGGY, clientId, secret: 'of-last-year' });
    for (let i = 0; i < members; i++) {
      const bank = await addBank('vencida', plain(1, 'TARIFA'));
      const { id } = await api(operator, 'POST', '/aggregator-connections', { vendor: 'pluggy', configName: 'vencida-' + String(i + 1).padStart(2, '0'), accountRef: bank.item, applicationId: application.id });
      await pull(operator, id);
    }
  },
  async link(operator) {
    const bank = await addBank('titular', plain(3, 'TARIFA'));
    const id = await connect(operator, 'titular-avisado', bank);
    await control(PLUGGY, 'POST', `/items/${bank.item}/status`, { status: 'LOGIN_ERROR' });
    await pull(operator, id);
    await api(operator, 'POST', `/aggregator-connections/${id}/link-sessions`);
  },
  async statements(operator) {
    const ids = [];
    for (const name of ['filial-araras', 'filial-bauru']) {
      const bank = await addBank(name, plain(60, 'COMPRA DA FILIAL'), { connector: { id: 992, name: 'Banco Aroeira' } });
      const id = await connect(operator, name, bank);
      await confirm(operator, id, bank.item);
      ids.push(id);
    }
    return ids;
  },
};

// prepareQuestions writes the data of the questions. truth has the numbers of the data that is there already: payments and
// receipts of 1234.56.
export async function prepareQuestions(operator, { members, truth }) {
  const data = { operator, members, truth };
  for (const [name, write] of Object.entries(prepare)) data[name] = await write(operator, data);
  return data;
}

const statementFile = Buffer.from('OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nCHARSET:1252\r\n\r\n<OFX><BANKMSGSRSV1><STMTTRNRS>'
  + '<STMTRS><CURDEF>BRL<BANKACCTFROM><BANKID>999<ACCTID>0001/74455-6<ACCTTYPE>CHECKING</BANKACCTFROM>'
  + '<BANKTRANLIST><DTSTART>20260105<DTEND>20260105<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260105<TRNAMT>-89.90'
  + '<FITID>1<MEMO>PIX ENVIADO</STMTTRN></BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>');

// The questions, and the way to each answer.
export const questions = [
  {
    name: 'A supplier says that we paid 1.234,56. Did we?',
    async play(player, { truth: { payments, receipts } }) {
      const { page } = player;
      await ask(player, '1.234,56');
      await player.heading(counts(payments + 2, receipts + 1));
      for (const [text, times] of [['ATACADO', 2], ['ESTORNO', 1]]) {
        const rows = found(page).getByRole('row', { name: new RegExp(text) });
        assert.equal(await rows.count(), times);
        for (const row of await rows.all()) assert.match(await row.innerText(), /Banco Aroeira[^]*pagamentos-do-atacado[^]*Conta corrente[^]*Posted[^]*1,234\.56/);
      }
      await page.getByRole('link', { name: /accounts cover yesterday|account covers yesterday/ }).waitFor();
      await ask(player, '-1.234,56');
      await player.heading(counts(payments + 2, 0));
      await ask(player, 'atacado 1.234,56');
      await player.heading(counts(2, 0));
    },
  },
  {
    name: 'Find it by the CNPJ in any form, and by the line of the boleto.',
    async play(player) {
      const { page } = player;
      for (const text of ['11.444.777/0001-61', '11444777000161']) {
        await ask(player, text);
        await player.heading(counts(2, 0));
      }
      for (const text of [printedLine, line]) {
        await ask(player, text);
        await player.heading(counts(1, 0));
        await found(page).getByRole('row', { name: /BOLETO PAGO[^]*moveis[^]*1,500\.00/ }).waitFor();
      }
    },
  },
  {
    name: 'Is yesterday in? Which accounts lack it, why, and what helps?',
    async play(player, { operator }) {
      const { page } = player;
      const accounts = await listAll(operator, '/accounts');
      const coverage = await api(operator, 'GET', '/accounts/coverage?limit=1');
      const present = accounts.filter(({ removedAt }) => !removedAt);
      const covered = present.filter(({ coversTo }) => coversTo >= coverage.day).length;
      const sentence = `${number(covered)} of ${number(present.length)} accounts cover yesterday, ${shown(coverage.day)}.`;
      await player.click(page.getByRole('link', { name: sentence }));
      await player.heading(sentence);
      await player.click(page.getByRole('table', { name: 'By bank' }).getByRole('row', { name: /Banco Parado/ }).getByRole('link'));
      await player.heading(`Banco Parado: 0 of 1 account covers yesterday, ${shown(coverage.day)}.`);
      const row = page.getByRole('table', { name: 'The bank was not read since the day ended' }).getByRole('row', { name: /conta-parada/ });
      await row.getByText('5 days ago').first().waitFor();
      await row.getByText('the days since are not covered').waitFor();
      await row.getByRole('button', { name: 'Read the bank now' }).waitFor();
    },
  },
  {
    name: 'How old is this? When was the bank read, and not only we?',
    async play(player) {
      const { page } = player;
      await player.connection('conta-parada');
      await page.getByText('Bank read 5 days ago.').first().waitFor();
      await page.locator('.facts').getByText('5 days ago').first().waitFor();
      assert.match(await page.locator('.facts').innerText(), /Bank read/);
    },
  },
  {
    name: 'Something came at 14:03. What did it do?',
    async play(player, { webhook }) {
      const { page } = player;
      const minute = new Date(Date.parse(webhook.receivedAt) - 3 * 3600000).toISOString().slice(0, 16); // in São Paulo
      await player.section('Webhooks');
      await player.fill('From', minute);
      await player.fill('Up to and including', minute);
      await player.click(player.button('Search'));
      const row = page.getByRole('table', { name: 'Deliveries' }).getByRole('row', { name: /loja-da-esquina/ });
      await row.getByText(new RegExp(webhook.receivedAt.slice(16, 19))).waitFor();
      await player.click(row.getByRole('link', { name: 'item/updated' }));
      await page.getByText('Its pull succeeded.').waitFor();
      await player.click(player.link('See the pull'));
      const changed = page.getByRole('table', { name: 'Transactions that it added, changed or removed' });
      await changed.getByRole('row', { name: /VENDA DAS QUATORZE E TRES/ }).waitFor();
      assert.equal(await changed.getByRole('row').count(), 2, 'one transaction below the titles');
    },
  },
  {
    name: 'What did the bank change here, and does it change a closed month?',
    async play(player) {
      const { page } = player;
      await ask(player, 'lavanderia leblon');
      await player.click(found(page).getByRole('link', { name: /LAVANDERIA LEBLON/ }));
      const version = page.getByRole('table', { name: 'Versions' }).getByRole('row', { name: /^2\. The vendor changed the transaction\./ });
      await version.getByText(/218\.90[^]*228\.90/).first().waitFor();
      await version.getByText(`Changes the period closed up to ${shown(lastDay)}`).waitFor();
      await version.locator('time').first().waitFor();
    },
  },
  {
    name: 'Who decided that these two are one movement, when, and why?',
    async play(player) {
      const { page } = player;
      await ask(player, 'forneria paraiso');
      await player.click(found(page).getByRole('row', { name: /Posted/ }).getByRole('link', { name: /FORNERIA PARAISO/ }));
      const version = page.getByRole('table', { name: 'Versions' }).getByRole('row', { name: /operator joined the transaction with another one\./ });
      await version.getByText('Reason: the tip is on the receipt').waitFor();
      await version.locator('time').first().waitFor();
    },
  },
  {
    name: 'Which bill is this on? Does the bill add up?',
    async play(player) {
      const { page } = player;
      await ask(player, 'arquivos de aco');
      await player.click(found(page).getByRole('link', { name: /PARC 02\/03/ }));
      await page.locator('.details').getByText('2/3').first().waitFor();
      await player.click(page.locator('.details').getByRole('link', { name: /^[A-Z][a-z]{2} \d{4}$/ }));
      await player.heading('Bill of ' + shown(month(0, 5).slice(0, 10)));
      const terms = page.getByRole('table', { name: 'Why the total adds up or not' });
      await terms.getByRole('row', { name: /Total/ }).waitFor();
      assert.deepEqual((await terms.getByRole('row').allInnerTexts()).map((text) => text.replace(/\s+/g, ' ')),
        ['Left unpaid of the bill before 0.00 BRL', '1 transaction 150.00 BRL', 'Not explained 250.00 BRL', 'Total 400.00 BRL']);
    },
  },
  {
    name: "Does the bank's own statement agree? Drop the file.",
    async play(player) {
      const { page } = player;
      await player.connection('extrato-do-banco');
      await player.click(player.link('Compare').first());
      await page.getByText('No statement of the bank has been compared with this account yet.').waitFor();
      player.fields++;
      await page.getByLabel('Statement file of the bank').setInputFiles({ name: 'extrato.ofx', mimeType: 'application/x-ofx', buffer: statementFile });
      await player.heading('The bank statement differs from the transactions.');
      await page.getByRole('table', { name: 'Only at the bank' }).getByRole('row', { name: /PIX ENVIADO.*[-−]89\.90/ }).waitFor();
    },
  },
  {
    name: 'What changed since my visit of yesterday?',
    async play(player, { operator, visit: { id, account } }) {
      const { page } = player;
      await player.section('Changes');
      await page.getByText('Live:').waitFor();
      await until('the visit', () => page.evaluate(() => localStorage.getItem('discovery.visits')));
      await page.evaluate(() => { // the visit was yesterday
        const visits = JSON.parse(localStorage.getItem('discovery.visits'));
        visits.latest.at = new Date(Date.parse(visits.latest.at) - 86400000).toISOString();
        localStorage.setItem('discovery.visits', JSON.stringify(visits));
      });
      for (const amount of [-1.11, -2.22]) await addRow(account, { description: 'DESDE A VISITA', amount, age: 0 });
      await pull(operator, id);
      await page.goto(page.url().replace('/changes', ''));
      await player.section('Changes');
      await player.heading(/^2 changes since your last visit on .*, accounts: 1$/);
      await page.getByRole('row', { name: /^Conta corrente visitada 2 0 0$/ }).waitFor();
    },
  },
  {
    name: 'Why is it red? One cause once, with all that it concerns.',
    async play(player, { members }) {
      const { page } = player;
      const cause = page.getByRole('list', { name: 'Causes that several connections share' }).locator('> li').filter({ hasText: 'credencial-vencida' });
      await cause.getByText(plural(members, 'connection')).waitFor();
      await cause.getByText('The vendor rejects the credential').waitFor();
      await cause.getByRole('button', { name: 'Enter a new credential' }).waitFor();
      await player.click(cause.getByText('Show the connections'));
      assert.equal(await cause.getByRole('link', { name: /^vencida-\d\d$/ }).count(), members);
      await page.getByRole('link', { name: /^\d+ with a rejected credential$/ }).waitFor();
    },
  },
  {
    name: 'Was the holder told to sign in? By whom, and until when does the link work?',
    async play(player) {
      const { page } = player;
      await player.connection('titular-avisado');
      const trace = page.getByText(/^operator made the last sign-in link on /);
      await trace.waitFor();
      assert.match(await trace.innerText(), /^operator made the last sign-in link on [^.]*\d:\d\d:\d\d[^.]*\. It works until [^.]*\d:\d\d:\d\d[^.]*\.$/);
    },
  },
  {
    name: 'The statements of two branches, to print and to send.',
    async play(player, { operator, statements }) {
      const { page } = player;
      await player.section('Month-end');
      if (coveredDay !== lastDay) await player.fill('Last day of the period', coveredDay);
      await player.fill('Search', 'filial-');
      await player.click(page.getByRole('button', { name: 'Select 2 open accounts' }).or(page.getByRole('button', { name: 'Select 2 accounts' })));
      await player.click(page.getByRole('button', { name: 'Download 2 statements' }));
      await player.choose('Format', 'CSV for Excel in Brazil', dialogOf(page));
      const archive = (await player.download(player.button('Download', dialogOf(page)))).toString('latin1');
      assert.equal(archive.match(/Banco-Aroeira_[\w-]+\.csv/g).length, 4, 'two files, each with its local and its central header');
      await player.click(player.button('Close', dialogOf(page)));
      await player.click(player.link('Show and print'));
      await player.heading('2 statements');
      for (const [i, name] of ['filial-araras', 'filial-bauru'].entries()) {
        const sheet = page.locator('.sheet').filter({ hasText: name });
        const facts = sheet.locator('.facts');
        await facts.waitFor();
        const [opening, incoming, outgoing, closing] = (await facts.locator('dd').allInnerTexts()).map(amountOf);
        const [{ id: account }] = (await api(operator, 'GET', `/aggregator-connections/${statements[i]}/accounts`)).items;
        const period = `from=${coveredDay.slice(0, 8)}01&to=${coveredDay}`;
        const { total: [sums] } = await api(operator, 'GET', `/transactions/summary?accountId=${account}&status=posted&${period}`);
        assert.deepEqual([incoming, outgoing], [Number(sums.in), -Number(sums.out)], name);
        assert.equal((opening + incoming + outgoing).toFixed(2), closing.toFixed(2), name);
        assert.equal(await sheet.getByRole('row').count() - 1, sums.count, name);
      }
    },
  },
];
