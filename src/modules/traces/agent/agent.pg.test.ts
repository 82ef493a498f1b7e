import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, BOOTSTRAP, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { sql } from '../../../db/sql.ts';
import { partitionsOf } from '../../../db/partitions.ts';
import { tracesModule } from '../index.ts';
import { intakeOf } from '../intake/index.ts';
import { noWake } from '../../../base/wake.ts';
import { silentLogger } from '../../../base/logger.ts';
import { KEPT_TABLES, TracePartitions } from '../partitions/partitions.ts';
import { pruneLeftovers } from '../retention/leftovers.ts';
import { keepRetention, overdue } from '../retention/retention.ts';
import { removeProject } from '../reads/project-store.ts';
import { dayOf } from '../run/days.ts';
import { addDays, SettingsStore } from '../settings/index.ts';
import { adoptOrphans } from './orphans.ts';
import { readCosts, readCounts, readReaders } from './readings.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
});
afterAll(() => server[Symbol.asyncDispose]());

const database = () => server.database.database;
const intake = () => intakeOf({ state: server.state, wake: noWake, log: silentLogger });
const never = new AbortController().signal;
const keep = (most?: number) => keepRetention(database(), new SettingsStore(database()), never, most);
const todayNo = dayOf(Date.now() * 1_000);
const today = new Date().toISOString().slice(0, 10);

/** Runs of a project on a day of a class, as they would lie there. */
async function place(project: string, keepDays: number, daysAgo: number, count = 1): Promise<readonly string[]> {
  await new TracePartitions(database()).ensure(keepDays, todayNo - daysAgo);
  const found = await intake().projects.resolve({ name: project });
  const ids = Array.from({ length: count }, () => randomUUID());
  await database().query(sql`
    insert into muster.trace_runs (start_time, run_id, trace_id, project_no, day, keep_days, run_type, status, inputs, total_cost)
    select ${addDays(today, -daysAgo)}::date + interval '12 hours', id, id, ${found?.projectNo ?? 0}, ${addDays(today, -daysAgo)}::date, ${keepDays}, 1, 1, 'null', 0.5
    from unnest(${ids}::uuid[]) as id`);
  return ids;
}
const there = async (ids: readonly string[]): Promise<number> =>
  (await database().query(sql`select from muster.trace_runs where run_id = any(${ids}::uuid[])`)).count;

describe('retention', () => {
  it('makes partitions for the days to come, and drops days that are over', async () => {
    const [old, young] = [await place('a', 30, 31), await place('a', 30, 29)];
    const report = await keep();
    expect(report.dropped).toContain(`trace_runs_k30_${addDays(today, -31).replaceAll('-', '')}`);
    expect([await there(old), await there(young)]).toEqual([0, 1]);
    expect(await partitionsOf(database(), 'trace_runs_k30')).toContain(`trace_runs_k30_${addDays(today, 2).replaceAll('-', '')}`);
    expect((await keep()).dropped).toEqual([]);
  });

  it('deletes what a project keeps no longer since it keeps for less, a part of it a call, and of no other project', async () => {
    const mine = await place('shortened', 30, 10, 5);
    const [recent, other] = [await place('shortened', 30, 5), await place('other', 30, 10)];
    await new SettingsStore(database()).setProject('shortened', { retention: { days: 7 } });
    expect(await keep(0)).toMatchObject({ deleted: 0, more: true });
    expect(await keep()).toMatchObject({ deleted: 5, more: false });
    expect([await there(mine), await there(recent), await there(other)]).toEqual([0, 1, 1]);
  });

  it('gives the disk of a day back that nobody keeps any longer, and leaves one that somebody does', async () => {
    const [mine, ours] = [await place('brief', 40, 10, 3), await place('brief', 40, 12)];
    const other = await place('other', 40, 12);
    await new SettingsStore(database()).setProject('brief', { retention: { days: 7 } });
    const { dropped } = await keep();
    const gone = KEPT_TABLES.flatMap((table) =>
      (table === 'trace_runs' ? [10] : [10, 12]).map((daysAgo) => `${table}_k40_${addDays(today, -daysAgo).replaceAll('-', '')}`),
    );
    expect(dropped.filter((name) => name.includes('_k40_')).toSorted()).toEqual(gone.toSorted());
    expect([await there(mine), await there(ours), await there(other)]).toEqual([0, 0, 1]);
    // A run that comes late makes its day anew.
    expect(await there(await place('other', 40, 10))).toBe(1);
  });

  it('deletes what removed projects left behind, a part of it a call, and nothing of others', async () => {
    const gone = [...(await place('removed', 30, 10, 3)), ...(await place('removed', 30, 1, 2))];
    const other = await place('other', 30, 10);
    const project = await intake().projects.byName('removed');
    const projectNo = project?.projectNo ?? 0;
    for (const no of [projectNo, (await intake().projects.byName('other'))?.projectNo]) {
      const { rows } = await database().query<{ name: string }>(sql`
        select attname as name from pg_attribute where attrelid = 'muster.trace_figures'::regclass and attnum > 0`);
      const figure = {
        ...Object.fromEntries(rows.map(({ name }) => [name, 0])),
        bucket: today,
        latency: '\\x',
        first_token: '\\x',
        project_no: no,
      };
      await database().query(
        sql`insert into muster.trace_figures select * from jsonb_populate_record(null::muster.trace_figures, ${JSON.stringify(figure)}::jsonb)`,
      );
    }
    await database().query(sql`insert into muster.trace_shares (token, run_id, trace_id, project_no, created_by)
      values (gen_random_uuid(), ${gone[0]}, ${gone[0]}, ${projectNo}, 'somebody')`);
    const figures = async (): Promise<number> =>
      (await database().query(sql`select from muster.trace_figures where project_no = ${projectNo}`)).count;
    expect(await keep()).toMatchObject({ deleted: 0, more: false });
    expect([await there(gone), await figures()]).toEqual([5, 1]);
    const all = (await database().query(sql`select from muster.trace_figures`)).count;
    expect(await removeProject(database(), projectNo)).toBe(true);
    expect(await keep(1)).toMatchObject({ deleted: 3, more: true });
    expect(await keep()).toMatchObject({ deleted: 4, more: false });
    expect([await there(gone), await there(other), await figures()]).toEqual([0, 1, 0]);
    expect((await database().query(sql`select from muster.trace_figures`)).count).toBe(all - 1);
    expect((await database().query(sql`select from muster.trace_shares where project_no = ${projectNo}`)).count).toBe(0);
    expect(await keep()).toMatchObject({ deleted: 0, more: false });
  });

  it('knows the days that are over of each project', () => {
    const days = [
      { keepDays: 30, day: '2026-11-01' },
      { keepDays: 30, day: '2026-11-20' },
      { keepDays: 7, day: '2026-11-20' },
    ];
    const own = [
      { projectNo: 1, days: 7 },
      { projectNo: 2, days: 90 },
    ];
    expect(overdue(days, '2026-11-26', own, 30)).toEqual([{ keepDays: 30, day: '2026-11-01', projectNos: [1], others: false }]);
    expect(overdue(days, '2026-11-26', own, 14)).toEqual([{ keepDays: 30, day: '2026-11-01', projectNos: [1], others: true }]);
  });

  it('deletes from the feed only what every reader has read', async () => {
    await database().query(sql`insert into muster.trace_feed (xid, no, at, keep_days, day, runs, completed) overriding system value
      select ('1' || n)::xid8, n, clock_timestamp() - interval '1 hour', 30, ${today}::date, '{}', '{}' from generate_series(1, 5) n`);
    await database().query(sql`insert into muster.trace_cursors (reader, xid, no) values ('quick', '15', 5), ('slow', '12', 2)
      on conflict (reader) do update set xid = excluded.xid, no = excluded.no`);
    await pruneLeftovers(database(), 30);
    const { rows } = await database().query<{ no: number }>(sql`select no::int as no from muster.trace_feed where xid < '100' order by no`);
    expect(rows.map(({ no }) => no)).toEqual([3, 4, 5]);
    const readers = await readReaders(database());
    expect(readers.find(({ reader }) => reader === 'quick')).toMatchObject({ stuckSeconds: expect.any(Number) });
    const slow = readers.find(({ reader }) => reader === 'slow');
    expect(slow?.backlog).toBeGreaterThanOrEqual(3);
    expect(slow?.lagSeconds).toBeGreaterThan(3_000);
  });
});

describe('what nobody began', () => {
  const patch = async (id: string) =>
    server.app.inject({
      method: 'POST',
      url: '/langsmith/runs/batch',
      headers: { ...bearer(BOOTSTRAP), 'content-type': 'application/json' },
      payload: { post: [], patch: [{ id, outputs: { answer: 42 }, end_time: new Date().toISOString() }] },
    });
  const outputs = async (id: string) =>
    (await database().one<{ outputs: string }>(sql`select outputs from muster.trace_runs where run_id = ${id}`))?.outputs;

  it('waits an hour, and is kept as a run then', async () => {
    const id = randomUUID();
    expect((await patch(id)).statusCode).toBe(202);
    expect(await adoptOrphans(database(), intake)).toBe(0);
    await database().query(sql`update muster.trace_orphans set received_at = received_at - interval '2 hours' where run_id = ${id}`);
    expect(await adoptOrphans(database(), intake)).toBe(1);
    expect(await outputs(id)).toBe('{"answer":42}');
    expect(await adoptOrphans(database(), intake)).toBe(0);
  });

  it('is given to its run as soon as somebody has begun it', async () => {
    const id = randomUUID();
    await patch(id);
    await server.app.inject({
      method: 'POST',
      url: '/langsmith/runs/batch',
      headers: { ...bearer(BOOTSTRAP), 'content-type': 'application/json' },
      payload: {
        post: [{ id, name: 'late', run_type: 'chain', start_time: new Date().toISOString(), session_name: 'a', inputs: { q: 1 } }],
        patch: [],
      },
    });
    await adoptOrphans(database(), intake);
    expect(await outputs(id)).toBe('{"answer":42}');
    expect(await there([id])).toBe(1);
  });
});

describe('what is measured', () => {
  it('counts what was quarantined, redacted, and costs', async () => {
    const store = new SettingsStore(database());
    expect(await readCosts(database(), await store.general(), await store.ofProjects())).toEqual([]);
    await store.setProject('other', { budget: { usd_per_hour: 2 } });
    await database()
      .query(sql`insert into muster.trace_runs (start_time, run_id, trace_id, project_no, day, keep_days, run_type, status, total_cost)
      select clock_timestamp(), gen_random_uuid(), gen_random_uuid(), project_no, (clock_timestamp() at time zone 'UTC')::date, 30, 1, 1, 3
      from muster.trace_projects where name = 'other'`);
    expect(await readCosts(database(), await store.general(), await store.ofProjects())).toEqual([
      { project: 'other', usdPerHour: 3, budget: 2 },
    ]);
    const before = (await readCounts(database())).quarantined;
    await server.app.inject({
      method: 'POST',
      url: '/langsmith/runs/batch',
      headers: { ...bearer(BOOTSTRAP), 'content-type': 'application/json' },
      payload: { post: [{ id: 'none', name: 'x' }], patch: [] },
    });
    expect((await readCounts(database())).quarantined).toBe(before + 1);
  });
});
