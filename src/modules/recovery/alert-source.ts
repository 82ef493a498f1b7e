import type { Queryable } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { Labels } from './action.ts';
import type { Level } from './mode.ts';

export interface FiringAlert {
  readonly alertId: string;
  readonly rule: string;
  readonly level: Level;
  readonly labels: Labels;
  readonly value: number | null;
  readonly threshold: number | null;
}

/** What healing hears of alerts: which fire and are not kept quiet, by a silence or by a graver one, and whether one still fires. */
export interface AlertSource {
  firing(limit: number): Promise<readonly FiringAlert[]>;
  /** Undefined: there is no such alert. */
  isFiring(alertId: string): Promise<boolean | undefined>;
}

interface AlertRow {
  readonly alert_id: string;
  readonly rule: string;
  readonly level: Level;
  readonly labels: Labels;
  readonly value: number | null;
  readonly threshold: number | null;
}

/** The alerts of this fleet; none where the tables are not there yet. */
export function storedAlerts(database: Queryable): AlertSource {
  let found = false;
  const isThere = async (): Promise<boolean> => {
    found ||=
      (await database.query<{ there: boolean }>(sql`select to_regclass('muster.alerts') is not null as there`)).rows[0]?.there === true;
    return found;
  };
  return {
    async firing(limit) {
      if (!(await isThere())) return [];
      const { rows } = await database.query<AlertRow>(sql`
        select alert_id, rule, level, labels, value::float8 as value, threshold::float8 as threshold
        from muster.alerts where state = 'firing' and verdict = 'firing' and suppression is null order by started_at limit ${limit}`);
      return rows.map(({ alert_id: alertId, labels, level, rule, threshold, value }) => ({
        alertId,
        rule,
        level,
        labels,
        value,
        threshold,
      }));
    },
    async isFiring(alertId) {
      if (!(await isThere())) return undefined;
      const { rows } = await database.query<{ state: string }>(sql`select state from muster.alerts where alert_id = ${alertId}`);
      return rows[0] === undefined ? undefined : rows[0].state === 'firing';
    },
  };
}
