import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DAY, evenly, HOUR, MetricsFixture, MINUTE, sample } from '../../../test/support/metrics.ts';
import { sql, type Sql } from '../../db/sql.ts';

let m: MetricsFixture;
beforeEach(async () => {
  m = await MetricsFixture.open();
});
afterEach(async () => {
  await m[Symbol.asyncDispose]();
});

interface Row {
  readonly id: number;
  readonly agent_id: string | null;
  readonly metric_name: string;
  readonly metric_value: string;
  readonly metric_unit: string | null;
  readonly timestamp: Date;
  readonly metadata: unknown;
}
const run = <T = Row>(statement: Sql): Promise<readonly T[]> => m.on.database.query<T>(statement).then(({ rows }) => rows);
const select = (): Promise<readonly Row[]> => run(sql`select * from performance_metrics order by metric_value`);

describe('performance_metrics', () => {
  test('shows what agents measured under the documented columns, every digit of it', async () => {
    const at = Date.now() - 1_000;
    await m.metrics.writeExternal([
      sample({ at, value: 0.1 }),
      sample({ at, value: 1 / 3, agentId: '', unit: '', labels: { disk: 'sda' } }),
    ]);
    expect(await select()).toEqual([
      {
        id: expect.any(Number) as number,
        agent_id: 'a',
        metric_name: 'cpu_usage',
        metric_value: '0.1',
        metric_unit: 'ratio',
        timestamp: new Date(at),
        metadata: null,
      },
      {
        id: expect.any(Number) as number,
        agent_id: null,
        metric_name: 'cpu_usage',
        metric_value: '0.3333333333333333',
        metric_unit: null,
        timestamp: new Date(at),
        metadata: { disk: 'sda' },
      },
    ]);
    expect(
      await run(
        sql`select round(avg(metric_value), 2)::text as mean from performance_metrics where "timestamp" > now() - interval '1 hour'`,
      ),
    ).toEqual([{ mean: '0.22' }]);
  });

  test('takes plain inserts, with or without agent, unit, time and metadata, and tells their ids', async () => {
    const inserted = await run<{ id: number }>(sql`
      insert into performance_metrics (agent_id, metric_name, metric_value, metric_unit, "timestamp", metadata)
      values ('x', 'response_time', 123.456789, 'ms', now() - interval '1 minute', '{"region": "eu", "shard": 3}'), (null, 'uptime', 99.9, null, now(), null)
      returning id`);
    await run(sql`insert into performance_metrics (metric_name, metric_value) values ('queue', 7)`);
    const rows = await select();
    expect(
      rows.map(({ metric_name, agent_id, metric_value, metric_unit, metadata }) => [
        metric_name,
        agent_id,
        metric_value,
        metric_unit,
        metadata,
      ]),
    ).toEqual([
      ['queue', null, '7', null, null],
      ['uptime', null, '99.9', null, null],
      ['response_time', 'x', '123.456789', 'ms', { region: 'eu', shard: 3 }],
    ]);
    expect(new Set(rows.slice(1).map(({ id }) => id))).toEqual(new Set(inserted.map(({ id }) => id)));
    expect((await m.metrics.latest({ metricName: 'response_time' }, { limit: 1 })).items).toMatchObject([
      { agentId: 'x', value: 123.456789, labels: { region: 'eu', shard: '3' } },
    ]);
  });

  test('has an id of its own for every row, by which it is found', async () => {
    await m.metrics.writeExternal(evenly(Date.now() - 3 * DAY, 60_000, 4_000, (i) => i));
    const [facts] = await run<{ n: number; distinct: number; one: number }>(
      sql`select count(*)::int as n, count(distinct id)::int as distinct, max(id) as one from performance_metrics`,
    );
    expect(facts).toMatchObject({ n: 4_000, distinct: 4_000 });
    expect(await run(sql`select id from performance_metrics where id = ${facts?.one}`)).toEqual([{ id: facts?.one }]);
  });

  test('changes and deletes rows by id or by any condition', async () => {
    await m.metrics.writeExternal(evenly(Date.now() - 10 * 1000, 1_000, 10, (i) => i));
    const three = (await select())[3];
    await run(
      sql`update performance_metrics set metric_value = 33.25, metric_unit = 'percent', metadata = '{"corrected": "yes"}' where id = ${three?.id}`,
    );
    await run(sql`delete from performance_metrics where metric_value < 2 or id = ${(await select())[5]?.id}`);
    expect((await select()).map(({ metric_value, metric_unit }) => [metric_value, metric_unit])).toEqual([
      ['2', 'ratio'],
      ['4', 'ratio'],
      ['5', 'ratio'],
      ['7', 'ratio'],
      ['8', 'ratio'],
      ['9', 'ratio'],
      ['33.25', 'percent'],
    ]);
    expect((await select()).find(({ metric_value }) => metric_value === '33.25')?.timestamp).toEqual(three?.timestamp);
  });

  test('gives the newest value back to the one before when it is deleted', async () => {
    await m.metrics.writeExternal(evenly(Date.now() - 3_000, 1_000, 3, (i) => i));
    await m.metrics.flush();
    const newest = async (): Promise<number[]> => (await m.metrics.latest({}, { limit: 9 })).items.map(({ value }) => value);
    expect(await newest()).toEqual([2]);
    await run(sql`delete from performance_metrics where metric_value = 0`);
    expect(await newest()).toEqual([2]);
    await run(sql`delete from performance_metrics where metric_value = 2`);
    expect(await newest()).toEqual([1]);
    await run(sql`delete from performance_metrics`);
    expect(await newest()).toEqual([]);
  });

  test('is followed by the rollups: inserts, changes and deletions, also of what was rolled up long ago', async () => {
    const hour = Math.floor(Date.now() / HOUR) * HOUR - 3 * HOUR;
    const minutes = async (): Promise<(number | null)[] | undefined> => {
      await m.run('metrics_rollups');
      const result = await m.metrics.query({
        metricName: 'cpu_usage',
        from: hour,
        to: hour + 3 * MINUTE,
        points: 3,
        aggregate: 'sum',
        limit: 5,
      });
      expect(result.source).toBe('rollup_1m');
      return result.series[0]?.points.map(([, value]) => value);
    };
    await m.metrics.writeExternal(evenly(hour, MINUTE, 3, (i) => i + 1));
    expect(await minutes()).toEqual([1, 2, 3]);
    await run(
      sql`insert into performance_metrics (agent_id, metric_name, metric_value, metric_unit, "timestamp") values ('a', 'cpu_usage', 10, 'ratio', ${new Date(hour + MINUTE + 7)})`,
    );
    await run(sql`update performance_metrics set metric_value = 30 where metric_value = 3`);
    await run(sql`delete from performance_metrics where metric_value = 1`);
    expect(await minutes()).toEqual([null, 12, 30]);
  });

  test('refuses what is no sample with the reason', async () => {
    const cases: readonly [string, Sql, RegExp][] = [
      ['NaN', sql`insert into performance_metrics (metric_name, metric_value) values ('x', 'NaN')`, /finite/],
      [
        'a value beyond all doubles',
        sql`insert into performance_metrics (metric_name, metric_value) values ('x', 1e309)`,
        /out of range|finite/,
      ],
      ['no name', sql`insert into performance_metrics (metric_value) values (1)`, /needs metric_name/],
      ['an empty name', sql`insert into performance_metrics (metric_name, metric_value) values ('', 1)`, /series_metric_name_check/],
      ['no value', sql`insert into performance_metrics (metric_name) values ('x')`, /needs metric_name, metric_value/],
      ['a time that is null', sql`insert into performance_metrics (metric_name, metric_value, "timestamp") values ('x', 1, null)`, /needs/],
      [
        'the far future',
        sql`insert into performance_metrics (metric_name, metric_value, "timestamp") values ('x', 1, now() + interval '1 hour')`,
        /future/,
      ],
      [
        'metadata that is no object',
        sql`insert into performance_metrics (metric_name, metric_value, metadata) values ('x', 1, '[1]')`,
        /must be an object/,
      ],
    ];
    for (const [what, statement, reason] of cases) await expect(run(statement), what).rejects.toThrow(reason);
    expect(await m.count('performance_metrics')).toBe(0);
  });
});

test('a statement bounded in time reads only the days it names, by the index of the series', async () => {
  await m.metrics.writeExternal(
    Array.from({ length: 40 }, (_, s) => evenly(Date.now() - 2 * HOUR, 10_000, 720, (i) => i, { agentId: `a${s}` })).flat(),
  );
  await run(sql`analyze muster.samples`);
  await run(sql`analyze muster.series`);
  const explain = async (statement: Sql): Promise<string> =>
    (await run<{ 'QUERY PLAN': string }>({ ...statement, text: `explain (analyze, costs off, timing off, summary off) ${statement.text}` }))
      .map((row) => row['QUERY PLAN'])
      .join('\n');
  const plan = await explain(sql`select metric_value from performance_metrics
    where agent_id = 'a7' and metric_name = 'cpu_usage' and "timestamp" > now() - interval '5 minutes' order by "timestamp" desc limit 10`);
  expect(plan).toMatch(/Index Scan.*samples_\d+_(series_id_hour|ts)_idx/);
  expect(plan).toMatch(/Subplans Removed: \d/);
  // After midnight five minutes reach into the day before.
  expect(plan).not.toContain(`samples_${new Date(Date.now() - 5 * MINUTE - DAY).toISOString().slice(0, 10).replaceAll('-', '')}`);
});
