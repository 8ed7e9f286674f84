// A browser whose pages record every console error and every request to another host.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { CHROMIUM, SERVICE } from './env.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// launch starts the browser with a new profile, which is removed when the browser is closed.
export const launch = () => chromium.launch({
  executablePath: CHROMIUM,
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});

// open opens a path of the console in a new window. With a token, the operator is already signed in. The failures
// of the page are collected; close checks them. expected are patterns of console errors that the test causes.
export async function open(browser, path, { token, expected = [], ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US', timezoneId: 'America/Sao_Paulo', ...options });
  context.setDefaultTimeout(60000);
  const failures = [];
  context.on('request', (request) => {
    if (new URL(request.url()).origin !== SERVICE) failures.push('a request to ' + request.url());
  });
  if (token) {
    await context.addInitScript((value) => {
      if (!sessionStorage.getItem('test.signedIn')) sessionStorage.setItem('discovery.token', value);
      sessionStorage.setItem('test.signedIn', 'yes');
    }, token);
  }
  const page = await context.newPage();
  page.on('pageerror', (error) => failures.push('an exception: ' + error.stack));
  page.on('console', (message) => {
    const text = message.text() + ' ' + message.location().url;
    if (['error', 'warning'].includes(message.type()) && !expected.some((pattern) => pattern.test(text))) failures.push(text);
  });
  await page.goto(SERVICE + path);
  page.finish = async () => {
    await context.close();
    assert.deepEqual(failures, []);
  };
  return page;
}

// checkAccessibility fails if axe finds a serious or critical violation in the present state of the page.
export async function checkAccessibility(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const found = bad.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html + ' ' + node.failureSummary).join('; ')}`);
  assert.deepEqual(found, [], where);
}

// checkWidth fails if the page is wider than the window.
export async function checkWidth(page, where) {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wider, 0, where + ' is wider than the window');
}
