import type { Comparison, Difference } from './comparison.ts';
import type { Questions } from './questions.ts';
import { REGRESSION_MEANS, seconds, signed, usd, type Report } from './report.ts';

const intervalOf = ({ interval }: Difference, digits = 3): string =>
  interval === null ? '–' : `${signed(interval[0], digits)} to ${signed(interval[1], digits)}`;

/** The report as Markdown, for a pull request or an archive. */
export function markdownOf(report: Report, questions: Questions = new Map()): string {
  // As code: a question may be anything, and a pull request shows pictures and links.
  const named = (id: string): string => `\`${cell(questions.get(id) ?? id).replaceAll('`', "'")}\``;
  const lines = [
    `# ${cell(report.experiment)}`,
    '',
    `Dataset ${cell(report.dataset)}${report.target === null ? '' : `, target \`${report.target.replaceAll('`', '')}\``}: ${report.examples} examples, ${report.errors} failed, ` +
      `p50 ${seconds(report.latency_p50_seconds)}, p95 ${seconds(report.latency_p95_seconds)}${report.cost_usd === null ? '' : `, ${usd(report.cost_usd)}`}.`,
    '',
    '| score | examples | mean |',
    '|---|---:|---:|',
    ...report.scores.map(({ key, n, mean: value }) => `| ${cell(key)} | ${n} | ${value.toFixed(3)} |`),
  ];
  if (report.thresholds.length > 0)
    lines.push(
      '',
      ...report.thresholds.map(
        ({ key, least, mean, passed }) =>
          `- ${passed ? 'reached' : '**missed**'}: ${cell(key)} ${mean === null ? 'was not given' : mean.toFixed(3)}, at least ${least}`,
      ),
    );
  if (report.unscored.length > 0)
    lines.push('', ...report.unscored.map(({ because, key, n }) => `- ${cell(key)} is missing for ${n}: ${cell(because)}`));
  if (report.comparison !== null) lines.push('', ...comparisonLines(report.baseline ?? '', report.comparison, named));
  if (report.failed.length > 0)
    lines.push('', '## What failed', '', ...report.failed.map(({ example_id: id, error }) => `- ${named(id)}: ${cell(error)}`));
  return `${lines.join('\n')}\n`;
}

function comparisonLines(
  baseline: string,
  { cost, failures, keys, latency, regressions }: Comparison,
  named: (exampleId: string) => string,
): readonly string[] {
  const figure = (what: string, of: Difference | null, digits: number): readonly string[] =>
    of === null
      ? []
      : [
          `| ${what} | ${of.n} | ${of.baseline.toFixed(digits)} | ${of.candidate.toFixed(digits)} | ${signed(of.difference, digits)} | ${intervalOf(of, digits)} | | | |`,
        ];
  return [
    `## Against ${cell(baseline)}`,
    '',
    '| score | examples | before | now | difference | 95 % interval | better | worse | |',
    '|---|---:|---:|---:|---:|---|---:|---:|---|',
    ...keys.map(
      (key) =>
        `| ${cell(key.key)} | ${key.n} | ${key.baseline.toFixed(3)} | ${key.candidate.toFixed(3)} | ${signed(key.difference)} | ${intervalOf(key)} | ${key.wins} | ${key.losses} | ${key.verdict} |`,
    ),
    ...figure('seconds an example', latency, 3),
    ...figure('USD an example', cost, 6),
    '',
    `${REGRESSION_MEANS} Failed before: ${failures.baseline}, now: ${failures.candidate}.`,
    '',
    regressions.length === 0 ? 'No example got worse.' : '### What got worse',
    ...(regressions.length === 0 ? [] : ['', '| example | score | before | now |', '|---|---|---:|---:|']),
    ...regressions.map(({ exampleId, key, from, to }) => `| ${named(exampleId)} | ${cell(key)} | ${from.toFixed(3)} | ${to.toFixed(3)} |`),
  ];
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ').trim();
