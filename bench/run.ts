import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { EXIT, isMusterError, MusterError } from '../src/base/errors.ts';
import type { Bench } from './support/bench.ts';
import { openContext } from './support/context.ts';
import { load, machine, versions } from './support/machine.ts';
import { writeReport } from './support/report.ts';
import { judge, readResult, writeResult } from './support/results.ts';
import { alignColumns, figureTable, readable } from './support/table.ts';

/** This file runs compiled, in .cache/bench/bench/. */
const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..', '..');

const USAGE = `usage: ./muster bench                                   lists the benchmarks and what was last recorded
       ./muster bench <name>… | all [--seconds N] [--only PART,…] [--record]

  --seconds N  makes the measured part about that long; figures are meant for the default
  --only PART,…  runs these parts of a benchmark that has parts; not together with --record
  --record     keeps the result in bench/results/<name>.json

  MUSTER_BENCH_DATABASE_URL names a server to use instead of a fresh embedded one.`;

async function findBenches(): Promise<Bench[]> {
  const files = (await readdir(here)).filter((name) => name.endsWith('.bench.js')).toSorted();
  return Promise.all(files.map(async (name) => ((await import(pathToFileURL(join(here, name)).href)) as { bench: Bench }).bench));
}

async function list(benches: readonly Bench[]): Promise<void> {
  const rows = await Promise.all(
    benches.map(async (bench) => {
      const recorded = await readResult(root, bench.name);
      const summary = recorded?.figures.map(({ value, unit, verdict }) => `${readable(value)} ${unit} (${verdict})`).join(', ');
      return [bench.name, bench.title, summary === undefined ? 'not recorded' : `${recorded?.date.slice(0, 10)}: ${summary}`];
    }),
  );
  for (const line of alignColumns([['name', 'measures', 'recorded'], ...rows])) console.log(line);
}

/** Runs one, prints its table, and tells whether every bar was met. */
async function runBench(
  bench: Bench,
  options: {
    readonly seconds: number | undefined;
    readonly only: ReadonlySet<string> | undefined;
    readonly record: boolean;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const seconds = options.seconds ?? bench.seconds;
  const before = load();
  const { only, signal } = options;
  const ctx = await openContext({ root, name: bench.name, seconds, shortened: seconds < bench.seconds, only, signal });
  let failed = true;
  try {
    console.log(`${bench.name}: ${bench.title}`);
    const figures = judge(bench, await bench.run(ctx), only);
    const postgres = ctx.usedServer()?.version;
    const result = {
      bench: bench.name,
      date: new Date().toISOString(),
      seconds,
      machine: machine(),
      versions: { ...versions(root), ...(postgres === undefined ? {} : { postgres }) },
      load: { before, after: load() },
      figures,
    };
    for (const line of figureTable(figures)) console.log(`  ${line}`);
    console.log(
      `  ${result.machine.cpu}, ${result.machine.cores} cores; Node ${result.versions.node}; load ${before} before, ${result.load.after} after`,
    );
    if (options.record) {
      console.log(`  recorded in ${await writeResult(root, result)}`);
      await writeReport(root);
    }
    failed = false;
    return figures.every(({ verdict }) => verdict !== 'missed');
  } finally {
    await ctx.close(failed);
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string' },
      only: { type: 'string' },
      record: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  if (values.help) {
    console.log(USAGE);
    return EXIT.ok;
  }
  if (seconds !== undefined && !(seconds > 0))
    throw new MusterError('USAGE', `--seconds takes a number of seconds, not "${values.seconds}"`);
  const benches = await findBenches();
  if (positionals.length === 0) {
    await list(benches);
    return EXIT.ok;
  }
  const unknown = positionals.filter((name) => name !== 'all' && !benches.some((bench) => bench.name === name));
  if (unknown.length > 0)
    throw new MusterError('USAGE', `there is no benchmark ${unknown.join(', ')}; there are: ${benches.map(({ name }) => name).join(', ')}`);

  const chosen = benches.filter(({ name }) => positionals.includes('all') || positionals.includes(name));
  const only = values.only === undefined ? undefined : new Set(values.only.split(','));
  const parts = new Set(chosen.flatMap(({ figures }) => figures.flatMap(({ part }) => part ?? [])));
  for (const part of only ?? []) {
    if (!parts.has(part)) throw new MusterError('USAGE', `there is no part "${part}"; there are: ${[...parts].join(', ') || 'none'}`);
  }
  if (only !== undefined && values.record) throw new MusterError('USAGE', '--record keeps a whole benchmark, not parts of it');

  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort(new Error('interrupted')));
  let met = true;
  for (const bench of chosen) {
    met = (await runBench(bench, { seconds, only, record: values.record, signal: interrupted.signal })) && met;
  }
  return met ? EXIT.ok : EXIT.failure;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (isMusterError(error, 'USAGE')) console.error(`bench: ${error.message}\n\n${USAGE}`);
  else console.error(error);
  process.exitCode = isMusterError(error) ? error.kind.exitCode : EXIT.failure;
}
