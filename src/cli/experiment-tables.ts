import { seconds, signed, usd, type Comparison, type Questions, type Report } from '../modules/traces/eval/index.ts';
import type { Output } from './output.ts';
import { drawTable, printable } from './table.ts';

type Screen = Pick<Output, 'columns' | 'colors'>;

const REGRESSIONS_SHOWN = 10;

/** One experiment, and what became of its scores where it is compared. */
export function drawReport(report: Report, questions: Questions, screen: Screen): string {
  const { colors, columns } = screen;
  const cost = report.cost_usd === null ? '' : `, ${usd(report.cost_usd)}`;
  const lines = [
    '',
    `${colors.bold(printable(report.experiment))}  ${report.examples} examples, ${report.errors} failed, p50 ${seconds(report.latency_p50_seconds)}, p95 ${seconds(report.latency_p95_seconds)}${cost}`,
    '',
    drawTable(
      [
        { title: 'SCORE', shrinkTo: 12 },
        { title: 'EXAMPLES', align: 'right' },
        { title: 'MEAN', align: 'right' },
      ],
      report.scores.map(({ key, mean, n }) => [printable(key), String(n), mean.toFixed(3)]),
      columns,
      colors.dim,
    ),
  ];
  for (const { because, key, n } of report.unscored)
    lines.push(colors.yellow(`${printable(key)} is missing for ${n}: ${printable(because).slice(0, 200)}`));
  for (const { key, least, mean, passed } of report.thresholds)
    lines.push(
      passed
        ? colors.green(`${printable(key)} reached ${least}`)
        : colors.red(`${printable(key)} ${mean === null ? 'was not given' : `is ${mean.toFixed(3)}`}, and should be ${least} at least`),
    );
  if (report.comparison !== null) lines.push('', drawComparison(report.baseline ?? '', report.comparison, questions, screen));
  return lines.join('\n');
}

export function drawComparison(baseline: string, comparison: Comparison, questions: Questions, { colors, columns }: Screen): string {
  const { cost, failures, keys, latency, regressions } = comparison;
  const mark = { better: colors.green, worse: colors.red, unclear: colors.yellow, same: colors.dim };
  const figures = [
    ...keys.map(({ key, ...of }) => ({ name: printable(key), of, digits: 3, rest: [of.wins, of.losses].map(String), verdict: of.verdict })),
    ...(latency === null ? [] : [{ name: 'seconds', of: latency, digits: 3, rest: ['', ''], verdict: undefined }]),
    ...(cost === null ? [] : [{ name: 'USD', of: cost, digits: 6, rest: ['', ''], verdict: undefined }]),
  ];
  const lines = [
    `Against ${printable(baseline)}, example by example:`,
    '',
    drawTable(
      [
        { title: 'SCORE', shrinkTo: 12 },
        { title: 'EXAMPLES', align: 'right' },
        { title: 'BEFORE', align: 'right' },
        { title: 'NOW', align: 'right' },
        { title: 'DIFFERENCE', align: 'right' },
        { title: '95 %', align: 'right' },
        { title: 'BETTER', align: 'right' },
        { title: 'WORSE', align: 'right' },
        { title: '' },
      ],
      figures.map(({ digits, name, of, rest, verdict }) => [
        name,
        String(of.n),
        of.baseline.toFixed(digits),
        of.candidate.toFixed(digits),
        signed(of.difference, digits),
        of.interval === null ? '' : `${of.interval[0].toFixed(digits)}…${of.interval[1].toFixed(digits)}`,
        ...rest,
        verdict === undefined ? '' : mark[verdict](verdict),
      ]),
      columns,
      colors.dim,
    ),
  ];
  if (keys.length === 0) lines.push(colors.yellow('The two have no score in common: nothing says which is better.'));
  if (failures.baseline + failures.candidate > 0) lines.push(`Failed before: ${failures.baseline}, now: ${failures.candidate}.`);
  if (regressions.length > 0)
    lines.push(
      '',
      `${regressions.length} got worse${regressions.length > REGRESSIONS_SHOWN ? `, the worst ${REGRESSIONS_SHOWN}` : ''}:`,
      ...regressions
        .slice(0, REGRESSIONS_SHOWN)
        .map(
          ({ exampleId, from, key, to }) =>
            `  ${printable(key)} ${from.toFixed(3)} → ${to.toFixed(3)}  ${printable(questions.get(exampleId) ?? exampleId)}`,
        ),
    );
  return lines.join('\n');
}
