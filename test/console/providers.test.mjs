// A sign-in to the console at a provider that behaves like one of the known products, and a request with its token.
import { after, before, test } from 'node:test';
import { launch, open } from './browser.mjs';
import { SERVICE } from './env.mjs';

const { ISSUER } = process.env;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

test('an operator signs in, reads, writes, and stays signed in after a reload', async () => {
  const page = await open(browser, 'about:blank', { origins: [ISSUER, 'https://fonts.googleapis.com'] });
  await page.context().route(/fonts\.googleapis/, (route) => route.fulfill({ body: '' }));
  await page.goto(SERVICE + '/console/connections/new');
  await page.getByRole('button', { name: 'Sign in at ' + new URL(ISSUER).host }).click();
  await page.getByPlaceholder('Enter any login').fill('91');
  await page.getByPlaceholder('and password').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.waitForURL(SERVICE + '/console/connections/new');
  await page.getByLabel('Name').fill('of a provider');
  await page.getByLabel('Base URL').fill('http://127.0.0.1:1');
  for (const label of ['Account reference', 'Client id', 'Secret']) await page.getByLabel(label).fill('x');
  await page.getByRole('button', { name: 'Create a connection' }).click();
  await page.waitForURL(/\/connections\/[0-9a-f-]{36}/);
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'of a provider' }).waitFor();
  await page.finish();
});
