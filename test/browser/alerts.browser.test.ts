import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { missing } from '../support/requirements.ts';
import { until } from '../support/until.ts';
import { accessibilityViolations, newContext, openBrowser, watch, type Watch } from './support/browser.ts';
import { startDashboard, type Dashboard } from './support/dashboard.ts';

describe.skipIf(missing('chromium'))('alerts in the dashboard', () => {
  let dashboard: Dashboard;
  let browser: Browser;
  let context: BrowserContext;
  let seen: Watch;
  let page: Page;

  beforeAll(async () => {
    [dashboard, browser] = await Promise.all([startDashboard(), openBrowser()]);
    context = await newContext(browser, { colorScheme: 'light' });
    seen = watch(context, dashboard.url);
    page = await context.newPage();
    await page.goto(await dashboard.signInLink());
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    // An agent of a type that nobody runs, as the fleet sees one that crashes again and again.
    await dashboard.state.agents.ensure([{ agentId: agentId('crasher'), name: 'Crasher', type: 'nobodys', state: 'active' }]);
  });
  afterAll(async () => {
    await browser?.close();
    await dashboard?.[Symbol.asyncDispose]();
  });
  const crash = (status: string): Promise<unknown> =>
    dashboard.state.database.query(
      sql`update muster.agent_leases set status = ${status}, last_error = 'no such table', error_count = 7 where agent_id = 'crasher'`,
    );
  const row = () => page.getByRole('row', { name: /Agent crasher crashes again and again/ });

  test('what is wrong appears by itself, in words and shapes', async () => {
    await page.goto(`${dashboard.url}/alerts`);
    await page.getByText('No alert fires').waitFor();
    await crash('crash_looping');
    await row().waitFor();
    expect(await row().innerText()).toMatch(/Critical[^]*no such table[^]*Firing/);
    expect(await accessibilityViolations(page)).toEqual([]);
    seen.expectNone();
  });

  test('it is found by level and text, and not found by others', async () => {
    await page.getByRole('combobox', { name: 'Level' }).selectOption('warning');
    await page.getByText('No alert fits').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.getByRole('searchbox', { name: 'Filter by text' }).fill('such TABLE');
    await row().waitFor();
    await page.getByRole('searchbox', { name: 'Filter by text' }).fill('something else');
    await page.getByText('No alert fits').waitFor();
    await page.getByRole('searchbox', { name: 'Filter by text' }).fill('');
    await row().waitFor();
    expect(await row().count()).toBe(1);
  });

  test('the key a takes it on, and a button gives it back', async () => {
    await row().getByRole('link').focus();
    await page.keyboard.press('a');
    const question = page.getByRole('dialog', { name: /^Take on/ });
    await question.getByRole('textbox', { name: 'Note' }).fill('looking');
    await question.getByRole('combobox', { name: 'For how long' }).selectOption('4h');
    await question.getByRole('button', { name: 'Take on' }).click();
    await row().getByText('has it').waitFor();
    await row()
      .getByRole('button', { name: /^Give back/ })
      .click();
    await page.getByRole('dialog').getByRole('button', { name: 'Give back' }).click();
    await row().getByText('Firing').waitFor();
    expect(await row().getByText('has it').count()).toBe(0);
    seen.expectNone();
  });

  test('its page has the timeline, the impact and who was told; silenced there, it is quiet', async () => {
    await row().getByRole('link').click();
    await page.getByRole('heading', { name: 'Agent crasher crashes again and again', level: 1 }).waitFor();
    const timeline = page.getByRole('region', { name: 'Timeline' });
    expect(await timeline.innerText()).toMatch(/firing[^]*acknowledged[^]*looking[^]*unacknowledged/i);
    expect(await page.getByRole('region', { name: 'Business impact' }).innerText()).toMatch(/not configured/);
    await page.getByRole('region', { name: 'Who was told' }).getByText('no channel').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);

    await page.keyboard.press('s');
    const question = page.getByRole('dialog', { name: /^Silence/ });
    await question.getByRole('textbox', { name: 'Why' }).fill('known');
    await question.getByRole('button', { name: 'Silence' }).click();
    await timeline.getByText('Silenced', { exact: false }).waitFor();
    await page.getByText(/^known \(/).waitFor();
    seen.expectNone();
  });

  test('what is over leaves the list and stays in the other', async () => {
    await crash('stopped');
    await page.goto(`${dashboard.url}/alerts`);
    await page.getByText('No alert fires').waitFor();
    await page.getByRole('radio', { name: 'Resolved' }).check();
    await until('it is listed as over', async () => /Resolved/.test(await row().innerText()));
    seen.expectNone();
  });

  test('its incident holds its alerts, and all that happened in one order', async () => {
    await page.goto(`${dashboard.url}/incidents`);
    await page.getByText('No incident is open').waitFor();
    await page.getByRole('radio', { name: 'All' }).check();
    await page.getByRole('link', { name: 'Agent crasher crashes again and again' }).click();
    const timeline = page.getByRole('region', { name: 'Timeline' });
    await timeline.getByText('unacknowledged').waitFor();
    expect(await timeline.innerText()).toMatch(/firing[^]*acknowledged by[^]*unacknowledged/i);
    await page
      .getByRole('region', { name: 'Alerts of this incident' })
      .getByRole('row', { name: /crasher/ })
      .waitFor();
    expect(await page.getByRole('link', { name: 'Export the post-mortem' }).getAttribute('href')).toMatch(/\/post-mortem$/);
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  test('a rule is written with the word of the server beside each field, replayed over what is stored, switched off and deleted', async () => {
    const now = Date.now();
    await dashboard.state.metrics.writeExternal(
      Array.from({ length: 30 }, (_, index) => ({
        agentId: 'shop',
        metricName: 'queue_depth',
        value: index < 10 ? 5 : 500,
        unit: 'count',
        labels: { queue: 'orders' },
        at: now - (30 - index) * 60_000,
      })),
    );
    await page.goto(`${dashboard.url}/rules`);
    await page.getByText('No rules').waitFor();
    await page.getByRole('button', { name: 'New rule' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('queue_long');
    await page.getByRole('combobox', { name: 'Metric' }).fill('queue_depth');
    await page.getByRole('textbox', { name: 'Threshold' }).fill('100');
    await page.getByRole('textbox', { name: 'Good again at' }).fill('200');
    await page.getByRole('button', { name: 'Save' }).click();
    const field = page.getByRole('textbox', { name: 'Good again at' });
    await page.getByText('must be at most the threshold with the operator >').first().waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await field.fill('50');
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText(/^It would have fired once, for (19|20|21) min/).waitFor();
    await page.getByRole('img', { name: /^agent=shop,queue=orders would have fired once/ }).waitFor();
    await page.getByRole('region', { name: 'queue_depth' }).getByRole('img').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Save' }).click();

    await page.getByRole('heading', { name: 'queue_long', level: 1 }).waitFor();
    expect(await page.getByRole('region', { name: 'What it watches for' }).innerText()).toMatch(/queue_depth > 100: warning/);
    await page.getByRole('button', { name: 'Switch off' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
    await page.getByRole('button', { name: 'Switch on' }).waitFor();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Rules', level: 1 }).waitFor();
    await until('it is gone', async () => (await page.getByRole('link', { name: 'queue_long', exact: true }).count()) === 0);
    seen.expectNone(/status of 4\d\d/);
  });

  test('a silence and a window that comes again are set and ended', async () => {
    await page.goto(`${dashboard.url}/quiet`);
    await page.getByRole('button', { name: 'New silence' }).click();
    const silence = page.getByRole('dialog', { name: 'Keep alerts quiet' });
    await silence.getByRole('button', { name: 'Silence' }).click();
    await until('both fields are blamed', async () => (await silence.locator('[aria-invalid=true]').count()) === 2);
    await silence.getByRole('textbox', { name: 'Which alerts' }).fill('rule~report_*\nlevel=info');
    await silence.getByRole('textbox', { name: 'Why' }).fill('the reports move');
    await silence.getByRole('button', { name: 'Silence' }).click();
    const silenced = page.getByRole('row', { name: /rule~report_\* level=info.*the reports move/ });
    await silenced.getByRole('button', { name: /^End/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
    await silenced.waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'New window' }).click();
    const window = page.getByRole('dialog', { name: 'Plan work' });
    await window.getByRole('textbox', { name: 'Name' }).fill('nightly backup');
    await window.getByRole('textbox', { name: 'Which alerts' }).fill('database=app');
    await window.getByRole('textbox', { name: 'Why' }).fill('backup');
    await window.getByRole('button', { name: 'Make the window' }).click();
    const planned = page.getByRole('row', { name: /nightly backup.*0 3 \* \* \*/ });
    await planned.waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await planned.getByRole('button', { name: /^Delete/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('No work is planned').waitFor();
    seen.expectNone(/status of 4\d\d/);
  });

  test('who is on call stands in lanes over two weeks, and somebody may step in', async () => {
    const put = (path: string, body: object): Promise<number> =>
      page.evaluate(
        async ([address, text]) => {
          const headers = { 'content-type': 'application/json' };
          return (await fetch(address, { method: 'PUT', headers, body: text })).status;
        },
        [`/api/v1/on-call/${path}`, JSON.stringify(body)] as const,
      );
    await page.goto(`${dashboard.url}/on-call`);
    await page.getByText('Nobody is on call yet').waitFor();
    for (const name of ['kim', 'lee']) expect(await put(`people/${name}`, { name })).toBeLessThan(300);
    const layers = [{ name: 'weekly', people: ['kim', 'lee'], every: '7d', starts_at: '2026-01-05T09:00' }];
    expect(await put('schedules/primary', { name: 'primary', layers })).toBeLessThan(300);
    await page.reload();
    const schedule = page.getByRole('region', { name: 'primary', exact: true });
    for (const name of ['kim', 'lee']) await schedule.getByRole('img', { name: new RegExp(`^${name}: `) }).waitFor();
    await schedule.getByRole('button', { name: 'Step in' }).click();
    const form = page.getByRole('dialog', { name: 'Step in on primary' });
    await form.getByRole('combobox', { name: 'Who' }).selectOption('lee');
    await form.getByRole('textbox', { name: 'Why' }).fill('dentist');
    await form.getByRole('button', { name: 'Step in' }).click();
    const steps = schedule.getByRole('row', { name: /lee.*dentist/ });
    await steps.waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await steps.getByRole('button', { name: /^Take back/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Take it back' }).click();
    await steps.waitFor({ state: 'detached' });
  });

  test('a channel asks for what its kind needs, and says why it was refused', async () => {
    await page.goto(`${dashboard.url}/channels`);
    await page.getByText('Nobody is told of alerts yet').waitFor();
    await page.getByRole('button', { name: 'New channel' }).click();
    const dialog = page.getByRole('dialog', { name: 'New channel' });
    await dialog.getByRole('textbox', { name: 'Name' }).fill('ops');
    await dialog.getByRole('combobox', { name: 'Kind' }).selectOption('ntfy');
    await dialog.getByRole('textbox', { name: 'Server' }).fill('http://127.0.0.1:9');
    await dialog.getByRole('button', { name: 'Make it' }).click();
    await until('the topic is blamed', async () => (await dialog.locator('[aria-invalid=true]').count()) === 1);
    await dialog.getByRole('textbox', { name: 'Topic' }).fill('muster');
    await dialog.getByRole('button', { name: 'Make it' }).click();
    await dialog.getByText(/MUSTER_ALLOWED_NETWORKS/).waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    seen.expectNone(/status of 4\d\d/);
  });
});
