import { afterAll, beforeAll, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import { MOST_AT_ONCE, pruneOver } from './housekeeping.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test[Symbol.asyncDispose]());

const idsOf = async (table: 'alerts' | 'incidents' | 'silences' | 'maintenance_windows'): Promise<readonly string[]> => {
  const tables = {
    alerts: sql`select rule as id from muster.alerts order by 1`,
    incidents: sql`select cause as id from muster.incidents order by 1`,
    silences: sql`select reason as id from muster.silences order by 1`,
    maintenance_windows: sql`select name as id from muster.maintenance_windows order by 1`,
  };
  return (await test.database.query<{ id: string }>(tables[table])).rows.map(({ id }) => id);
};
const writes = { write: <Row>(statement: Sql) => test.database.query<Row>(statement) };

it('forgets what is over for longer than it is kept, and nothing else', async () => {
  const { database } = test;
  // Each began a hundred days ago; how long ago it was over is in its name, and "firing" goes on.
  await database.query(sql`insert into muster.incidents (incident_id, cause, title, state, level, started_at, detected_at, resolved_at)
    select gen_random_uuid(), name, name, case when over is null then 'open' else 'resolved' end, 'critical', now() - interval '100 days',
      now() - interval '100 days', now() - over * interval '1 day'
    from (values ('firing', null::int), ('over 31', 31), ('over 29', 29)) t (name, over)`);
  await database.query(sql`insert into muster.alerts (alert_id, dedup_key, rule, target, metric_name, unit, state, level, verdict, summary,
      explanation, incident_id, started_at, detected_at, updated_at, resolved_at, seq)
    select gen_random_uuid(), cause, cause, '', 'm', '', case state when 'open' then 'firing' else 'resolved' end, 'critical', 'firing', 's',
      'e', incident_id, started_at, detected_at, now(), resolved_at, 1 from muster.incidents`);
  await database.query(sql`insert into muster.alert_transitions select alert_id, 1, detected_at, 'firing', 'critical' from muster.alerts`);
  await database.query(sql`insert into muster.silences (matchers, reason, created_by, starts_at, ends_at)
    select '[]', name, 't', now() - interval '100 days', now() - over * interval '1 day'
    from (values ('over 31', 31), ('over 29', 29), ('quiet', -1)) t (name, over)`);
  await database.query(sql`insert into muster.maintenance_windows (name, matchers, reason, created_by, starts_at, ends_at, cron, duration_ms, deleted_at)
    values ('once, over 31', '[]', 'r', 't', now() - interval '40 days', now() - interval '31 days', null, null, null),
      ('once, over 29', '[]', 'r', 't', now() - interval '40 days', now() - interval '29 days', null, null, null),
      ('again', '[]', 'r', 't', null, null, '0 3 * * *', 60000, null),
      ('again, deleted 31', '[]', 'r', 't', null, null, '0 3 * * *', 60000, now() - interval '31 days')`);

  await pruneOver(writes, 30);
  expect(await idsOf('alerts')).toEqual(['firing', 'over 29']);
  expect(await idsOf('incidents')).toEqual(['firing', 'over 29']);
  expect(await idsOf('silences')).toEqual(['over 29', 'quiet']);
  expect(await idsOf('maintenance_windows')).toEqual(['again', 'once, over 29']);
  expect(await database.one(sql`select count(*)::int as n from muster.alert_transitions`)).toEqual({ n: 2 });
});

it('takes much in parts, and says that there is more', async () => {
  await test.database.query(sql`insert into muster.silences (matchers, reason, created_by, starts_at, ends_at)
    select '[]', 'old', 't', now() - interval '100 days', now() - interval '50 days' from generate_series(1, ${MOST_AT_ONCE + 10})`);
  expect(await pruneOver(writes, 30)).toBe(MOST_AT_ONCE);
  expect(await pruneOver(writes, 30)).toBe(10);
  expect(await pruneOver(writes, 30)).toBe(0);
});
