import { MusterError } from '../../../../base/errors.ts';
import type { Queryable } from '../../../../db/database.ts';
import { sql } from '../../../../db/sql.ts';
import { conditionOf, parseFilter, type Filter } from '../../reads/index.ts';
import type { CompletedCall } from '../completed-calls.ts';
import { drawOf } from '../judging.ts';
import type { ActiveEvaluator } from './evaluators.ts';

/** Throws BAD_FILTER for what is no filter, and INVALID_INPUT for one that looks for words anywhere: what has just come is in no index yet. */
export function filterOf(text: string): Filter {
  const filter = parseFilter(text);
  if (looksAnywhere(filter))
    throw new MusterError('INVALID_INPUT', 'an evaluator cannot look for words anywhere in a run', {
      remedy: 'Leave search() out of its filter; compare a field, as in search(name, "…").',
    });
  return filter;
}

function looksAnywhere(filter: Filter): boolean {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.of.some(looksAnywhere);
    case 'not':
      return looksAnywhere(filter.of);
    default:
      return filter.field === null;
  }
}

/** How many runs an evaluator passed over, by what it is not set on. */
export interface PassedOver {
  readonly otherProject: number;
  readonly otherModel: number;
  readonly notDrawn: number;
  readonly notFitting: number;
}

/** Of these runs those that an evaluator is to judge: of its project and model, by the draw of the run, and those that fit its filter as they are now. */
export async function wantedBy(
  db: Queryable,
  { filter, modelJudged, name, projectNo, share }: ActiveEvaluator,
  calls: readonly CompletedCall[],
): Promise<{ readonly wanted: readonly CompletedCall[]; readonly passedOver: PassedOver }> {
  const ofProject = calls.filter((call) => projectNo === null || call.projectNo === projectNo);
  const ofModel = ofProject.filter((call) => modelJudged === null || call.model === modelJudged);
  const drawn = ofModel.filter((call) => drawOf(call.runId, name) < share);
  const wanted = filter === null || drawn.length === 0 ? drawn : await fitting(db, drawn, filter);
  return {
    wanted,
    passedOver: {
      otherProject: calls.length - ofProject.length,
      otherModel: ofProject.length - ofModel.length,
      notDrawn: ofModel.length - drawn.length,
      notFitting: drawn.length - wanted.length,
    },
  };
}

async function fitting(db: Queryable, drawn: readonly CompletedCall[], filter: string): Promise<readonly CompletedCall[]> {
  const { rows } = await db.query<{ runId: string }>(sql`select r.run_id as "runId"
    from unnest(${drawn.map(({ runId }) => runId)}::uuid[], ${drawn.map(({ keepDays }) => keepDays)}::smallint[], ${drawn.map(({ day }) => day)}::date[])
      as w(run_id, keep_days, day)
    join muster.trace_runs r on r.run_id = w.run_id and r.keep_days = w.keep_days and r.day = w.day
    where ${conditionOf(filterOf(filter), 'r', () => sql`false`)}`);
  const fits = new Set(rows.map(({ runId }) => runId));
  return drawn.filter(({ runId }) => fits.has(runId));
}
