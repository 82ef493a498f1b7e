import { mean, type Comparison } from './comparison.ts';
import type { Trial } from './experiment.ts';

export interface KeySummary {
  readonly key: string;
  readonly n: number;
  readonly mean: number;
}

export interface Report {
  readonly dataset: string;
  readonly experiment: string;
  readonly target: string;
  readonly examples: number;
  readonly errors: number;
  readonly latency_p50_seconds: number;
  readonly latency_p95_seconds: number;
  readonly scores: readonly KeySummary[];
  readonly failed: readonly { readonly example_id: string; readonly error: string }[];
  readonly baseline: string | null;
  readonly comparison: Comparison | null;
}

const MOST_FAILED = 20;

export function reportOf(
  named: Pick<Report, 'dataset' | 'experiment' | 'target' | 'baseline'>,
  trials: readonly Trial[],
  comparison: Comparison | null,
): Report {
  const byKey = new Map<string, number[]>();
  for (const { scores } of trials) for (const { key, score } of scores) byKey.set(key, [...(byKey.get(key) ?? []), score]);
  const seconds = trials.map((trial) => trial.seconds).toSorted((a, b) => a - b);
  const failed = trials.filter(({ error }) => error !== null);
  return {
    ...named,
    examples: trials.length,
    errors: failed.length,
    latency_p50_seconds: at(seconds, 0.5),
    latency_p95_seconds: at(seconds, 0.95),
    scores: [...byKey].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, values]) => ({ key, n: values.length, mean: mean(values) })),
    failed: failed.slice(0, MOST_FAILED).map(({ exampleId, error }) => ({ example_id: exampleId, error: error ?? '' })),
    comparison,
  };
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;

/** The report as Markdown, for a pull request or an archive. */
export function markdownOf(report: Report): string {
  const lines = [
    `# ${cell(report.experiment)}`,
    '',
    `Dataset ${cell(report.dataset)}, target \`${report.target.replaceAll('`', '')}\`: ${report.examples} examples, ${report.errors} failed, ` +
      `p50 ${report.latency_p50_seconds.toFixed(2)} s, p95 ${report.latency_p95_seconds.toFixed(2)} s.`,
    '',
    '| score | examples | mean |',
    '|---|---:|---:|',
    ...report.scores.map(({ key, n, mean: value }) => `| ${cell(key)} | ${n} | ${value.toFixed(3)} |`),
  ];
  const { comparison } = report;
  if (comparison !== null)
    lines.push(
      '',
      `## Against ${cell(report.baseline ?? '')}`,
      '',
      '| score | examples | before | now | difference | 95 % interval | better | worse | |',
      '|---|---:|---:|---:|---:|---|---:|---:|---|',
      ...comparison.keys.map(
        (key) =>
          `| ${cell(key.key)} | ${key.n} | ${key.baseline.toFixed(3)} | ${key.candidate.toFixed(3)} | ${signed(key.difference)} | ${
            key.interval === null ? '–' : `${signed(key.interval[0])} to ${signed(key.interval[1])}`
          } | ${key.wins} | ${key.losses} | ${key.verdict} |`,
      ),
      '',
      comparison.regressions.length === 0 ? 'No example got worse.' : '### What got worse',
      ...(comparison.regressions.length === 0 ? [] : ['', '| example | score | before | now |', '|---|---|---:|---:|']),
      ...comparison.regressions.map(
        ({ exampleId, key, from, to }) => `| ${exampleId} | ${cell(key)} | ${from.toFixed(3)} | ${to.toFixed(3)} |`,
      ),
    );
  if (report.failed.length > 0)
    lines.push('', '## What failed', '', ...report.failed.map(({ example_id: id, error }) => `- ${id}: ${cell(error)}`));
  return `${lines.join('\n')}\n`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ').trim();
