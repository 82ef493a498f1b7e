import type { FieldGroup } from '../search/index.ts';
import { demandOf, demandsOf } from './filter/demands.ts';
import { parseFilter } from './filter/parse.ts';
import type { RunFilters } from './run-filters.ts';

/**
 * What the index of fields can tell of these filters: of each group every run that fits has a word. None where the runs are named, or their trace:
 * those are found by that. Pure. Throws INVALID_INPUT for a filter that cannot be read.
 */
export function fieldGroupsOf(filters: RunFilters): readonly FieldGroup[] {
  const { ids, traceId, traceIds, parentRunId, referenceExamples } = filters;
  if ([ids, traceId, traceIds, parentRunId, referenceExamples].some((named) => named !== undefined)) return [];
  const asked = [
    ['thread_id', filters.thread],
    ['user_id', filters.user],
    ['prompt', filters.prompt],
    ['tags', filters.tag],
    ['model', filters.model],
    ['name', filters.name],
    ['run_type', filters.runType],
  ] as const;
  return [
    ...asked.flatMap(([field, value]) => (value === undefined ? [] : [demandOf(field, value)])),
    ...(filters.filter === undefined ? [] : demandsOf(parseFilter(filters.filter))),
  ];
}
