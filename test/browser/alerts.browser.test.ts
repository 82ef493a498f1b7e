import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { missing } from '../support/requirements.ts';
import { until } from '../support/until.ts';
import { accessibilityViolations, newContext, openBrowser, watch, type Watch } from './support/browser.ts';
import { startDashboard, type Dashboard } from './support/dashboard.ts';

describe.skipIf(missing('chromium'))('alerts in the dashboard', { timeout: 60_000 }, () => {
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
  }, 60_000);
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
});
