import { bench as collectionBench } from '../collection.bench.ts';
import { bench as rulesBench } from '../rules.bench.ts';
import type { Bench } from '../support/bench.ts';
import type { LonePart } from './part.ts';

/** Some figures of another bench, measured here in the same run. */
function partOf(name: string, other: Bench, ids: readonly string[]): LonePart {
  return {
    name,
    figures: other.figures.filter(({ id }) => ids.includes(id)).map((figure) => ({ ...figure, id: `${name}-${figure.id}`, part: name })),
    async run(ctx, scale) {
      const seconds = other.seconds * Math.min(1, scale);
      const measured = await other.run({ ...ctx, seconds, only: undefined });
      return measured.filter(({ figure }) => ids.includes(figure)).map((each) => ({ ...each, figure: `${name}-${each.figure}` }));
    },
  };
}

/** What it costs to look. */
export const collection = partOf('collection', collectionBench, ['cpu', 'timeout-share']);

/** How long a million verdicts take. */
export const rules = partOf('rules', rulesBench, ['first', 'full', 'firing']);
