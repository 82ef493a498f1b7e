import type { Comparison, Difference } from './comparison.ts';
import type { Report } from './report.ts';

const differenceView = ({ baseline, candidate, difference, interval, n }: Difference) => ({
  n,
  baseline,
  candidate,
  difference,
  interval: interval === null ? null : ([...interval] as [number, number]),
});

/** A comparison as REST and `--json` say it, with so many of its examples. */
export const comparisonView = (comparison: Comparison, mostExamples = Infinity) => ({
  keys: comparison.keys.map((key) => ({
    key: key.key,
    ...differenceView(key),
    wins: key.wins,
    losses: key.losses,
    ties: key.ties,
    verdict: key.verdict,
  })),
  latency: comparison.latency === null ? null : differenceView(comparison.latency),
  cost: comparison.cost === null ? null : differenceView(comparison.cost),
  failures: comparison.failures,
  regressions: comparison.regressions.map(({ exampleId, ...one }) => ({ example_id: exampleId, ...one })),
  examples: comparison.examples.slice(0, mostExamples).map(({ changes, cost, exampleId, failed, seconds }) => ({
    example_id: exampleId,
    changes: [...changes],
    seconds: [...seconds] as [number, number],
    cost: [...cost] as [number | null, number | null],
    failed: [...failed] as [boolean, boolean],
  })),
});

/** A report as `--json` and its file say it. */
export const reportView = ({ comparison, ...report }: Report) => ({
  ...report,
  comparison: comparison === null ? null : comparisonView(comparison),
});
