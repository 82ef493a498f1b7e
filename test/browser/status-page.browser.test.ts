import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { statusModule } from '../../src/modules/status/index.ts';
import { componentsOf } from '../../src/modules/status/component.ts';
import { recordSightings, writeComponents } from '../../src/modules/status/intervals.ts';
import { testServer, type TestServer } from '../server/support/test-server.ts';
import { missing } from '../support/requirements.ts';
import { accessibilityViolations, newContext, openBrowser, watch } from './support/browser.ts';

/** Where pictures go, for whoever wants to look. */
const PICTURES = process.env['MUSTER_PICTURES'];

describe.skipIf(missing('chromium'))('the status page', () => {
  let server: TestServer;
  let browser: Browser;
  let url: string;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'muster-status-'));
    [server, browser] = await Promise.all([testServer({ modules: [statusModule], dataDir: folder }), openBrowser()]);
    const { database } = server.database;
    await database.transaction((tx) => writeComponents(tx, componentsOf([])));
    await database.query(sql`update muster.status_components set created_at = now() - interval '80 days'`);
    // Eighty days: an outage now and then, a week in which nobody looked, and a night of maintenance.
    await database.query(sql`insert into muster.status_days (component, day, state, in_maintenance, ms)
      select c.key, (now() at time zone 'UTC')::date - n, s.state, s.state = 'down' and n = 20, s.ms
      from muster.status_components c, generate_series(3, 79) n cross join lateral (values
        ('up', case when n in (12, 20, 47) then 82800000 else 86400000 end), ('down', case when n in (20, 47) then 3600000 else 0 end),
        ('degraded', case when n = 12 then 3600000 else 0 end)) s(state, ms)
      where n not between 60 and 66 and s.ms > 0 and (c.key <> 'hosts' or s.state = 'up')`);
    await database.query(sql`insert into muster.status_intervals select key, now() - interval '2 days', now(), case key when 'agents' then 'degraded' else 'up' end, false
      from muster.status_components`);
    await database.transaction((tx) => recordSightings(tx, [{ component: 'database', state: 'up', inMaintenance: false }], 60_000));
    await server.ask('PUT', '/system-state/status:page', {
      body: { value: { enabled: true, title: 'Example services', every_ms: 3_600_000 } },
    });
    url = `${await server.listen()}/status`;
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ['light', 1_280, 900],
    ['dark', 1_280, 900],
    ['light', 390, 844],
    ['dark', 390, 844],
  ] as const)(
    'in %s, %d wide, needs no script, breaks no rule of accessibility and does not scroll sideways',
    async (colorScheme, width, height) => {
      // A browser without scripts shows the same; axe itself needs them.
      for (const javaScriptEnabled of [false, true]) {
        const context = await newContext(browser, { colorScheme, viewport: { width, height }, javaScriptEnabled });
        const seen = watch(context, new URL(url).origin);
        const page = await context.newPage();
        await page.goto(url);
        expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Example services');
        const agents = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Agents' }) });
        expect(await agents.textContent()).toMatch(/Degraded since .* UTC/);
        const bars = await agents.getByRole('img').getAttribute('aria-label');
        expect(bars).toMatch(/^Agents, the last 90 days: 99\.\d+%, down for 2 h, unknown for \d+ d/);
        expect(await agents.textContent()).toMatch(/without maintenance/);
        expect(await page.locator('svg.bars.short').first().isVisible()).toBe(width < 640);
        if (javaScriptEnabled) {
          expect(await accessibilityViolations(page)).toEqual([]);
          const overflow = await page.evaluate(() => {
            const { document } = globalThis as unknown as { document: { documentElement: { scrollWidth: number; clientWidth: number } } };
            return document.documentElement.scrollWidth - document.documentElement.clientWidth;
          });
          expect(overflow).toBeLessThanOrEqual(0);
        } else if (PICTURES !== undefined) {
          await page.screenshot({ path: join(PICTURES, `status-${colorScheme}-${width}.png`), fullPage: true });
        }
        seen.expectNone();
        await context.close();
      }
    },
  );

  test('can be read by keyboard: the days that were not well open with Enter', async () => {
    const context = await newContext(browser);
    const page = await context.newPage();
    await page.goto(url);
    await page.keyboard.press('Tab');
    const open = page.locator('details[open]');
    expect(await open.count()).toBe(0);
    await page.keyboard.press('Enter');
    await open.waitFor();
    expect(await open.getByRole('row').count()).toBeGreaterThan(5);
    await context.close();
  });
});
