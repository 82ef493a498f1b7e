import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import type { RuleReport } from './rule-store.ts';
import type { TargetState } from './state.ts';

/** What a target is, for when its series or its rule is gone. */
export interface TargetIdentity {
  readonly metricName: string;
  readonly agentId: string;
  readonly unit: string;
  /** The series' own, its agent as `agent`. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface StoredState {
  readonly rule: string;
  readonly target: string;
  readonly series: TargetIdentity;
  readonly memory: TargetState;
}

export async function loadStates(on: Queryable): Promise<readonly StoredState[]> {
  const { rows } = await on.query<StoredState>(sql`select rule, target, series, memory from muster.rule_states`);
  return rows;
}

/** `memory` null: the target needs no row any more. */
export interface StateChange {
  readonly rule: string;
  readonly target: string;
  readonly series: TargetIdentity;
  readonly memory: TargetState | null;
}

/** Two statements however many targets. In order of their names, so that two writers wait for each other and never in a circle. */
export async function saveStates(on: Queryable, changes: readonly StateChange[]): Promise<void> {
  const ordered = changes.toSorted((a, b) => compare(a.rule, b.rule) || compare(a.target, b.target));
  const kept = ordered.filter(({ memory }) => memory !== null);
  const gone = ordered.filter(({ memory }) => memory === null);
  if (kept.length > 0) {
    await on.query(sql`
      insert into muster.rule_states as s (rule, target, state, level, since, series, memory)
      select rule, target, memory ->> 'state', memory ->> 'level', to_timestamp((memory ->> 'since')::float8 / 1000), series, memory
      from jsonb_to_recordset(${JSON.stringify(kept)}::jsonb) as n (rule text, target text, series jsonb, memory jsonb)
      on conflict (rule, target) do update
        set state = excluded.state, level = excluded.level, since = excluded.since, series = excluded.series, memory = excluded.memory,
            updated_at = clock_timestamp()`);
  }
  if (gone.length > 0) {
    await on.query(sql`
      delete from muster.rule_states s
      using unnest(${gone.map(({ rule }) => rule)}::text[], ${gone.map(({ target }) => target)}::text[]) as g (rule, target)
      where s.rule = g.rule and s.target = g.target`);
  }
}

export async function saveReports(on: Queryable, reports: ReadonlyMap<string, RuleReport>, at: number): Promise<void> {
  const rows = [...reports]
    .toSorted(([a], [b]) => compare(a, b))
    .map(([rule, { state, series, pending, firing, noData, error, isTruncated, why }]) => ({
      rule,
      state,
      series,
      pending,
      firing,
      no_data: noData,
      error,
      is_truncated: isTruncated,
      why,
    }));
  await on.query(sql`
    insert into muster.rule_reports (rule, state, series, pending, firing, no_data, error, is_truncated, why, evaluated_at)
    select n.*, to_timestamp(${at}::float8 / 1000)
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as n (rule text, state text, series int, pending int, firing int, no_data int, error int, is_truncated boolean, why text)
    on conflict (rule) do update
      set state = excluded.state, series = excluded.series, pending = excluded.pending, firing = excluded.firing, no_data = excluded.no_data,
          error = excluded.error, is_truncated = excluded.is_truncated, why = excluded.why, evaluated_at = excluded.evaluated_at`);
  await on.query(sql`delete from muster.rule_reports p where not exists (select from muster.alert_rules r where r.name = p.rule)`);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
