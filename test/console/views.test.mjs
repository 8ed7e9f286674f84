// Every view and every dialog is accessible, fits a narrow window, works with the keyboard only, and is in the language
// of the operator.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkAccessibility, checkKeyboard, checkLanguage, checkWidth, launch, open } from './browser.mjs';
import { SERVICE, token } from './env.mjs';
import { catalogues } from './messages.mjs';
import { dialogs, emptyViews, fixture, views, worsen } from './views.mjs';

let browser;
let data;
before(async () => {
  browser = await launch();
  data = await fixture(12);
});
after(() => browser.close());

// A look is a combination that an operator may have. Portuguese texts are longer, so the narrow windows have them.
const looks = [
  { language: 'en', locale: 'en-US', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { language: 'pt-BR', locale: 'pt-BR', colorScheme: 'dark', viewport: { width: 400, height: 900 } },
];

const messages = (catalogue) => Object.values(catalogue).flatMap((message) => Object.values({ ...[message].flat() })
  .flatMap((text) => (typeof text === 'string' ? [text] : Object.values(text)))).filter((text) => !text.includes('{'));

// foreign returns the messages of the other language that are not messages of this one.
function foreign(language) {
  const own = new Set(messages(catalogues[language]));
  return Object.keys(catalogues).filter((other) => other !== language)
    .flatMap((other) => messages(catalogues[other])).filter((text) => !own.has(text));
}

// Failures that are shown: the audit page names a connection that is gone, and a statement has no balance that adds up.
const expected = [/status of 404 .*\/aggregator-connections\/[\w-]+$/, /status of 409 .*\/statement\?format=camt053/];

for (const { language, ...options } of looks) {
  const text = (key) => catalogues[language][key] ?? key;
  const others = foreign(language);
  const look = `${language}, ${options.colorScheme}, ${options.viewport.width} px`;

  const check = async (page, where, scope) => {
    await checkAccessibility(page, where);
    await checkWidth(page, where);
    await checkLanguage(page, where, others);
    await checkKeyboard(page, where, scope);
  };

  test('every view: ' + look, async (all) => {
    for (const [operator, paths] of [[data.operator, views(data)], [token(61), emptyViews]]) {
      const page = await open(browser, '/console', { token: operator, expected, ...options });
      await worsen(page, data.paused);
      for (const [path, shown] of paths) {
        await all.test(path, async () => {
          await page.goto(SERVICE + path);
          await page.getByText(text(shown)).first().waitFor();
          await check(page, path);
        });
      }
      await page.finish();
    }
    const page = await open(browser, '/console', options);
    await page.getByRole('heading', { name: text('signIn.title') }).waitFor();
    await check(page, 'the sign-in');
    await page.finish();
  });

  test('every dialog: ' + look, async (all) => {
    const page = await open(browser, '/console', { token: data.operator, ...options });
    for (const [path, key, inMenu] of dialogs(data)) {
      await all.test(`${path}: ${key}`, async ({ name: where }) => {
        await page.goto(SERVICE + path);
        const menu = page.locator('.menu > summary');
        if (inMenu) {
          await menu.focus();
          await page.keyboard.press('Enter');
        }
        const action = page.getByRole('button', { name: text(key), exact: true }).first();
        const button = inMenu ? menu : action; // has the focus at the end
        await action.focus();
        await page.keyboard.press('Enter');
        await page.getByRole('dialog').waitFor();
        await check(page, where, { root: 'dialog', modal: true });
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
        assert.ok(await button.evaluate((element) => element === document.activeElement), where + ': the focus is lost');
      });
    }
    await page.finish();
  });
}
