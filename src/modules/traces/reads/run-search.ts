import type { Queryable } from '../../../db/database.ts';
import { conditionsOf, plainSearch, type RunFilters } from './run-filters.ts';
import { listRuns, type ListQuery } from './run-list.ts';
import type { RunRecord } from './run-record.ts';

export interface RunQuery extends Omit<ListQuery, 'where'> {
  readonly filters: RunFilters;
  /** Words anywhere in a run. */
  readonly words?: string | undefined;
}

/** Runs that fit, in their order. Throws INVALID_INPUT for a filter that cannot be read. */
export function listRunsOf(db: Queryable, { filters, words, ...query }: RunQuery): Promise<readonly RunRecord[]> {
  const where = conditionsOf(filters);
  return listRuns(db, { ...query, where: words === undefined ? where : (day) => [...where(day), plainSearch(words, 'r')] });
}
