import { raw, sql, type Sql } from '../../../../db/sql.ts';
import type { Comparator, Scalar } from './filter.ts';

/** Something that is compared, and the type its values are sent as. */
export interface Column {
  readonly column: Sql;
  readonly cast: 'text' | 'uuid' | 'smallint' | 'timestamptz' | 'float8' | 'numeric';
}

export const NEVER: Sql = { text: 'false', values: [] };

export const negated = (condition: Sql): Sql => sql`(${condition}) is not true`;

export function joined(word: 'and' | 'or', conditions: readonly Sql[]): Sql {
  const [first = NEVER, ...rest] = conditions;
  return rest.length === 0 ? first : sql`(${rest.reduce((all, next) => sql`${all} ${raw(word)} ${next}`, first)})`;
}

const SIGNS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=', like: 'like' } as const;

/** One comparison. What is null equals null alone, and differs from all else. */
export function textCondition({ column, cast }: Column, op: Comparator, values: readonly Scalar[]): Sql {
  const [value = null] = values;
  // In the order of bytes: that of a language would differ from server to server.
  const left = cast === 'text' && (op === 'gt' || op === 'gte' || op === 'lt' || op === 'lte') ? sql`${column} collate "C"` : column;
  switch (op) {
    case 'neq':
      return value === null ? sql`${column} is not null` : sql`${column} is distinct from ${value}::${raw(cast)}`;
    case 'in':
      return sql`${column} = any(${values}::${raw(cast)}[])`;
    case 'nin':
      return negated(sql`${column} = any(${values}::${raw(cast)}[])`);
    case 'nlike':
      return negated(sql`${column} like ${value}`);
    case 'has':
      return NEVER;
    default:
      return value === null ? sql`${column} is null` : sql`${left} ${raw(SIGNS[op])} ${value}::${raw(cast)}`;
  }
}

/** Whether a text holds another, in upper or lower case. */
export const containsText = (column: Sql, text: string): Sql => sql`strpos(lower(${column}), lower(${text})) > 0`;
