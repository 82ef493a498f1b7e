import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentId, newRunId, type Epoch, type HostId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { DEFAULT_AGENTS_AT_WORK } from '../cli/support/default-agents.ts';
import { missing } from '../support/requirements.ts';
import { until } from '../support/until.ts';
import { accessibilityViolations, newContext, openBrowser, watch, type Watch } from './support/browser.ts';
import { startDashboard, type Dashboard } from './support/dashboard.ts';

describe.skipIf(missing('chromium'))('the dashboard', { timeout: 180_000 }, () => {
  let dashboard: Dashboard;
  let browser: Browser;
  let context: BrowserContext;
  let seen: Watch;
  let page: Page;

  beforeAll(async () => {
    [dashboard, browser] = await Promise.all([startDashboard(), openBrowser()]);
    context = await newContext(browser);
    seen = watch(context, dashboard.url);
    page = await context.newPage();
    await page.goto(await dashboard.signInLink());
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await dashboard?.[Symbol.asyncDispose]();
  });

  test('the overview calls the roll and shows measured figures that go on changing', async () => {
    await page.goto(`${dashboard.url}/`);
    await page.getByText(`${DEFAULT_AGENTS_AT_WORK} of ${DEFAULT_AGENTS_AT_WORK} present`).waitFor();
    await page.getByRole('list', { name: 'Open slots' }).getByText('Business intelligence').waitFor();
    const memory = page.getByRole('region', { name: 'Memory', exact: true });
    await memory.getByRole('img').waitFor({ timeout: 60_000 });
    expect(await memory.getByRole('img').getAttribute('aria-label')).toMatch(/^Memory, last .*latest \d[\d.]* %/);
    const figures = (): Promise<string> =>
      page
        .getByRole('region')
        .filter({ has: page.getByRole('img') })
        .allInnerTexts()
        .then((texts) => texts.join());
    const before = await figures();
    expect(before).toMatch(/\d %/);
    await until('a figure changes', async () => (await figures()) !== before, 20_000);
    await page
      .getByRole('region', { name: 'PostgreSQL' })
      .or(page.getByText(/^PostgreSQL 1\d/))
      .first()
      .waitFor();
    seen.expectNone();
  });

  test('a page whose code cannot be fetched says so, and takes nothing else with it', async () => {
    const other = await newContext(browser, { storageState: await context.storageState() });
    const visitor = await other.newPage();
    await visitor.goto(`${dashboard.url}/`);
    await visitor.getByRole('heading', { name: 'Overview' }).waitFor();
    // As after an update, when a window asks for parts that are no more.
    await visitor.route('**/assets/*.js', (route) => route.fulfill({ status: 404 }));
    await visitor.getByRole('link', { name: 'Traces' }).first().click();
    const failure = visitor.getByRole('heading', { name: 'This page did not load' });
    await failure.waitFor();
    await visitor.getByRole('link', { name: 'Events' }).first().click();
    await visitor.getByRole('heading', { name: 'Events', level: 1 }).waitFor();
    await visitor.goBack();
    await failure.waitFor();
    await visitor.unroute('**/assets/*.js');
    await visitor.getByRole('button', { name: 'Reload' }).click();
    await visitor.getByText('No conversation has come yet').waitFor();
    expect(await failure.count()).toBe(0);
    await other.close();
  });

  test('a chart tells the same as a table', async () => {
    const memory = page.getByRole('region', { name: 'Memory', exact: true });
    await memory.getByRole('button', { name: 'Memory as a table' }).click();
    // Some of the points in time lie before the first sample, and have no value.
    const row = memory.getByRole('row').filter({ hasText: '%' }).first();
    expect(await row.innerText()).toMatch(/\d\d:\d\d:\d\d\s+\d[\d.]* %/);
    await memory.getByRole('button', { name: 'Memory as a table' }).click();
    await memory.getByRole('img').waitFor();
  });

  test('an event that happens now appears by itself', async () => {
    await page.goto(`${dashboard.url}/events`);
    await page.getByRole('list', { name: 'Events, newest first' }).waitFor();
    await dashboard.state.events.append([{ type: 'greeting:sent', data: { message: 'hello from a test' } }]);
    await page.getByText('hello from a test').waitFor();
    expect(await page.getByText('hello from a test').count()).toBe(1);

    await page.getByRole('button', { name: 'Pause' }).click();
    await dashboard.state.events.append([{ type: 'greeting:sent', data: { message: 'while paused' } }]);
    await page.getByRole('button', { name: /^Go on, \d+ new/ }).click();
    await page.getByText('while paused').waitFor();
    seen.expectNone();
  });

  test('an agent is restarted for real, after a question, and the page says what became of the command', async () => {
    const id = agentId('test_agent_1');
    const starts = async (): Promise<number> =>
      (await dashboard.state.events.list({ type: 'agent:started', agentId: id }, { limit: 10 })).length;
    await page.goto(`${dashboard.url}/agents`);
    const row = page.getByRole('row', { name: /test_agent_1/ });
    await row.getByText('Running').filter({ visible: true }).waitFor();
    const before = await starts();

    await row.getByRole('button', { name: 'Actions for test_agent_1' }).click();
    await page.getByRole('menuitem', { name: 'Restart' }).click();
    const question = page.getByRole('dialog', { name: 'Restart test_agent_1?' });
    await question.getByRole('button', { name: 'Cancel' }).click();
    expect((await dashboard.state.commands.list({ agentId: id }, { limit: 10 })).items).toEqual([]);

    await row.getByRole('button', { name: 'Actions for test_agent_1' }).click();
    await page.getByRole('menuitem', { name: 'Restart' }).click();
    await question.getByRole('button', { name: 'Restart' }).click();
    await page
      .getByRole('region', { name: 'Commands given' })
      .getByText(/^Done in/)
      .waitFor({ timeout: 60_000 });
    expect(
      (await dashboard.state.commands.list({ agentId: id }, { limit: 10 })).items.map(({ command, state }) => [command, state]),
    ).toEqual([['restart', 'done']]);
    await until('it has started again', async () => (await starts()) > before);
    await row.getByText('Running').filter({ visible: true }).waitFor();
    seen.expectNone();
  });

  test('pausing and resuming from the page of an agent changes what is desired', async () => {
    const id = agentId('test_agent_2');
    await page.goto(`${dashboard.url}/agents/test_agent_2`);
    await page.getByRole('button', { name: 'Pause' }).click();
    await until('it is paused', async () => (await dashboard.state.agents.get(id))?.state === 'paused');
    await page.getByRole('button', { name: 'Resume' }).click();
    await until('it is active', async () => (await dashboard.state.agents.get(id))?.state === 'active');
    await page.getByRole('region', { name: 'Commands', exact: true }).getByText('resume').waitFor();
    seen.expectNone();
  });

  test('the page of an agent shows what it did and said, and where it ran', async () => {
    const { agentId: id, epoch, hostId } = await heldAgent('test_agent_1');
    const [runId, startedAt] = [newRunId(Date.now()), Date.now()];
    const name = { agentId: id, epoch };
    const run = {
      ...name,
      runId,
      runNumber: 900,
      trigger: 'command',
      scheduledFor: null,
      startedAt,
      linesKept: 1,
      linesDropped: 41,
    } as const;
    const line = { ...name, at: startedAt, level: 'warn', fields: '{"tray":2}' } as const;
    await dashboard.state.ledger.write(hostId, {
      runs: [{ ...run, endedAt: startedAt + 40, outcome: 'failed', durationMs: 40, error: 'the printer is on fire', result: null }],
      lines: [
        { ...line, seq: 900_001, runId, message: 'no paper' },
        { ...line, seq: 900_002, runId: null, message: 'said outside' },
      ],
    });
    await page.goto(`${dashboard.url}/agents/test_agent_1`);
    const runs = page.getByRole('region', { name: 'Runs', exact: true });
    await runs.getByText('the printer is on fire').waitFor();
    expect(await runs.getByRole('img').getAttribute('aria-label')).toMatch(/^The newest \d+ runs: 1 failed; half took up to /);
    const log = page.getByRole('region', { name: 'Log' });
    await log.getByText('said outside').waitFor();
    expect(await log.getByRole('listitem').first().innerText()).toMatch(/said outside\s*tray=2/);
    await runs.getByRole('button', { name: '1 line of 42' }).click();
    await log.getByText('said outside').waitFor({ state: 'detached' });
    await log.getByText('no paper').waitFor();
    await log.getByRole('button', { name: 'of one run' }).click();
    await log.getByText('said outside').waitFor();
    await log.getByRole('searchbox').fill('PAPER');
    await log.getByText('said outside').waitFor({ state: 'detached' });
    await runs.getByRole('combobox', { name: 'Outcome' }).selectOption('failed');
    await until('only the failed one is listed', async () => (await runs.getByRole('listitem').count()) === 1);
    await page.getByRole('region', { name: 'Where it ran' }).getByText('first start: nobody had held it before').waitFor();
    seen.expectNone();
  });

  test('1,000 agents are a short page: rows exist where they are seen, and the keyboard reaches the last one', async () => {
    await dashboard.state.agents.ensure(
      Array.from({ length: 1_000 }, (_, index) => ({
        agentId: `zz_${String(index).padStart(4, '0')}`,
        name: `Many ${index}`,
        type: 'test_agent',
        state: 'inactive' as const,
      })),
    );
    await page.goto(`${dashboard.url}/agents?sort=name`);
    await page.getByText(/^1.0\d\d agents$/).waitFor();
    expect(await page.getByRole('row').count()).toBeLessThan(80);
    expect(await page.getByRole('table').getAttribute('aria-rowcount')).toMatch(/^10\d\d$/);
    await page.getByRole('link', { name: 'agent_coordinator', exact: true }).focus();
    await page.keyboard.press('End');
    await until('the last row has the focus', () =>
      page
        .getByRole('link', { name: 'zz_0999', exact: true })
        .evaluate((link) => link === link.ownerDocument.activeElement)
        .catch(() => false),
    );
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${dashboard.url}/agents/alert*`);

    await page.goto(`${dashboard.url}/agents`);
    await page.getByRole('searchbox', { name: 'Search by id or name' }).fill('many 77');
    await page.getByText(/^11 of 1.0\d\d agents$/).waitFor();
    expect(page.url()).toContain('search=many+77');
    await dashboard.state.database.query(sql`delete from muster.agents where agent_id like 'zz%'`);
    seen.expectNone();
  });

  test('keys lead everywhere, and the theme that was chosen stays', async () => {
    await page.goto(`${dashboard.url}/`);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await page.waitForURL(`${dashboard.url}/agents`);
    await page.getByRole('searchbox').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('coord');
    await page.getByText(/^1 of \d+ agents$/).waitFor();

    const ground = (): Promise<string> => page.evaluate(groundColour);
    const light = await ground();
    await page.getByRole('radio', { name: 'Dark' }).check();
    await until('the ground is dark', async () => (await ground()) !== light);
    const dark = await ground();
    await page.reload();
    await page.getByRole('searchbox').waitFor();
    expect(await ground()).toBe(dark);
    await page.getByRole('radio', { name: 'As the system' }).check();
    expect(await ground()).toBe(light);
    seen.expectNone();
  });

  test('nothing moves while data arrive', async () => {
    const fresh = await newContext(browser, { storageState: await context.storageState() });
    await fresh.addInitScript(() => {
      const shifts = { total: 0 };
      Object.assign(globalThis, { shifts });
      // The browser's observer, which knows layout; the types here are those of Node's.
      const observer = new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as unknown as readonly { readonly value: number }[]) shifts.total += entry.value;
      });
      observer.observe({ type: 'layout-shift' as 'mark', buffered: true });
    });
    const visitor = await fresh.newPage();
    await visitor.goto(`${dashboard.url}/`);
    await visitor.getByText(`${DEFAULT_AGENTS_AT_WORK} of ${DEFAULT_AGENTS_AT_WORK} present`).waitFor();
    await visitor.getByRole('region', { name: 'CPU', exact: true }).getByRole('img').waitFor({ timeout: 60_000 });
    const total = await visitor.evaluate(() => (globalThis as unknown as { shifts: { total: number } }).shifts.total);
    await fresh.close();
    // Below 0.1 is called good; a scrollbar or a late font alone would be more than this.
    expect(total).toBeLessThan(0.05);
  });

  async function heldAgent(
    name: string,
  ): Promise<{ readonly agentId: ReturnType<typeof agentId>; readonly epoch: Epoch; readonly hostId: HostId }> {
    const agent = await dashboard.state.agents.get(agentId(name));
    if (agent === undefined || agent.hostId === null) throw new Error(`no host holds ${name}`);
    return { agentId: agent.agentId, epoch: agent.epoch, hostId: agent.hostId };
  }

  test('a host is drained after a question, gives its agents away, and takes them again when it is resumed', async () => {
    const agents = async (): Promise<number | undefined> => (await dashboard.state.hosts.list({ live: true }))[0]?.agents;
    const before = await agents();
    await page.goto(`${dashboard.url}/hosts`);
    const row = page.getByRole('row').filter({ hasText: `pid ${process.pid}` });
    await row.getByRole('button', { name: /^Drain/ }).click();
    const question = page.getByRole('dialog');
    expect(await question.innerText()).toMatch(/The other hosts have no room for \d+ of them: these wait\./);
    await question.getByRole('button', { name: 'Drain' }).click();
    await row.getByText('Drained').waitFor({ timeout: 60_000 });
    await row.getByRole('button', { name: /^Resume/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
    await row.getByText('Live', { exact: true }).or(row.getByText('Overloaded')).waitFor({ timeout: 60_000 });
    await until('all agents are back', async () => (await agents()) === before, 20_000);
    seen.expectNone();
  });

  const pages = [
    ['/', 'Overview'],
    ['/agents', 'Agents'],
    ['/agents/performance_monitor', 'Performance monitor'],
    ['/agents/nobody', 'nobody'],
    ['/alerts', 'Alerts'],
    ['/incidents', 'Incidents'],
    ['/incidents/00000000-0000-4000-8000-000000000000', 'Incident'],
    ['/rules', 'Rules'],
    ['/rules?new', 'New rule'],
    ['/rules/host_disk_full', 'host_disk_full'],
    ['/rules/agent_lost', 'agent_lost'],
    ['/on-call', 'On call'],
    ['/quiet', 'Quiet times'],
    ['/channels', 'Channels'],
    ['/channels/nobody', 'nobody'],
    ['/monitors', 'Monitors'],
    ['/healing', 'Healing'],
    ['/hosts', 'Hosts'],
    ['/events', 'Events'],
    ['/nowhere', 'No such page'],
    ['/sign-in', 'Sign in to Muster'],
  ] as const;
  // Contrast depends on the theme, overlap and reach on the width: two visits cover both.
  for (const { colorScheme, viewport } of [
    { colorScheme: 'light', viewport: { width: 1440, height: 900 } },
    { colorScheme: 'dark', viewport: { width: 380, height: 800 } },
  ] as const) {
    test(`every page is accessible and fits: ${colorScheme}, ${viewport.width} px wide`, async () => {
      const other = await newContext(browser, {
        colorScheme,
        viewport,
        reducedMotion: 'reduce',
        storageState: await context.storageState(),
      });
      const heard = watch(other, dashboard.url);
      const visitor = await other.newPage();
      for (const [path, heading] of pages) {
        await visitor.goto(`${dashboard.url}${path}`);
        await visitor.getByRole('heading', { name: heading, level: 1 }).waitFor();
        await visitor.waitForLoadState('load');
        // Charts below the edge of the screen wait for it to come near.
        await until(`${path} has its data`, async () => (await visitor.locator('.skeleton').evaluateAll(countOnScreen)) === 0, 20_000);
        expect(await accessibilityViolations(visitor), path).toEqual([]);
        const tooWide = await visitor.evaluate(() => {
          const { document } = globalThis as unknown as { document: { documentElement: { scrollWidth: number; clientWidth: number } } };
          return document.documentElement.scrollWidth - document.documentElement.clientWidth;
        });
        expect(tooWide, path).toBeLessThanOrEqual(0);
      }
      // The agent that does not exist answers 404, which the browser itself reports.
      heard.expectNone(/status of 404/);
      await other.close();
    });
  }
});

/** Runs in the page, whose types this project of Node's does not know. */
function countOnScreen(elements: readonly { getBoundingClientRect(): { readonly top: number } }[]): number {
  const { innerHeight } = globalThis as unknown as { readonly innerHeight: number };
  return elements.filter((element) => element.getBoundingClientRect().top < innerHeight).length;
}

function groundColour(): string {
  const { document, getComputedStyle } = globalThis as unknown as {
    readonly document: { readonly documentElement: object };
    readonly getComputedStyle: (element: object) => { readonly backgroundColor: string };
  };
  return getComputedStyle(document.documentElement).backgroundColor;
}
