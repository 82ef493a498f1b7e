import type { RunSummary } from '../types.ts';

/** What an experiment made of an example: its first run, and the mean of its scores where it was run several times. */
export interface Cell {
  readonly run: RunSummary;
  readonly runs: number;
  readonly hasFailed: boolean;
  readonly scores: ReadonlyMap<string, number>;
}

export interface GridRow {
  readonly exampleId: string;
  /** In the order of the experiments; undefined: it was not run there. */
  readonly cells: readonly (Cell | undefined)[];
}

/** Examples against experiments, in the order in which the first experiment ran them. */
export function gridOf(experiments: readonly (readonly RunSummary[])[]): readonly GridRow[] {
  const byExample = experiments.map((runs) => {
    const found = new Map<string, RunSummary[]>();
    for (const run of runs) {
      if (run.reference_example_id === null) continue;
      const of = found.get(run.reference_example_id);
      if (of) of.push(run);
      else found.set(run.reference_example_id, [run]);
    }
    return found;
  });
  const ids = new Set(byExample.flatMap((found) => [...found.keys()]));
  return [...ids].map((exampleId) => ({ exampleId, cells: byExample.map((found) => cellOf(found.get(exampleId) ?? [])) }));
}

function cellOf(runs: readonly RunSummary[]): Cell | undefined {
  const [run] = runs;
  if (run === undefined) return undefined;
  const sums = new Map<string, { sum: number; n: number }>();
  for (const { feedback } of runs)
    for (const [key, { avg, n }] of Object.entries(feedback)) {
      if (avg === null) continue;
      const before = sums.get(key) ?? { sum: 0, n: 0 };
      sums.set(key, { sum: before.sum + avg * n, n: before.n + n });
    }
  return {
    run,
    runs: runs.length,
    hasFailed: runs.some(({ status }) => status === 'error'),
    scores: new Map([...sums].map(([key, { n, sum }]) => [key, sum / n])),
  };
}

export type Turn = 'better' | 'worse' | 'mixed' | 'same' | 'unknown';

const tie = 1e-9;

/** How an example fares against the baseline: by every score that both have, and by whether it failed. */
export function turnOf(before: Cell | undefined, after: Cell | undefined): Turn {
  if (before === undefined || after === undefined) return 'unknown';
  if (before.hasFailed !== after.hasFailed) return after.hasFailed ? 'worse' : 'better';
  const steps = [...after.scores].flatMap(([key, score]) => {
    const was = before.scores.get(key);
    return was === undefined ? [] : [score - was];
  });
  if (steps.length === 0) return 'unknown';
  const [up, down] = [steps.some((step) => step > tie), steps.some((step) => step < -tie)];
  return up && down ? 'mixed' : up ? 'better' : down ? 'worse' : 'same';
}

export type Shown = '' | 'worse' | 'better' | 'changed';

/** What a person looks for first stands first. */
const order: readonly Turn[] = ['worse', 'mixed', 'better', 'unknown', 'same'];

/** The rows in which any experiment has fared so against the first; those that got worse above all others. */
export function rowsShown(rows: readonly GridRow[], shown: Shown): readonly GridRow[] {
  return rows
    .map((row) => ({ row, turns: turnsOf(row) }))
    .filter(({ turns }) => shown === '' || turns.some((turn) => (shown === 'changed' ? changes.includes(turn) : turn === shown)))
    .toSorted((a, b) => rankOf(a.turns) - rankOf(b.turns))
    .map(({ row }) => row);
}

const changes: readonly Turn[] = ['worse', 'mixed', 'better'];
const turnsOf = ({ cells: [first, ...others] }: GridRow): readonly Turn[] => others.map((cell) => turnOf(first, cell));
const rankOf = (turns: readonly Turn[]): number => Math.min(...turns.map((turn) => order.indexOf(turn)));
