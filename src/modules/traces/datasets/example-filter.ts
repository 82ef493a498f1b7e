import { MusterError } from '../../../base/errors.ts';
import { sql, type Sql } from '../../../db/sql.ts';
import { conditionOf, parseFilter, type Filter } from '../reads/index.ts';

/** What an example has of the fields of a run. */
const FIELDS: readonly string[] = [
  'id',
  'metadata',
  'metadata_key',
  'metadata_value',
  'input_key',
  'input_value',
  'output_key',
  'output_value',
];

/** An example as a row of runs that has these fields; its splits are metadata, as clients see them. */
export const AS_RUN = sql`cross join lateral (select e.example_id as run_id, e.inputs, e.outputs,
  jsonb_build_object('metadata', e.metadata || jsonb_build_object('dataset_split', e.splits))::text as extra) r`;

/** The condition that a filter in the language of runs means for the row that AS_RUN makes. Throws INVALID_INPUT. */
export function exampleCondition(text: string): Sql {
  const filter = parseFilter(text);
  refuseStrange(filter);
  return conditionOf(filter, 'r', () => sql`false`);
}

function refuseStrange(filter: Filter): void {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.of.forEach(refuseStrange);
    case 'not':
      return refuseStrange(filter.of);
    default:
      if (filter.field !== null && FIELDS.includes(filter.field)) return;
      throw new MusterError('INVALID_INPUT', `examples are not filtered by ${filter.field ?? 'search'}, only by ${FIELDS.join(', ')}`, {
        remedy: String.raw`Write it as in: and(exists(metadata, "tenant"), not(has(metadata, '{"tier": "gold"}'))).`,
      });
  }
}
