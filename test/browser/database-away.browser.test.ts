import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_AGENTS_AT_WORK } from '../cli/support/default-agents.ts';
import { missing } from '../support/requirements.ts';
import { newContext, openBrowser, watch } from './support/browser.ts';
import { IMPATIENT, startDashboard, type Dashboard } from './support/dashboard.ts';

describe.skipIf(missing('chromium'))('while the database is away', { timeout: 180_000 }, () => {
  let dashboard: Dashboard;
  let browser: Browser;
  beforeAll(async () => {
    [dashboard, browser] = await Promise.all([startDashboard(IMPATIENT), openBrowser()]);
  }, 180_000);
  afterAll(async () => {
    dashboard?.network.heal();
    await browser?.close();
    await dashboard?.[Symbol.asyncDispose]();
  });

  test('the last state stays on the page with its age, and the present comes back by itself', async () => {
    const context = await newContext(browser);
    const seen = watch(context, dashboard.url);
    const page = await context.newPage();
    await page.goto(await dashboard.signInLink());
    await page.getByText(`${DEFAULT_AGENTS_AT_WORK} of ${DEFAULT_AGENTS_AT_WORK} present`).waitFor();

    dashboard.network.blackHole();
    const banner = page.getByRole('alert');
    await banner.getByText('The database is away').waitFor({ timeout: 60_000 });
    await banner.getByText(/^State of \d\d:\d\d:\d\d, \d+ s old$/).waitFor();
    await page.getByText('performance_monitor').first().waitFor();
    await page
      .getByText('Reconnecting')
      .or(page.getByText('Live', { exact: true }))
      .first()
      .waitFor();
    expect(await page.getByRole('heading', { name: 'Overview' }).isVisible()).toBe(true);
    // Nobody was heard of since: that must be said, not the last good word repeated.
    await page
      .getByText(/^stale: /)
      .first()
      .waitFor({ timeout: 60_000 });

    dashboard.network.heal();
    await banner.getByText('The database is away').waitFor({ state: 'hidden', timeout: 60_000 });
    await page.getByText(`${DEFAULT_AGENTS_AT_WORK} of ${DEFAULT_AGENTS_AT_WORK} present`).waitFor({ timeout: 60_000 });
    seen.expectNone(/status of 503|net::ERR/);
    await context.close();
  }, 300_000);
});
