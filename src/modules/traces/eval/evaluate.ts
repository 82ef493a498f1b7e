import type { Example } from '../datasets/dataset.ts';
import type { Trial } from './experiment.ts';

/** Runs a trial of every example that has none yet, so many at a time, in their order. The first error that is not the target's ends it. */
export async function evaluateAll(
  examples: readonly Example[],
  done: ReadonlyMap<string, Trial>,
  {
    concurrency,
    run,
    progress,
  }: {
    readonly concurrency: number;
    readonly run: (example: Example) => Promise<Trial>;
    readonly progress: (trial: Trial, n: number) => void;
  },
): Promise<readonly Trial[]> {
  const trials = new Map(
    examples.flatMap(({ exampleId }) => (done.has(exampleId) ? [[exampleId, done.get(exampleId) as Trial] as const] : [])),
  );
  const waiting = examples.filter(({ exampleId }) => !trials.has(exampleId));
  let next = 0;
  let isOver = false;
  const worker = async (): Promise<void> => {
    while (!isOver) {
      const example = waiting[next++];
      if (example === undefined) return;
      try {
        const trial = await run(example);
        trials.set(example.exampleId, trial);
        progress(trial, trials.size);
      } catch (error) {
        isOver = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, waiting.length) }, worker));
  return examples.flatMap(({ exampleId }) => trials.get(exampleId) ?? []);
}
