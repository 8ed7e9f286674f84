// Measures the console with the data that test/atsize writes, and prints the figures. Then it plays the thirteen questions
// and the twelve tasks. SHOTS is a folder for a screenshot of the answer to each, in both languages, light and dark, 1280 and
// 400 pixels wide.
//
// The figures are times in the browser on this machine. Work beside it makes them larger.
import assert from 'node:assert/strict';
import { loadavg } from 'node:os';
import { after, before, test } from 'node:test';
import { checkWidth, launch, open } from './browser.mjs';
import { api, token } from './env.mjs';
import { prepareQuestions, questions } from './questions.mjs';
import { playTask, prepareTasks, tasks } from './tasks.mjs';

const operator = token(901); // the tenant of test/atsize
const rounds = Number(process.env.ROUNDS) || 20;
const members = 40;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const sorted = (values) => [...values].sort((a, b) => a - b);
const at = (values, share) => sorted(values)[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)];
const ms = (value) => Math.round(value) + ' ms';

const lines = [];

// report adds a line of figures: the median, the 95th percentile and the largest of the times in milliseconds,
// and the load of the machine.
function report(what, times, target = '') {
  lines.push(`| ${what} | ${ms(at(times, 0.5))} | ${ms(at(times, 0.95))} | ${ms(Math.max(...times))} | ${target} | ${loadavg()[0].toFixed(1)} |`);
}

// timed returns how long the function takes, in milliseconds.
async function timed(run) {
  const begun = performance.now();
  await run();
  return performance.now() - begun;
}

// shown returns when the page in the browser first showed an element that the selector matches, in milliseconds after its
// navigation began.
const shown = (page) => page.evaluate(() => globalThis.shownAt);

// watch makes the page note when the selector matches for the first time, at the next frame.
const watch = (context, selector) => context.addInitScript((wanted) => {
  const look = () => {
    if (document.querySelector(wanted)) requestAnimationFrame(() => { globalThis.shownAt = performance.now(); });
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}, selector);

// firstPaint opens a path in a new window, and returns when the selector matched. warm uses the files that the window has
// read before.
async function firstPaint(path, selector, warm) {
  const page = await open(browser, 'about:blank', { token: operator, expected: [/./] });
  await watch(page.context(), selector);
  if (warm) await page.goto(process.env.SERVICE + path);
  await page.goto(process.env.SERVICE + path);
  await page.waitForFunction(() => globalThis.shownAt !== undefined);
  const time = await shown(page);
  await page.context().close();
  return time;
}

async function repeat(run, times = rounds) {
  const out = [];
  for (let i = 0; i < times; i++) out.push(await run(i));
  return out;
}

test('the size of the tenant', async () => {
  const summary = await api(operator, 'GET', '/aggregator-connections/summary');
  console.log(`${summary.connections} connections, ${summary.needy} need a person; load ${loadavg()[0].toFixed(1)}`);
});

// day returns the day of some days ago.
const day = (age) => new Date(Date.now() - age * 86400000).toISOString().slice(0, 10);

// The texts and amounts that are searched: some occur often, some once, and some never. Two searches in a row differ.
async function searches() {
  const { items } = await api(operator, 'GET', '/transactions?limit=200');
  const amounts = [...new Set(items.map(({ amount }) => amount))];
  const references = items.map((item) => item.references?.transactionId).filter(Boolean);
  return {
    'amount, a hit': (i) => ({ amount: amounts[i * 7 % amounts.length] }),
    'amount, no hit': (i) => ({ amount: `${7_000_000 + i}.31` }),
    'text of a seventh of the records': (i) => ({ text: ['pix enviado', 'compra no debito', 'boleto pago', 'pix recebido'][i % 4] }),
    'text of a fortieth of the records': (i) => ({ text: ['energia eletrica', 'sonia albuquerque', 'posto tres irmaos', 'yara quint'][i % 4] }),
    'text, no hit': (i) => ({ text: `nada parecido ${i}` }),
    'reference, a hit': (i) => ({ reference: references[i * 11 % references.length] }),
    'reference, no hit': (i) => ({ reference: `OF-99999-${i}` }),
    'text and dates, a hit': (i) => ({ text: 'energia', from: day(60 + i), to: day(i) }),
  };
}

test('the API', async () => {
  const get = (path) => timed(() => api(operator, 'GET', path));
  for (const [what, values] of Object.entries(await searches())) {
    report('API: search, ' + what, await repeat((i) => get('/transactions?limit=50&' + new URLSearchParams(values(i)))), 'p95 < 100 ms');
  }
  report('API: summary of the connections', await repeat(() => get('/aggregator-connections/summary')));
  report('API: health, those that need a person', await repeat(() => get('/aggregator-connections/health?attention=true&limit=10')));
  report('API: health, a part of the name', await repeat((i) => get('/aggregator-connections/health?limit=50&q=00' + i)));
  report('API: sums by day, all connections', await repeat((i) => get('/transactions/summary' + (i % 2 ? '?from=' + day(90 + i) : ''))), 'p95 < 1,000 ms');
  report('API: accounts, 50', await repeat(() => get('/accounts?limit=50')));
});

test('the first useful paint', async () => {
  const rows = 'table.cards tbody tr';
  for (const [what, path, selector] of [
    ['overview', '/console', '.needy > li'], ['overview, table', '/console', rows], ['month-end', '/console/month-end', rows],
    ['search for a text', '/console/search?q=pix+enviado', rows],
  ]) {
    report(`first useful paint: ${what}, new window`, await repeat(() => firstPaint(path, selector, false), 7), '< 1,000 ms');
    report(`first useful paint: ${what}, again`, await repeat(() => firstPaint(path, selector, true), 7), '< 1,000 ms');
  }
});

test('the filter of the overview', async () => {
  const page = await open(browser, '/console', { token: operator });
  const table = page.getByRole('table', { name: 'All connections' });
  await table.waitFor();
  const filter = page.getByLabel('Search');
  // The page itself looks at each frame: waiting for a locator looks 20, 70, 170 and 270 ms after its begin, which would
  // be added to the times.
  const shows = (part) => page.waitForFunction((text) => document.querySelector('table.cards tbody tr a')?.textContent.includes(text), part);
  // The time from the last letter until the table shows the result, with the pause after which the console asks.
  const times = await repeat(async (i) => {
    const part = '-' + String(100 + i * 37).padStart(4, '0');
    await filter.fill(part);
    return timed(() => shows(part));
  });
  report('overview: filter by name', times, '< 200 ms');
  report('overview: filter removed', await repeat(async (i) => {
    const part = '-' + String(200 + i).padStart(4, '0');
    await filter.fill(part);
    await shows(part);
    await filter.fill('');
    return timed(() => page.waitForFunction(() => document.querySelectorAll('table.cards tbody tr').length >= 50));
  }, 7), '< 200 ms');
  const health = page.getByLabel('Health');
  report('overview: only those that need a person', await repeat(async () => {
    await health.selectOption('needy');
    const time = await timed(() => page.waitForFunction(() => !document.querySelector('table.cards .status.good')
      || document.querySelectorAll('table.cards tbody tr').length === 50));
    await health.selectOption('');
    return time;
  }, 7), '< 200 ms');
  await page.finish();
});

test('the search', async () => {
  const page = await open(browser, '/console/search', { token: operator });
  const box = page.getByRole('searchbox', { name: 'Find a payment' });
  // search starts a search, and waits until its answer is complete. The page itself looks at each frame, as in the test of
  // the filter. A search for the same again would send no request.
  const search = async (start) => {
    const begun = page.waitForResponse(/\/v1\/discovery\/transactions\?/);
    await start();
    await begun;
    await page.waitForFunction(() => !document.querySelector('progress')
      && /^(0 transactions found|\d+ payments?, |The newest)/.test(document.querySelector('h1').textContent));
  };
  const enter = () => page.keyboard.press('Enter');
  for (const [what, values] of Object.entries(await searches())) {
    const times = await repeat(async (i) => {
      const { text, amount, reference, from, to } = values(i);
      const typed = text || amount || reference;
      const searched = new URL(page.url()).searchParams.get('q');
      if (!from || searched !== typed) await box.fill(typed);
      if (!from) return timed(() => search(enter));
      if (searched !== typed) await search(enter);
      await page.getByLabel('From', { exact: true }).fill(from);
      await page.getByLabel('To', { exact: true }).fill(to);
      return timed(() => search(() => page.getByRole('button', { name: 'Search', exact: true }).click()));
    });
    report('search in the browser, ' + what, times, 'p95 < 500 ms');
  }
  await page.finish();
});

test('the change feed begins now', async () => {
  const page = await open(browser, 'about:blank', { token: operator });
  const asked = [];
  page.on('request', (request) => request.url().includes('/changes?') && asked.push(new URL(request.url()).searchParams.get('cursor')));
  const times = await repeat(async () => {
    await page.goto(process.env.SERVICE + '/console');
    await page.getByRole('table', { name: 'All connections' }).waitFor();
    return timed(async () => {
      await page.getByRole('link', { name: 'Changes', exact: true }).click();
      await page.getByText('Live:').waitFor();
    });
  }, 5);
  report('changes: live', times);
  lines.push(`| changes: first cursor of the feed | ${asked[0]} | | | now | |`);
  await page.finish();
});

// play plays a task and adds a line with its clicks, fields and seconds, or with its failure.
async function play(task, n, data, played) {
  const page = await open(browser, '/console', { token: operator, permissions: ['clipboard-read', 'clipboard-write'], expected: [/./] });
  if (n > 1) await page.getByRole('table', { name: 'All connections' }).waitFor();
  try {
    const { clicks, fields, seconds } = await playTask(task, page, data);
    played.push(`| ${n} | ${task.name} | ${clicks} | ${fields} | ${seconds.toFixed(1)} |`);
  } catch (error) {
    const alerts = await page.getByRole('alert').allInnerTexts().catch(() => []);
    played.push(`| ${n} | ${task.name} | failed: ${[String(error), page.url(), ...alerts].join(' ').split('\n').slice(0, 12).join(' ')} | | |`);
  }
  await keep(page, String(n).padStart(2, '0')).catch((error) => console.log('no screenshot', String(error)));
  await page.context().close();
}

const looks = [
  ['en-1280-light', { locale: 'en-US', colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
  ['pt-400-dark', { locale: 'pt-BR', colorScheme: 'dark', viewport: { width: 400, height: 860 } }],
  ['pt-1280-dark', { locale: 'pt-BR', colorScheme: 'dark', viewport: { width: 1280, height: 900 } }],
  ['en-400-light', { locale: 'en-US', colorScheme: 'light', viewport: { width: 400, height: 860 } }],
];

// keep writes screenshots of the page where a task has ended.
async function keep(page, name) {
  const folder = process.env.SHOTS;
  if (!folder) return;
  const path = page.url().slice(process.env.SERVICE.length);
  for (const [look, options] of looks) {
    const copy = await open(browser, path, { token: operator, expected: [/./], ...options });
    await copy.locator('h1').waitFor();
    await copy.locator('.skeleton').first().waitFor({ state: 'detached' });
    await copy.waitForTimeout(1000);
    await copy.screenshot({ path: `${folder}/${name}-${look}.png`, fullPage: look.includes('1280') && name !== '13' });
    await checkWidth(copy, `${name} ${look}`);
    await copy.context().close();
  }
}

test('the questions and the tasks', async () => {
  console.log('\n| what | median | p95 | largest | target | load |\n|---|---|---|---|---|---|\n' + lines.join('\n'));
  if (process.env.TASKS === '0') return;
  const written = await prepareQuestions(operator, { members, truth: JSON.parse(process.env.TRUTH) });
  const played = [];
  // The questions are first: the tasks close the month of all accounts, and their data has a payment of 1234.56, too.
  for (const [i, question] of questions.entries()) await play(question, i + 1, written, played);
  const data = await prepareTasks(operator, { members });
  for (const [i, task] of tasks.entries()) await play(task, questions.length + i + 1, data, played);
  data.receiver.close();
  console.log(`\nload ${loadavg()[0].toFixed(1)}\n\n| | task | clicks | fields | seconds |\n|---|---|---|---|---|\n` + played.join('\n'));
  assert.deepEqual(played.filter((line) => line.includes('failed:')), []);
});
