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
// of the page are collected; close checks them. expected are patterns of console errors that the test causes. origins are
// further hosts that the page may request from.
export async function open(browser, path, { token, expected = [], origins = [], ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US', timezoneId: 'America/Sao_Paulo', ...options });
  context.setDefaultTimeout(60000);
  const failures = [];
  context.on('request', (request) => {
    if (![SERVICE, ...origins].includes(new URL(request.url()).origin)) failures.push('a request to ' + request.url());
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
  if (path !== 'about:blank') await page.goto(SERVICE + path);
  page.finish = async () => {
    // A request can still be in a handler of page.route. Without this, its failure would fail the whole file.
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
    assert.deepEqual(failures, []);
  };
  return page;
}

// closePages closes the pages that a failed test has left open. It first reports the address and the text of each.
export async function closePages(browser, context) {
  for (const window of browser.contexts()) {
    for (const page of window.pages()) {
      context.diagnostic(`left open: ${page.url()}\n${await page.locator('body').innerText({ timeout: 5000 }).catch(String)}`);
    }
    await window.close();
  }
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

// The elements that can be used. Of a group of radio buttons, Tab reaches only the one that is checked.
const controls = 'a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex="0"]';

// checkKeyboard fails unless Tab reaches each control inside the element root, and shows where the focus is. If modal is
// set, it also fails if Tab reaches a control outside.
export async function checkKeyboard(page, where, { root = 'body', modal = false } = {}) {
  const presses = await page.evaluate(([selector, within]) => {
    const element = document.querySelector(within);
    const all = [...element.querySelectorAll(selector)].filter((e) => e.checkVisibility() && (e.type !== 'radio' || e.checked));
    const focus = { left: new Set(all), invisible: new Set(), outside: new Set() };
    const seen = ({ target }) => {
      const { outlineStyle, boxShadow } = getComputedStyle(target);
      focus.left.delete(target);
      if (outlineStyle === 'none' && boxShadow === 'none') focus.invisible.add(target);
      if (!element.contains(target)) focus.outside.add(target);
    };
    document.addEventListener('focusin', seen);
    const show = (elements) => [...elements].filter((e) => e.isConnected).map((e) => e.outerHTML);
    globalThis.focusMissed = () => show(focus.left).length > 0;
    globalThis.focusFound = () => {
      document.removeEventListener('focusin', seen);
      return { left: show(focus.left), invisible: show(focus.invisible), outside: show(focus.outside) };
    };
    return all.reduce((sum, e) => sum + (e.type === 'date' ? 4 : 1), 3); // a date has three parts and a button
  }, [controls, root]);
  for (let i = 0; i < presses; i++) await page.keyboard.press('Tab');
  // A part of the page that has come meanwhile takes some of the presses.
  const missed = () => page.evaluate(() => globalThis.focusMissed());
  for (let i = 0; i < presses && await missed(); i++) await page.keyboard.press('Tab');
  const { outside, ...found } = await page.evaluate(() => globalThis.focusFound());
  assert.deepEqual(found, { left: [], invisible: [] }, where + ', with the keyboard');
  if (modal) assert.deepEqual(outside, [], where + ': the keyboard leaves the dialog');
}

// checkLanguage fails if the page shows one of the texts of another language.
export async function checkLanguage(page, where, others) {
  const found = await page.evaluate((texts) => {
    const foreign = new Set(texts);
    const shown = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (!walker.currentNode.parentElement.closest('pre, code')) shown.push(walker.currentNode.data.trim());
    for (const name of ['aria-label', 'title', 'placeholder', 'data-label']) {
      for (const element of document.querySelectorAll(`[${name}]`)) shown.push(element.getAttribute(name));
    }
    return shown.filter((text) => foreign.has(text));
  }, others);
  assert.deepEqual(found, [], where + ' is in another language');
}
