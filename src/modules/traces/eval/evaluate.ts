import type { Example } from '../datasets/dataset.ts';

/** Runs `run` for all examples, so many at a time, in their order. The first error it throws ends it: a target's failure is none. */
export async function evaluateAll(
  examples: readonly Example[],
  { concurrency, run }: { readonly concurrency: number; readonly run: (example: Example) => Promise<void> },
): Promise<void> {
  let next = 0;
  let isOver = false;
  const worker = async (): Promise<void> => {
    while (!isOver) {
      const example = examples[next++];
      if (example === undefined) return;
      try {
        await run(example);
      } catch (error) {
        isOver = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, examples.length) }, worker));
}
