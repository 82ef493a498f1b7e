import { writeFile } from 'node:fs/promises';
import { durationMs } from '../../base/duration.ts';
import { EXIT, messageOf, MusterError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { createOutbound } from '../../outbound/index.ts';
import { Datasets, Examples, type Example } from '../../modules/traces/datasets/index.ts';
import {
  closeExperiment,
  compare,
  DEFAULT_SCORERS,
  evaluateAll,
  experimentOf,
  markdownOf,
  openExperiment,
  reportOf,
  runTrial,
  scorersOf,
  scoresOf,
  targetOf,
  trialsOf,
  type Report,
} from '../../modules/traces/eval/index.ts';
import { intakeOf } from '../../modules/traces/intake/index.ts';
import type { Invocation } from '../invocation.ts';
import type { Colors } from '../output.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { recallAddress } from '../runtime/server-address.ts';
import { StopSignals } from '../signals.ts';
import { drawTable, printable } from '../table.ts';

interface EvalOptions {
  readonly target: string;
  readonly evaluators?: string;
  readonly baseline?: string;
  readonly experiment?: string;
  readonly concurrency: number;
  readonly timeout: string;
  readonly split?: string;
  readonly limit?: number;
  readonly report?: string;
  readonly failOnRegression?: boolean;
}

const MOST_CONCURRENT = 64;
const MOST_EXAMPLES = 100_000;
const REGRESSIONS_SHOWN = 10;
/** As a shell says of what Ctrl-C ended. */
const INTERRUPTED = 130;

/** Runs the examples of a dataset against a target and scores what comes; an experiment that was interrupted goes on under its name. */
export async function run(invocation: Invocation, options: EvalOptions, name: string): Promise<number> {
  const scorers = scorersOf(options.evaluators?.split(',').map((one) => one.trim()) ?? DEFAULT_SCORERS);
  if (options.concurrency < 1 || options.concurrency > MOST_CONCURRENT)
    throw new MusterError('USAGE', `--concurrency is 1 to ${MOST_CONCURRENT}`);
  const timeoutMs = timeoutOf(options.timeout);
  const { output } = invocation;
  return withFleet(invocation, async ({ state, config, wake, log }) => {
    const db = state.database;
    const dataset = await new Datasets(db).get(name, null);
    const examples = await allExamples(new Examples(db), dataset.datasetId, options);
    if (examples.length === 0)
      throw new MusterError('INVALID_INPUT', `${name} has no such examples`, { remedy: 'Add some, or leave --split out.' });
    // Who types a command may call what they like; what agents and channels may call is narrower.
    const outbound = createOutbound({ allowedNetworks: ['0.0.0.0/0', '::/0'], allowCommands: true });
    const target = targetOf(options.target, { outbound, timeoutMs, models: await modelsOf(config) });
    const baseline = options.baseline === undefined ? undefined : await experimentOf(db, dataset, options.baseline);
    const experiment = await openExperiment(db, dataset, options.experiment ?? nameFor(name), {
      target: options.target,
      tool: 'muster eval',
    });
    using signals = new StopSignals();
    const intake = intakeOf({ state, wake: { ...wake, on: () => () => undefined }, log });
    const done = await trialsOf(db, experiment);
    output.line(`${printable(experiment.name)}: ${examples.length} examples${done.size > 0 ? `, ${done.size} of them done before` : ''}`);
    try {
      const trials = await evaluateAll(examples, done, {
        concurrency: options.concurrency,
        run: (example) => {
          signals.signal.throwIfAborted();
          return runTrial(experiment, example, { intake, target, scorers, signal: signals.signal, now: Date.now });
        },
        progress: ({ exampleId, error }, n) => {
          if (error !== null) output.line(output.colors.yellow(`  ${exampleId} failed: ${printable(error).slice(0, 200)}`));
          if (n % Math.max(1, Math.round(examples.length / 10)) === 0 || n === examples.length) output.line(`  ${n} of ${examples.length}`);
        },
      });
      await closeExperiment(db, experiment);
      const comparison = baseline === undefined ? null : compare(scoresOf((await trialsOf(db, baseline)).values()), scoresOf(trials));
      const report = reportOf(
        { dataset: dataset.name, experiment: experiment.name, target: options.target, baseline: baseline?.name ?? null },
        trials,
        comparison,
      );
      if (options.report !== undefined) await keep(options.report, report);
      output.result(report, () => drawReport(report, output.columns, output.colors));
      const isWorse = comparison?.keys.some(({ verdict }) => verdict === 'worse') ?? false;
      return options.failOnRegression === true && isWorse ? EXIT.failure : EXIT.ok;
    } catch (error) {
      if (!signals.signal.aborted) throw error;
      output.line(
        `Stopped; what is done is kept. \`muster eval ${printable(name)} --experiment ${printable(experiment.name)} …\` goes on.`,
      );
      return INTERRUPTED;
    } finally {
      await intake.stop();
    }
  });
}

async function allExamples(
  examples: Examples,
  datasetId: string,
  { split, limit = MOST_EXAMPLES }: EvalOptions,
): Promise<readonly Example[]> {
  const found: Example[] = [];
  while (found.length < limit) {
    const page = await examples.list({
      datasetId,
      splits: split === undefined ? undefined : [split],
      limit: Math.min(1_000, limit - found.length),
      offset: found.length,
    });
    found.push(...page);
    if (page.length === 0) break;
  }
  return found;
}

/** OPENAI_BASE_URL and OPENAI_API_KEY, as OpenAI's own clients read them; else the gateway of the server that runs here. */
async function modelsOf(config: Config): Promise<{ readonly baseUrl: string; readonly key: string | undefined } | undefined> {
  const key = process.env['OPENAI_API_KEY'] ?? process.env['MUSTER_API_KEY'];
  const named = process.env['OPENAI_BASE_URL'];
  if (named !== undefined && named !== '') return { baseUrl: named, key };
  const running = await recallAddress(config.dataDir);
  return running === undefined ? undefined : { baseUrl: `http://${running.host}:${running.port}/openai/v1`, key };
}

function timeoutOf(text: string): number {
  try {
    return durationMs(text);
  } catch (cause) {
    throw new MusterError('USAGE', `--timeout: ${messageOf(cause)}`, { remedy: "Write it as '30s' or '2m'.", cause });
  }
}

async function keep(file: string, report: Report): Promise<void> {
  try {
    await writeFile(file, file.endsWith('.json') ? `${JSON.stringify(report, null, 2)}\n` : markdownOf(report));
  } catch (cause) {
    throw new MusterError('INVALID_INPUT', `the report could not be written: ${messageOf(cause)}`, {
      remedy: 'Name a file in a folder that is there.',
      cause,
    });
  }
}

const nameFor = (dataset: string): string => `${dataset.slice(0, 400)}-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}`;

function drawReport(report: Report, columns: number, colors: Colors): string {
  const lines = [
    '',
    `${colors.bold(printable(report.experiment))}  ${report.examples} examples, ${report.errors} failed, p50 ${report.latency_p50_seconds.toFixed(2)} s, p95 ${report.latency_p95_seconds.toFixed(2)} s`,
    '',
    drawTable(
      [
        { title: 'SCORE', shrinkTo: 12 },
        { title: 'EXAMPLES', align: 'right' },
        { title: 'MEAN', align: 'right' },
      ],
      report.scores.map(({ key, n, mean }) => [printable(key), String(n), mean.toFixed(3)]),
      columns,
      colors.dim,
    ),
  ];
  const { comparison } = report;
  if (comparison === null) return lines.join('\n');
  const mark = { better: colors.green, worse: colors.red, unclear: colors.yellow, same: colors.dim };
  lines.push(
    '',
    `Against ${printable(report.baseline ?? '')}, example by example:`,
    '',
    drawTable(
      [
        { title: 'SCORE', shrinkTo: 12 },
        { title: 'BEFORE', align: 'right' },
        { title: 'NOW', align: 'right' },
        { title: 'DIFFERENCE', align: 'right' },
        { title: '95 %', align: 'right' },
        { title: 'BETTER', align: 'right' },
        { title: 'WORSE', align: 'right' },
        { title: '' },
      ],
      comparison.keys.map(({ key, baseline, candidate, difference, interval, wins, losses, verdict }) => [
        printable(key),
        baseline.toFixed(3),
        candidate.toFixed(3),
        difference.toFixed(3),
        interval === null ? '' : `${interval[0].toFixed(3)}…${interval[1].toFixed(3)}`,
        String(wins),
        String(losses),
        mark[verdict](verdict),
      ]),
      columns,
      colors.dim,
    ),
  );
  if (comparison.regressions.length > 0)
    lines.push(
      '',
      `${comparison.regressions.length} got worse${comparison.regressions.length > REGRESSIONS_SHOWN ? `, the worst ${REGRESSIONS_SHOWN}` : ''}:`,
      ...comparison.regressions
        .slice(0, REGRESSIONS_SHOWN)
        .map(({ exampleId, key, from, to }) => `  ${exampleId}  ${key}  ${from.toFixed(3)} → ${to.toFixed(3)}`),
    );
  return lines.join('\n');
}
