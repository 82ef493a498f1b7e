import type { Queryable } from '../../../db/database.ts';
import { ROOTS, type Dimension } from './dimension.ts';
import { readGroups, readTotal, type Order, type Wanted } from './read-figures.ts';
import { stretchesOf, type Stretch } from './stretch.ts';
import { Tally } from './tally.ts';

/** What can be asked of figures; each of `where` names one value of a dimension. */
export interface Question {
  readonly projects: readonly number[];
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly now: number;
  readonly where: Readonly<Partial<Record<Dimension, string>>>;
  readonly groupBy: GroupBy | null;
  readonly order: Order;
  readonly most: number;
}

export const GROUPS = ['project', 'run_type', 'model', 'name', 'prompt', 'user', 'tag', 'thread'] as const;
export type GroupBy = (typeof GROUPS)[number];

export interface Answer {
  /** Of all that was asked for. */
  readonly total: Tally;
  /** By value, or project number, largest first. */
  readonly groups: ReadonlyMap<string, Tally> | null;
  /** How many groups there are, of which these are the largest. */
  readonly groupCount: number;
  /** What was really covered: the ends are widened to whole rows. */
  readonly from: number;
  readonly to: number;
}

/** What the rows are added up by where a question has an answer in them; undefined: the runs themselves must be asked. */
export function dimensionFor({ where, groupBy }: Pick<Question, 'where' | 'groupBy'>): Dimension | undefined {
  const asked = Object.keys(where) as Dimension[];
  if (groupBy === 'thread' || asked.length > 1) return undefined;
  const [only] = asked;
  if (groupBy === null || groupBy === 'project') return only ?? 'run_type';
  return only === undefined || only === groupBy ? groupBy : undefined;
}

export async function answerFromRollups(db: Queryable, question: Question, dimension: Dimension): Promise<Answer> {
  const { projects, from, to, now, where, groupBy, order, most } = question;
  // Of all runs together, how long whole traces took: a mixture of tools and models would say nothing.
  const withTraces = dimension === 'run_type' && where.run_type === undefined && groupBy !== 'run_type';
  const stretches = stretchesOf(from, to, now, [dimension]);
  const wanted: Wanted = { projects, dimension, stretches, value: where[dimension] };
  const traces: Wanted = { projects, dimension: 'trace', stretches, value: ROOTS };
  const by = groupBy === null ? null : ({ by: groupBy === 'project' ? 'project_no' : 'value', order, most } as const);
  const grouped = by === null ? null : await readGroups(db, wanted, by);
  // The values of other dimensions overlap, or leave runs out: all runs are those of every type.
  const whole: Wanted = dimension === 'run_type' || wanted.value !== undefined ? wanted : { ...wanted, dimension: 'run_type' };
  const total = await readTotal(db, whole);
  const timed = (withTraces || whole !== wanted) && dimension !== 'trace';
  const answer = {
    total: timed ? timedBy(total, await readTotal(db, traces)) : total,
    groupCount: grouped?.count ?? 0,
    ...rangeOf(stretches),
  };
  if (dimension === 'trace') {
    // What a trace costs is what is called within it: the root itself seldom calls a model.
    const all = { ...wanted, dimension: 'run_type', value: undefined } as const;
    const spent = by === null ? undefined : (await readGroups(db, all, by)).groups;
    const groups = grouped === null ? null : new Map([...grouped.groups].map(([key, tally]) => [key, spending(tally, spent?.get(key))]));
    return { ...answer, total: spending(answer.total, await readTotal(db, all)), groups };
  }
  if (by === null || grouped === null) return { ...answer, groups: null };
  if (!withTraces) return { ...answer, groups: grouped.groups };
  const times = await readGroups(db, traces, by);
  return { ...answer, groups: new Map([...grouped.groups].map(([key, tally]) => [key, timedBy(tally, times.groups.get(key))])) };
}

/** The figures of one, with the latency of another. */
function timedBy(tally: Tally, traces: Tally | undefined): Tally {
  const timed = new Tally();
  timed.addCounts(tally);
  timed.firstToken.mergeWith(tally.firstToken);
  if (traces !== undefined) timed.latency.mergeWith(traces.latency);
  return timed;
}

/** The runs of one, with the tokens and costs of another. */
function spending(traces: Tally, all: Tally | undefined): Tally {
  const { runs, counted, traces: roots, errors, streamed } = traces.counts;
  const spent = timedBy(all ?? new Tally(), traces);
  Object.assign(spent.counts, { runs, counted, traces: roots, errors, streamed });
  return spent;
}

const rangeOf = (stretches: readonly Stretch[]): { readonly from: number; readonly to: number } => ({
  from: Math.min(...stretches.map(({ from }) => from)),
  to: Math.max(...stretches.map(({ to }) => to)),
});
