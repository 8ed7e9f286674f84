// Every task of a working day can be done in the console.
import { after, afterEach, before, test } from 'node:test';
import { closePages, launch, open } from './browser.mjs';
import { token } from './env.mjs';
import { playTask, prepareTasks, tasks } from './tasks.mjs';

const operator = token(81);
let browser;
let data;
before(async () => {
  browser = await launch();
  data = await prepareTasks(operator, { members: 6 });
});
afterEach((context) => closePages(browser, context));
after(async () => {
  data?.receiver.close();
  await browser.close();
});

for (const task of tasks) {
  test(task.name, async (context) => {
    const page = await open(browser, '/console', { token: operator, permissions: ['clipboard-read', 'clipboard-write'] });
    const { clicks, fields, seconds } = await playTask(task, page, data);
    context.diagnostic(`${clicks} clicks, ${fields} fields, ${seconds.toFixed(1)} s`);
    await page.finish();
  });
}
