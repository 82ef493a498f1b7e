import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing } from '../support/requirements.ts';
import { newContext, openBrowser, watch } from './support/browser.ts';
import { startDashboard, type Dashboard } from './support/dashboard.ts';

describe.skipIf(missing('chromium'))('signing in', { timeout: 180_000 }, () => {
  let dashboard: Dashboard;
  let browser: Browser;
  beforeAll(async () => {
    [dashboard, browser] = await Promise.all([startDashboard(), openBrowser()]);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await dashboard?.[Symbol.asyncDispose]();
  });

  test('a link opens the dashboard once, leaves no token in the address, and says what to do when it is used', async () => {
    const link = await dashboard.signInLink();
    const first = await newContext(browser);
    const seen = watch(first, dashboard.url);
    const page = await first.newPage();
    await page.goto(link);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(page.url()).toBe(`${dashboard.url}/`);
    await page.reload();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.goBack();
    expect(page.url()).not.toContain('token');
    seen.expectNone();
    await first.close();

    const second = await newContext(browser);
    const again = await second.newPage();
    await again.goto(link);
    const refusal = again.getByRole('alert');
    await refusal.getByText('This link no longer works').waitFor();
    await refusal.getByText('muster sign-in').waitFor();
    expect(again.url()).not.toContain('token');
    await second.close();
  });

  test('a link that is too old is refused with the same remedy', async () => {
    const link = await dashboard.signInLink(1);
    const context = await newContext(browser);
    const page = await context.newPage();
    await page.goto(link);
    await page.getByText('This link no longer works').waitFor();
    expect(await page.getByRole('alert').innerText()).toContain('muster sign-in');
    await context.close();
  });

  test('whoever is not signed in is sent to sign in, and afterwards to where they wanted', async () => {
    const context = await newContext(browser);
    const page = await context.newPage();
    await page.goto(`${dashboard.url}/agents?search=test`);
    await page.getByRole('heading', { name: 'Sign in to Muster' }).waitFor();
    await page.getByLabel('API key').fill('no-such-key-at-all');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This key is not accepted').waitFor();

    const token = new URL(await dashboard.signInLink()).searchParams.get('token') ?? '';
    const here = new URL(page.url());
    here.searchParams.set('token', token);
    await page.goto(here.href);
    await page.getByRole('heading', { name: 'Agents' }).waitFor();
    expect(page.url()).toBe(`${dashboard.url}/agents?search=test`);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Muster' }).waitFor();
    await page.goto(`${dashboard.url}/`);
    await page.getByRole('heading', { name: 'Sign in to Muster' }).waitFor();
    await context.close();
  });

  test('a link cannot send a visitor to another site', async () => {
    const context = await newContext(browser);
    const seen = watch(context, dashboard.url);
    const page = await context.newPage();
    await page.goto(`${await dashboard.signInLink()}&next=${encodeURIComponent('//example.org/')}`);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    expect(new URL(page.url()).origin).toBe(dashboard.url);
    seen.expectNone();
    await context.close();
  });
});
