// Measures how long the console takes from the drop of a bank's file to its verdict: a month of 3,000 lines, as OFX and as
// CSV. It prints the figures, which are times in the browser on this machine. Work beside it makes them larger.
import assert from 'node:assert/strict';
import { loadavg } from 'node:os';
import { after, before, test } from 'node:test';
import { launch, open } from './browser.mjs';
import { api, confirm, connect, control, pluggyBankAccount, pluggyLogin, PLUGGY, SERVICE, token } from './env.mjs';

const operator = token(902);
const lines = Number(process.env.LINES) || 3000;
const rounds = Number(process.env.ROUNDS) || 10;

// day returns the day of some days ago.
const day = (age) => new Date(Date.now() - age * 86400000).toISOString().slice(0, 10);
const period = { from: day(40), to: day(10) }; // the bank has booked these days

let browser;
let account;
let path;
before(async () => {
  browser = await launch();
  for (let i = 0; i < lines; i++) {
    const cents = 101 + i * 7919 % 90000;
    await control(PLUGGY, 'POST', '/transactions', {
      accountId: pluggyBankAccount, description: `Pix enviado ${i} Fulano de Tal`, amount: -cents / 100, type: 'DEBIT',
      status: 'POSTED', date: day(11 + i % 29) + 'T12:00:00.000Z',
    });
  }
  const { id } = await connect(operator, pluggyLogin, 'month');
  await confirm(operator, id);
  const { items } = await api(operator, 'GET', `/accounts?limit=50&connectionId=${id}`);
  account = items.find(({ externalId }) => externalId === pluggyBankAccount).id;
  path = `/console/connections/${id}/accounts/${account}/bank-statements`;
}, { timeout: 300000 });
after(() => browser.close());

// dropFile drops a file onto the page, and returns after how many milliseconds the page shows the verdict and the lines.
const dropFile = (page, name, content) => page.evaluate(async ([fileName, text]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], fileName));
  const section = document.querySelector('section.drop');
  const begun = performance.now();
  section.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  let verdict = 0;
  for (;;) {
    await new Promise(requestAnimationFrame);
    const heading = [...document.querySelectorAll('h1, h2, h3')].find(({ textContent }) => /^(The bank statement|All lines of|The comparison) /.test(textContent));
    verdict ||= heading ? performance.now() - begun : 0;
    if (verdict && document.querySelectorAll('table tbody tr').length >= 50) {
      return { verdict, lines: performance.now() - begun, title: heading.textContent };
    }
    if (performance.now() - begun > 60000) throw new Error(document.body.innerText);
  }
}, [name, content]);

const at = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)];
const ms = (values) => [at(values, 0.5), at(values, 0.95), Math.max(...values)].map((value) => Math.round(value) + ' ms').join(' | ');

for (const format of ['ofx', 'csv']) {
  test(`from the drop of a month as ${format} to its verdict`, async () => {
    const query = new URLSearchParams({ ...period, format, force: 'true' });
    const response = await fetch(`${SERVICE}/v1/discovery/accounts/${account}/statement?${query}`, { headers: { Authorization: 'Bearer ' + operator } });
    const file = await response.text();
    assert.equal(response.status, 200, file);
    const times = [];
    for (let i = 0; i < rounds; i++) {
      const page = await open(browser, path, { token: operator });
      await page.locator('section.drop').waitFor();
      times.push(await dropFile(page, 'month.' + format, file));
      const { items: [statement] } = await api(operator, 'GET', `/accounts/${account}/bank-statements`);
      assert.ok(statement.counts.lines >= lines, JSON.stringify(statement));
      await api(operator, 'DELETE', '/bank-statements/' + statement.id); // so that it is read and compared anew
      await page.finish();
    }
    console.log(`| ${format}, ${lines} lines, ${file.length} bytes: ${times[0].title} | median | p95 | largest |`);
    console.log(`| until the verdict | ${ms(times.map(({ verdict }) => verdict))} |`);
    console.log(`| until the lines | ${ms(times.map(({ lines: shown }) => shown))} | load ${loadavg()[0].toFixed(1)}`);
  });
}
