import type { Queryable } from '../../../../db/database.ts';
import { sql } from '../../../../db/sql.ts';
import { RUN_STATUSES, RUN_TYPES } from '../../run/run-type.ts';
import type { CompletedCall } from '../completed-calls.ts';
import type { Usual } from './usual.ts';

/** What is usual is looked up so often a project, and of so many of its last steps: one that is busy tells of minutes, a quiet one of a week. */
const FRESH_MS = 600_000;
const LAST_STEPS = 10_000;
const MOST_DAYS = 7;
/** In one step of the rules; others are judged by what was usual before, or not. */
const MOST_LOOKED_UP = 3;
const MOST_PROJECTS = 500;

interface Known {
  readonly byModel: ReadonlyMap<string, Usual>;
  readonly until: number;
}

/** Remembers what is usual for the models of projects that are being judged. */
export class UsualOfProjects {
  readonly #known = new Map<number, Known>();

  /** Looks up what is not known of the projects of these runs, of few of them at once. */
  async learn(db: Queryable, calls: readonly CompletedCall[], now = performance.now()): Promise<void> {
    const stale = [...new Set(calls.map(({ projectNo }) => projectNo))].filter((no) => (this.#known.get(no)?.until ?? 0) <= now);
    for (const projectNo of stale.slice(0, MOST_LOOKED_UP)) {
      if (this.#known.size >= MOST_PROJECTS) this.#known.clear();
      this.#known.set(projectNo, { byModel: await lookUp(db, projectNo), until: now + FRESH_MS });
    }
  }

  of({ model, projectNo }: CompletedCall): Usual | undefined {
    return model === null ? undefined : this.#known.get(projectNo)?.byModel.get(model);
  }
}

const [LLM, SUCCESS] = [RUN_TYPES.indexOf('llm'), RUN_STATUSES.indexOf('success')];

async function lookUp(db: Queryable, projectNo: number): Promise<ReadonlyMap<string, Usual>> {
  const { rows } = await db.query<Usual & { readonly model: string }>(sql`
    select model, count(*)::int as runs, count(total_cost)::int as priced,
      percentile_cont(0.99) within group (order by extract(epoch from end_time - start_time)::float8) as seconds,
      percentile_cont(0.99) within group (order by total_cost::float8) as cost
    from (
      select run_type, status, model, start_time, end_time, total_cost from muster.trace_runs
      where project_no = ${projectNo} and start_time > clock_timestamp() - make_interval(days => ${MOST_DAYS})
      order by start_time desc limit ${LAST_STEPS}
    ) last where run_type = ${LLM} and status = ${SUCCESS} and model is not null and end_time is not null group by model`);
  return new Map(rows.map(({ model, ...usual }) => [model, usual]));
}
