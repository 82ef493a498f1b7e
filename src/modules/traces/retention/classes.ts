import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';

/** A table's part for what is kept so many days: `trace_runs_k30`. */
export interface KeptClass {
  readonly parent: string;
  readonly table: string;
  readonly keepDays: number;
}

/** Every class there is, of every table of this module that is partitioned so: also of tables of later rooms. */
export async function keptClasses(db: Queryable): Promise<readonly KeptClass[]> {
  const { rows } = await db.query<{ parent: string; name: string }>(sql`
    select p.relname as parent, c.relname as name
    from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_class c on c.oid = i.inhrelid
    where p.relnamespace = 'muster'::regnamespace and p.relname like 'trace\\_%' and c.relkind = 'p' and c.relname ~ '_k[0-9]+$'
    order by 1, 2`);
  return rows.map(({ parent, name }) => ({ parent, table: name, keepDays: Number(/_k(\d+)$/.exec(name)?.[1]) }));
}

/** One day of one class. */
export interface KeptDay {
  readonly keepDays: number;
  /** `2026-11-26` */
  readonly day: string;
}

/** The days a table has partitions for, oldest first. */
export async function keptDays(db: Queryable, parent = 'trace_runs'): Promise<readonly KeptDay[]> {
  const { rows } = await db.query<{ name: string }>(sql`
    select d.relname as name
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_inherits j on j.inhparent = c.oid join pg_class d on d.oid = j.inhrelid
    where i.inhparent = to_regclass(${`muster.${parent}`}) and d.relname ~ '_k[0-9]+_[0-9]{8}$'
    order by right(d.relname, 8), d.relname`);
  return rows.flatMap(({ name }) => {
    const match = /_k(\d+)_(\d{4})(\d{2})(\d{2})$/.exec(name);
    return match === null ? [] : [{ keepDays: Number(match[1]), day: `${match[2]}-${match[3]}-${match[4]}` }];
  });
}
