import { expect, it } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { sql } from '../../db/sql.ts';
import { pruneRuns } from './housekeeping.ts';

it('forgets runs that are long over with their steps, and keeps what is open, being undone, or not so old', async () => {
  await using test = await testDatabase();
  const { database } = test;
  await database.query(sql`insert into muster.recovery_actions (name, source, definition, ceiling, idempotent, approver, runs_an_hour,
      runs_an_hour_a_target, most_targets, cooldown_ms, longest_cooldown_ms, approval_ms)
    values ('restart', 'shipped', '{}', 'auto', true, 'operator', 1, 1, 1, 1, 1, 1)`);
  await database.query(sql`insert into muster.recovery_runs
      (idempotency_key, action, target, target_group, level, state, because, proposed_by, proposed_at, expires_at, hold_ms, verify_ms, undo)
    select name, 'restart', name, 'g', 'critical', state, 'b', 't', now() - days * interval '1 day', now(), 1, 1, undo
    from (values ('old', 'effective', 40, null), ('young', 'effective', 20, null), ('open', 'verifying', 40, null),
      ('undoing', 'ineffective', 40, 'running')) t (name, state, days, undo)`);
  expect(await pruneRuns({ write: (statement) => database.query(statement) }, 30)).toBe(1);
  const { rows } = await database.query<{ target: string }>(sql`select target from muster.recovery_runs order by 1`);
  expect(rows.map(({ target }) => target)).toEqual(['open', 'undoing', 'young']);
  expect(await database.one(sql`select count(distinct run_id)::int as n from muster.recovery_steps`)).toEqual({ n: 3 });
});
