// Writes screenshots of every view into the folder SCREENSHOTS.
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { launch, open } from './browser.mjs';
import { api, screenshotsTenant, token } from './env.mjs';

const folder = process.env.SCREENSHOTS;
mkdirSync(folder, { recursive: true });

let browser;
const operator = token(screenshotsTenant);
before(async () => { browser = await launch(); });
after(() => browser.close());

const looks = [
  ['light', { colorScheme: 'light' }], ['dark', { colorScheme: 'dark' }],
  ['light-400', { colorScheme: 'light', viewport: { width: 400, height: 860 } }],
  ['dark-400', { colorScheme: 'dark', viewport: { width: 400, height: 860 } }],
];

// settle waits until nothing is loading and the charts are drawn.
async function settle(page) {
  await page.waitForLoadState('networkidle');
  await page.locator('.skeleton').waitFor({ state: 'detached' });
}

async function views() {
  const { items } = await api(operator, 'GET', '/aggregator-connections?limit=200');
  const idOf = (name) => items.find(({ configName }) => configName === name).id;
  const id = idOf('matriz-conta-corrente');
  const at = '/console/connections/' + id;
  const [delivery] = (await api(operator, 'GET', '/webhooks/deliveries?limit=1&connectionId=' + id)).items;
  const [transaction] = (await api(operator, 'GET', '/transactions?limit=1&text=energia')).items;
  const [versions] = (await api(operator, 'GET', `/transactions?limit=1&connectionId=${id}&text=restaurante`)).items;
  const reserve = '/console/connections/' + idOf('reserva');
  const [closable] = (await api(operator, 'GET', `/aggregator-connections/${idOf('reserva')}/accounts`)).items;
  const account = `${reserve}/accounts/${closable.id}`;
  const [close] = (await api(operator, 'GET', `/accounts/${account.split('/').pop()}/closes?limit=1`)).items;
  const subscriptions = (await api(operator, 'GET', '/subscriptions?limit=50')).items;
  const failing = subscriptions.find(({ name }) => name === 'data-warehouse').id;
  const good = subscriptions.find(({ name }) => name === 'contabilidade').id;
  return {
    'overview': '/console', 'accounts': at, 'transactions': at + '/transactions', 'pulls': at + '/pulls',
    'deliveries': at + '/deliveries', 'delivery': `${at}/deliveries/${delivery.id}`, 'tokens': at + '/tokens',
    'create': '/console/connections/new', 'edit': at + '/edit', 'changes': '/console/changes', 'engines': '/console/engines',
    'failed-pulls': `/console/connections/${idOf('filial-recife')}/pulls`,
    'quarantine': `/console/connections/${idOf('loja-online')}/quarantine`,
    'search': '/console/search?q=loja&from=2026-01-01', 'transaction': `${at}/transactions/${transaction.id}`,
    'filter-nothing': '/console?q=nothing',
    'versions': `${at}/transactions/${versions.id}`, 'completeness': account + '/completeness',
    'closes': `${account}/closes?close=${close.date}`, 'subscriptions': '/console/subscriptions',
    'subscription': '/console/subscriptions/' + good, 'subscription-failing': '/console/subscriptions/' + failing,
    'subscribe': '/console/subscriptions/new', 'erasures': '/console/erasures', 'audit': '/console/audit',
    'drifting': reserve, 'suggestions': '/console/possible-replacements',
    'statement': account + '/statement', 'month-end': '/console/month-end', 'coverage': '/console/coverage', 'search-amount': '/console/search?q=R%24+212,45',
  };
}

// Dialogs by name: the view, and the button that opens the dialog. sections are parts of a view by their headings.
const dialogs = {
  'link-session': ['accounts', 'Send a sign-in link'], 'erase': ['accounts', 'Erase'], 'split': ['versions', 'Undo the last replacement'],
};
const sections = { 'history': ['versions', 'Versions'] };

for (const [look, options] of looks) {
  test('screenshots ' + look, async () => {
    const paths = await views();
    for (const [name, path] of Object.entries(paths)) {
      const page = await open(browser, path, { token: operator, expected: [/./], ...options });
      if (name === 'changes') await page.getByText('Live:').waitFor();
      else await settle(page);
      await page.screenshot({ path: `${folder}/${name}-${look}.png` });
      await page.finish();
    }
    for (const [name, [view, button]] of Object.entries(dialogs)) {
      const page = await open(browser, paths[view], { token: operator, expected: [/./], ...options });
      if (view === 'accounts') await page.locator('.menu > summary').click();
      await page.getByRole('button', { name: button, exact: true }).click();
      await page.getByRole('dialog').waitFor();
      await page.screenshot({ path: `${folder}/${name}-${look}.png` });
      await page.finish();
    }
    for (const [name, [view, heading]] of Object.entries(sections)) {
      const page = await open(browser, paths[view], { token: operator, expected: [/./], ...options });
      await settle(page);
      await page.getByRole('heading', { name: heading, exact: true }).first().evaluate((element) => element.scrollIntoView());
      await page.screenshot({ path: `${folder}/${name}-${look}.png` });
      await page.finish();
    }
    const page = await open(browser, '/console', options);
    await page.screenshot({ path: `${folder}/sign-in-${look}.png` });
    await page.finish();
  });
}
