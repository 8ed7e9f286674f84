// Every task of a working day can be done in the console, and every question of it is answered as the data says.
import { after, afterEach, before, test } from 'node:test';
import { closePages, launch, open } from './browser.mjs';
import { token } from './env.mjs';
import { prepareQuestions, questions } from './questions.mjs';
import { playTask, prepareTasks, tasks } from './tasks.mjs';

const operator = token(81);
const analyst = token(82);
let browser;
let data;
let written;
before(async () => {
  browser = await launch();
  data = await prepareTasks(operator, { members: 6 });
  written = await prepareQuestions(analyst, { members: 6, truth: { payments: 0, receipts: 0 } });
});
afterEach((context) => closePages(browser, context));
after(async () => {
  data?.receiver.close();
  await browser.close();
});

const plays = [...tasks.map((task) => [task, operator, () => data]), ...questions.map((question) => [question, analyst, () => written])];

for (const [task, person, known] of plays) {
  test(task.name, async (context) => {
    const page = await open(browser, '/console', { token: person, permissions: ['clipboard-read', 'clipboard-write'] });
    const { clicks, fields, seconds } = await playTask(task, page, known());
    context.diagnostic(`${clicks} clicks, ${fields} fields, ${seconds.toFixed(1)} s`);
    await page.finish();
  });
}
