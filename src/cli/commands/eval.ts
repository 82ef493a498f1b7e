import { systemClock } from '../../base/clock.ts';
import { durationMs } from '../../base/duration.ts';
import { EXIT, messageOf, MusterError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { Datasets, Examples, type Example } from '../../modules/traces/datasets/index.ts';
import {
  closeExperiment,
  compare,
  DEFAULT_SCORERS,
  doorsOf,
  evaluateAll,
  experimentOf,
  isNoRegression,
  keepReport,
  notOnOneDataset,
  openExperiment,
  questionsOf,
  reachedBy,
  reportOf,
  reportView,
  runTrial,
  scorerOf,
  targetOf,
  thresholdOf,
  trialsOf,
  untilLogged,
  type Unscored,
} from '../../modules/traces/eval/index.ts';
import { intakeOf } from '../../modules/traces/intake/index.ts';
import { createOutbound } from '../../outbound/index.ts';
import { drawReport } from '../experiment-tables.ts';
import type { Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { codeFolderOf } from '../runtime/parts.ts';
import { recallAddress } from '../runtime/server-address.ts';
import { StopSignals } from '../signals.ts';
import { printable } from '../table.ts';

interface EvalOptions {
  readonly target: string;
  readonly header: readonly string[];
  readonly evaluators?: string;
  readonly scorer: readonly string[];
  readonly compare?: string;
  readonly experiment?: string;
  readonly concurrency: number;
  readonly timeout: string;
  readonly retries: number;
  readonly retryFailed?: boolean;
  readonly split?: string;
  readonly limit?: number;
  readonly report?: string;
  readonly embeddingsUsd: number;
  readonly failUnder: readonly string[];
  readonly failOnRegression?: boolean;
}

/** As a shell says of what Ctrl-C ended. */
const INTERRUPTED = 130;
const MOST_CONCURRENT = 64;
const MOST_RETRIES = 10;
const MOST_EXAMPLES = 100_000;
/** A gateway writes down what was said a moment after it answers. */
const LOGGED_WITHIN_MS = 5_000;

/** Runs the examples of a dataset against a target and scores what comes; an experiment that was interrupted goes on under its name. */
export async function run(invocation: Invocation, options: EvalOptions, name: string): Promise<number> {
  if (options.concurrency < 1 || options.concurrency > MOST_CONCURRENT)
    throw new MusterError('USAGE', `--concurrency is 1 to ${MOST_CONCURRENT}`);
  if (options.retries > MOST_RETRIES) throw new MusterError('USAGE', `--retries is 0 to ${MOST_RETRIES}`);
  if (options.failOnRegression === true && options.compare === undefined)
    throw new MusterError('USAGE', '--fail-on-regression needs an experiment to compare with', { remedy: 'Name it with --compare.' });
  const timeoutMs = timeoutOf(options.timeout);
  const headers = Object.fromEntries(options.header.map(headerOf));
  const thresholds = options.failUnder.map(thresholdOf);
  const { output } = invocation;
  return withFleet(invocation, async ({ state, config, wake, log }) => {
    const db = state.database;
    const dataset = await new Datasets(db).get(name, null);
    const examples = await allExamples(new Examples(db), dataset.datasetId, options);
    if (examples.length === 0)
      throw new MusterError('INVALID_INPUT', `${name} has no such examples`, { remedy: 'Add some, or leave --split out.' });
    // Who types a command may call what they like, with their own environment; what agents and channels may call is narrower.
    const outbound = createOutbound({ allowedNetworks: ['0.0.0.0/0', '::/0'], allowCommands: true });
    const calls = { outbound, timeoutMs, environment: ownEnvironment(), codeFolder: codeFolderOf(config.dataDir) };
    const target = await targetOf(options.target, { ...calls, headers, models: await modelsOf(config) });
    const services = { state, wake: { ...wake, on: () => () => undefined }, outbound, log };
    const intake = intakeOf(services);
    const doors = doorsOf(services, { ...calls, embeddingsUsd: options.embeddingsUsd });
    using signals = new StopSignals();
    try {
      const scorers = await Promise.all(scorersNamed(options).map((one) => scorerOf(one, doors)));
      const baseline = options.compare === undefined ? undefined : await experimentOf(db, options.compare);
      if (baseline !== undefined && baseline.datasetId !== dataset.datasetId) throw notOnOneDataset();
      const experiment = await openExperiment(db, dataset, options.experiment ?? nameFor(name), {
        target: options.target,
        tool: 'muster eval',
      });
      const done = await trialsOf(db, experiment);
      const isOpen = ({ exampleId }: Example): boolean => {
        const trial = done.get(exampleId);
        return trial === undefined || (options.retryFailed === true && trial.error !== null);
      };
      const waiting = examples.filter(isOpen);
      const progress = new Progress(output, examples.length, examples.length - waiting.length);
      progress.begin(experiment.name);
      const logged: string[] = [];
      const unscored: Unscored[] = [];
      try {
        await evaluateAll(waiting, {
          concurrency: options.concurrency,
          async run(example) {
            signals.signal.throwIfAborted();
            const tried = await runTrial(experiment, example, {
              intake,
              target,
              scorers,
              patience: { retries: options.retries, sleep: (ms, signal) => systemClock.sleep(ms, signal) },
              signal: signals.signal,
              now: Date.now,
              again: done.has(example.exampleId),
            });
            if (tried.loggedAs !== undefined) logged.push(tried.loggedAs);
            unscored.push(...tried.unscored);
            progress.step(example.exampleId, tried.error);
          },
        });
      } catch (error) {
        if (!signals.signal.aborted) throw error;
        progress.end();
        output.notice(`Stopped; what is done is kept. The same command with --experiment ${printable(experiment.name)} goes on.`);
        return INTERRUPTED;
      }
      progress.end();
      await untilLogged(db, logged, { mostMs: LOGGED_WITHIN_MS, sleep: (ms) => systemClock.sleep(ms) });
      await closeExperiment(db, experiment);
      const kept = await trialsOf(db, experiment);
      const trials = new Map(examples.flatMap(({ exampleId }) => entryOf(kept, exampleId)));
      const comparison = baseline === undefined ? null : compare(await trialsOf(db, baseline), trials);
      const reached = reachedBy([...trials.values()], thresholds);
      const report = reportOf(
        { dataset: dataset.name, experiment: experiment.name, target: options.target, baseline: baseline?.name ?? null },
        [...trials.values()],
        { comparison, thresholds: reached, unscored },
      );
      if (options.report !== undefined)
        await keepReport(db, options.report, report, { datasetId: dataset.datasetId, experiment, baseline, trials });
      const questions = await questionsOf(db, dataset.datasetId, report);
      output.result(reportView(report), () => drawReport(report, questions, output));
      const isWorse = options.failOnRegression === true && comparison !== null && !isNoRegression(comparison);
      return isWorse || reached.some(({ passed }) => !passed) ? EXIT.failure : EXIT.ok;
    } finally {
      await doors.close();
      await intake.stop();
    }
  });
}

const entryOf = <T>(map: ReadonlyMap<string, T>, key: string): readonly (readonly [string, T])[] => {
  const value = map.get(key);
  return value === undefined ? [] : [[key, value]];
};

const scorersNamed = ({ evaluators, scorer }: EvalOptions): readonly string[] => [
  ...(evaluators?.split(',').map((one) => one.trim()) ?? (scorer.length > 0 ? [] : DEFAULT_SCORERS)),
  ...scorer,
];

/** How far it is: a line that is drawn again on a terminal, and a line for each tenth elsewhere. */
class Progress {
  readonly #output: Output;
  readonly #total: number;
  readonly #before: number;
  readonly #began = performance.now();
  #done: number;
  #failed = 0;

  constructor(output: Output, total: number, done: number) {
    this.#output = output;
    this.#total = total;
    this.#before = done;
    this.#done = done;
  }

  begin(experiment: string): void {
    this.#output.notice(
      `${printable(experiment)}: ${this.#total} examples${this.#before > 0 ? `, ${this.#before} of them done before` : ''}`,
    );
  }

  step(exampleId: string, error: string | null): void {
    this.#done += 1;
    if (error !== null) {
      this.#failed += 1;
      this.#clear();
      this.#output.notice(this.#output.colors.yellow(`  ${exampleId} failed: ${printable(error).slice(0, 200)}`));
    }
    if (this.#output.interactive) this.#output.write(`\r\x1b[2K  ${this.#said()}`);
    else if (this.#done % Math.max(1, Math.round(this.#total / 10)) === 0 || this.#done === this.#total)
      this.#output.notice(`  ${this.#said()}`);
  }

  end(): void {
    this.#clear();
  }

  #clear(): void {
    if (this.#output.interactive) this.#output.write('\r\x1b[2K');
  }

  #said(): string {
    const seconds = (performance.now() - this.#began) / 1_000;
    const left = Math.round((seconds / Math.max(1, this.#done - this.#before)) * (this.#total - this.#done));
    return `${this.#done} of ${this.#total}${this.#failed > 0 ? `, ${this.#failed} failed` : ''}${left > 0 ? `, about ${left} s more` : ''}`;
  }
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
  if (running === undefined) return undefined;
  return { baseUrl: `http://${running.host}:${running.port}/openai/v1`, key: process.env['MUSTER_API_KEY'] ?? key };
}

const ownEnvironment = (): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

function headerOf(text: string): readonly [string, string] {
  const [, name = '', value = ''] = /^([\w-]+)\s*:\s*(.*)$/.exec(text) ?? [];
  if (name === '') throw new MusterError('USAGE', `--header ${text.slice(0, 50)} is no header`, { remedy: "Write it as 'name: value'." });
  return [name.toLowerCase(), value];
}

function timeoutOf(text: string): number {
  try {
    return durationMs(text);
  } catch (cause) {
    throw new MusterError('USAGE', `--timeout: ${messageOf(cause)}`, { remedy: "Write it as '30s' or '2m'.", cause });
  }
}

const nameFor = (dataset: string): string => `${dataset.slice(0, 400)}-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}`;
