import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sql } from '../../db/sql.ts';
import { bearer, testServer, type TestServer } from '../../../test/server/support/test-server.ts';
import { POINTS_AT, type Level, type Verdict } from './finding.ts';
import { HEALTH_KEY } from './health-key.ts';
import { healthModule } from './index.ts';
import { judgementOf } from './report.ts';
import { pruneScores, recordScores, Scores } from './scores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ modules: [healthModule] });
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => server.database.database.query(sql`delete from muster.health_scores`));

const found = (level: Level, what = 'connections', value: number | string = 1): Verdict => ({
  kind: 'finding',
  id: `database/${what}`,
  subject: 'database',
  check: what,
  level,
  points: POINTS_AT[level],
  text: `${what}: ${value}`,
  value,
  threshold: 1,
  remedy: 'close some',
});
const fine: Verdict = { kind: 'fine', subject: 'database', check: 'ok' };
const unknown: Verdict = { kind: 'unknown', subject: 'database', check: 'locks', why: 'not measured' };

/** An hour ago, so many minutes on. */
const start = Date.now() - 3_600_000;
const at = (minute: number): number => start + minute * 60_000;

const judge = (minute: number, verdicts: readonly Verdict[], seenUntil: number | null = null, paused: readonly `agent:${string}`[] = []) =>
  server.database.database.transaction((tx) => recordScores(tx, judgementOf(verdicts, paused), { now: at(minute), seenUntil }));

const rows = () =>
  new Scores(server.database.database)
    .history('database', { limit: 100 })
    .then((all) =>
      all
        .toReversed()
        .map(({ since, until, score }) => [(since - start) / 60_000, until === null ? null : (until - start) / 60_000, score]),
    );

/** As the agent leaves it: judged now, good for a while. */
const judged = (goodForMs: number) =>
  server.ask('PUT', `/system-state/${HEALTH_KEY}`, {
    body: { value: { evaluated_at: new Date().toISOString(), good_until: new Date(Date.now() + goodForMs).toISOString() } },
  });

describe('what is kept of scores', () => {
  it('is one row as long as it stays the same, whose figures are renewed, and a new one when it changes', async () => {
    await judge(0, [fine, found('warning', 'connections', 0.81)]);
    await judge(1, [fine, found('warning', 'connections', 0.82)]);
    expect(await rows()).toEqual([[0, null, 85]]);
    const row = await new Scores(server.database.database).of('database');
    expect(row?.findings[0]?.text).toBe('connections: 0.82');
    await judge(2, [fine, found('critical')]);
    await judge(3, [fine]);
    expect(await rows()).toEqual([
      [0, 2, 85],
      [2, 3, 45],
      [3, null, 100],
    ]);
  });

  it('leaves a gap where nobody judged: that time is known of nobody', async () => {
    await judge(0, [fine]);
    await judge(20, [fine], at(1));
    expect(await rows()).toEqual([
      [0, 1, 100],
      [20, null, 100],
    ]);
    expect(await new Scores(server.database.database).of('database', at(10))).toBeUndefined();
    expect((await server.ask('GET', `/health-scores/database?at=${Math.round(at(10))}`)).statusCode).toBe(404);
  });

  it('ends with its subject', async () => {
    await judge(0, [fine], null, ['agent:gone']);
    await judge(1, [fine]);
    expect(await new Scores(server.database.database).of('agent:gone')).toBeUndefined();
  });

  it('is forgotten after a while, but never what still is so', async () => {
    await judge(0, [fine]);
    await judge(1, [found('warning'), fine]);
    expect(await pruneScores(server.database.database, 60_000)).toBe(2);
    expect(await rows()).toEqual([[1, null, 85]]);
  });

  it('can be judged twice at the same instant', async () => {
    await judge(0, [fine]);
    await judge(0, [found('warning'), fine]);
    expect(await rows()).toEqual([[0, null, 85]]);
  });
});

describe('the API', () => {
  it('answers why: the findings with their points, what had no data, what holds it down, and since when', async () => {
    await judge(0, [fine, fine, found('critical'), unknown]);
    await judged(60_000);
    const answer = (await server.ask('GET', '/health-scores/database')).json();
    expect(answer).toMatchObject({
      subject: 'database',
      score: 45,
      band: 'critical',
      level: 'critical',
      coverage: 0.75,
      findings: [{ id: 'database/connections', points: 55, text: 'connections: 1', remedy: 'close some' }],
      unknown: ['locks: not measured'],
      caps: [
        { score: 49, because: 'something is critical' },
        { score: 89, because: '1 of 4 checks had no data' },
      ],
      since: new Date(at(0)).toISOString(),
      until: null,
    });
  });

  it('answers what changed since a time', async () => {
    await judge(0, [fine, found('warning', 'locks'), found('warning')], null, ['agent:idle']);
    await judge(10, [fine, found('critical'), found('info', 'slots'), unknown], null, ['agent:idle']);
    await judged(60_000);
    const answer = (await server.ask('GET', `/health-scores/changes?since=${Math.round(at(5))}`)).json();
    const database = answer.items.find((each: { subject: string }) => each.subject === 'database');
    expect(database).toMatchObject({
      before: 72.2,
      found: [{ id: 'database/slots' }],
      gone: [{ id: 'database/locks' }],
      graver: [{ id: 'database/connections', level: 'critical' }],
      lighter: [],
      lost_sight: ['locks'],
    });
    expect(database.difference).toBeCloseTo(database.now - 72.2, 1);
    expect(answer.items.map((each: { subject: string }) => each.subject).toSorted()).toEqual(['database', 'fleet']);
    const nothing = (await server.ask('GET', `/health-scores/changes?since=${Math.round(at(11))}`)).json();
    expect(nothing.items).toEqual([]);
  });

  it('tells every monitored database, each by its name', async () => {
    const shop = found('emergency', 'up');
    await judge(0, [fine, { ...shop, subject: 'database:shop' }]);
    await judged(60_000);
    const listed = (await server.ask('GET', '/health-scores?kind=database')).json();
    expect(listed.items.map(({ subject, score }: Record<string, unknown>) => [subject, score])).toEqual([
      ['database', 100],
      ['database:shop', 20],
    ]);
    expect((await server.ask('GET', '/health-scores/database:shop')).json()).toMatchObject({
      findings: [{ text: 'up: 1' }],
      level: 'emergency',
    });
    expect((await server.ask('GET', '/health-scores/fleet')).json()).toMatchObject({
      level: null,
      components: expect.arrayContaining([expect.objectContaining({ name: 'databases', score: 20 })]) as unknown,
    });
  });

  it('pages through lists and histories, and refuses a cursor of another', async () => {
    await judge(0, [fine], null, ['agent:a', 'agent:b']);
    await judge(1, [fine, found('warning')], null, ['agent:a', 'agent:b']);
    await judged(60_000);
    const first = (await server.ask('GET', '/health-scores?limit=3')).json();
    const second = (await server.ask('GET', `/health-scores?limit=3&cursor=${first.next_cursor}`)).json();
    expect([...first.items, ...second.items].map(({ subject, score }) => [subject, score])).toEqual([
      ['agent:a', null],
      ['agent:b', null],
      ['database', 85],
      ['fleet', 85],
    ]);
    expect(second.next_cursor).toBeNull();
    const only = async (query: string): Promise<unknown> =>
      (await server.ask('GET', `/health-scores?${query}`)).json().items.map(({ subject }: { subject: string }) => subject);
    expect([await only('kind=agent'), await only('subject=database'), await only('subject=nobody')]).toEqual([
      ['agent:a', 'agent:b'],
      ['database'],
      [],
    ]);
    const history = (await server.ask('GET', '/health-scores/database/history?limit=1')).json();
    const older = (await server.ask('GET', `/health-scores/database/history?limit=1&cursor=${history.next_cursor}`)).json();
    expect([history.items[0].score, older.items[0].score, older.next_cursor]).toEqual([85, 100, null]);
    expect((await server.ask('GET', `/health-scores/fleet/history?cursor=${history.next_cursor}`)).statusCode).toBe(400);
  });

  it('does not pass off an old score as one of now', async () => {
    await judge(0, [fine]);
    await judged(-1_000);
    const answer = (await server.ask('GET', '/health-scores')).json();
    expect(answer.stale).toBe(true);
    expect(answer.items.map(({ subject, score, band }: Record<string, unknown>) => [subject, score, band])).toEqual([
      ['database', null, 'unknown'],
      ['fleet', null, 'unknown'],
    ]);
    expect(answer.items[0].unknown[0]).toMatch(/nobody has judged it since .*; it said 100/);
  });

  it('is for who may see agents', async () => {
    expect((await server.ask('GET', '/health-scores', { headers: {} })).statusCode).toBe(401);
    const key = await server.key('viewer', { scopes: ['metrics:read'] });
    expect((await server.ask('GET', '/health-scores', { headers: bearer(key) })).statusCode).toBe(403);
  });
});
