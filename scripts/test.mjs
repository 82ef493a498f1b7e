// `./muster test [--full] [filters]`: the whole suite, or the files whose path contains a filter. Its last line is the sum.
// --full also runs the database tests against every supported PostgreSQL, and lets nothing be skipped.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {import('../test/report/reporter.ts').RunSummary} RunSummary */

/** Folders, clusters and their logs take up to 2 GB at a time, and the programs as much. */
const ROOM = 4 * 2 ** 30;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const given = process.argv.slice(2);
if (given.includes('--help') || given.includes('-h')) {
  console.log(`usage: ./muster test [--full] [filters]

  filters   run only the files whose path contains one of them
  --full    nothing may be skipped, chaos included, and the database tests run against every supported PostgreSQL
  Other options go to vitest: ./muster test --coverage`);
  process.exit(0);
}
const full = given.includes('--full');
const passedOn = given.filter((argument) => argument !== '--full');
const everything = passedOn.every((argument) => argument.startsWith('-'));
const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
const scratch = scratchFolder();

/**
 * Where tests make their folders and servers, and with them hundreds of databases: in memory where there is room for it, because on a
 * disk all the files take longer than what the tests do with them. TMPDIR says where else. @returns {string}
 */
function scratchFolder() {
  const memory = '/dev/shm';
  if (process.env['TMPDIR'] !== undefined || !existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  const room = Math.min(bavail * bsize, process.availableMemory?.() ?? freemem());
  // Programs are run from there too, which containers may have forbidden.
  const forbidden = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[1] === memory && line.includes('noexec'));
  return room >= ROOM && !forbidden ? memory : tmpdir();
}

/** One run of vitest. Without a summary it broke before any test: that is a failure too. @param {readonly string[]} args @param {{ reporter?: string, env?: Record<string, string> }} [options] @returns {RunSummary} */
function vitest(args, { reporter = 'default', env = {} } = {}) {
  const file = join(folder, 'summary.json');
  rmSync(file, { force: true });
  const EXCLUDE = '--exclude=';
  const excluded = args.filter((argument) => argument.startsWith(EXCLUDE)).map((argument) => argument.slice(EXCLUDE.length));
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      `--reporter=${reporter}`,
      `--reporter=${join(root, 'test', 'report', 'reporter.ts')}`,
      ...args.filter((argument) => !argument.startsWith(EXCLUDE)),
    ],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        ...env,
        TMPDIR: scratch,
        MUSTER_TEST_EXCLUDE: excluded.join(','),
        MUSTER_TEST_SUMMARY: file,
        ...(full ? { MUSTER_TEST_FULL: '1' } : {}),
      },
    },
  );
  if (!existsSync(file))
    return { passed: 0, failed: 1, skipped: 0, failures: ['the run broke before any test'], skippedIn: {}, missing: [] };
  const summary = /** @type {RunSummary} */ (JSON.parse(readFileSync(file, 'utf8')));
  if (status !== 0 && summary.failed === 0) {
    summary.failed = 1;
    summary.failures.push('vitest ended with an error although no test failed');
  }
  return summary;
}

/** @param {string} server @param {RunSummary} summary */
function repeatFailures(server, { failures }) {
  if (failures.length === 0) return;
  console.log(`\nFailed on ${server}:`);
  for (const failure of failures.slice(0, 20)) console.log(`  ${failure.slice(0, 500)}`);
  if (failures.length > 20) console.log(`  and ${failures.length - 20} more`);
}

/** @param {RunSummary} summary */
function explainSkips({ skippedIn, missing }) {
  if (Object.keys(skippedIn).length === 0) return;
  console.log('\nSkipped:');
  for (const [file, { count, reasons }] of Object.entries(skippedIn))
    console.log(`  ${count} in ${file}${reasons.length > 0 ? `: ${reasons.join('; ')}` : ''}`);
  for (const { name, enables, install } of missing) console.log(`  ${name} is not installed; for ${enables}: ${install}`);
}

// What kills, freezes and cuts off hosts for minutes is for a full run, or for who asks for it.
const plain = !full && everything;
const named = process.env['MUSTER_TEST_POSTGRES'] ?? '';
const first = named === '' || named === 'embedded' ? 'the embedded PostgreSQL 18' : named.replace(/:\/\/.*@/, '://…@');
/** @type {Map<string, RunSummary>} */
const runs = new Map([[first, vitest(plain ? ['--exclude=test/chaos/**', ...passedOn] : passedOn)]]);
if (full && everything) {
  const { targets } = await import('../test/postgres-matrix/targets.mjs');
  for (const [target, tests] of targets) {
    console.log(`\nDatabase tests on ${target}:`);
    runs.set(target, vitest([...tests, ...passedOn], { reporter: 'dot', env: { MUSTER_TEST_POSTGRES: target, NO_COLOR: '1' } }));
  }
}
const summaries = [...runs.values()];
for (const summary of summaries) explainSkips(summary);
for (const [server, summary] of runs) repeatFailures(server, summary);
rmSync(folder, { recursive: true, force: true });

/** @param {'passed' | 'failed' | 'skipped'} key */
const sum = (key) => summaries.reduce((total, summary) => total + summary[key], 0);
const passed = sum('passed');
const failed = sum('failed');
const skipped = sum('skipped');
if (!full)
  console.log(
    `\nOnly on ${first}${plain ? ', and without test/chaos' : ''}. \`./muster test --full\` also takes 14 to 17 and Debian’s 15: see test/postgres-matrix/README.md.`,
  );
if (full && skipped > 0) console.log('\nA full run may skip nothing.');
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || passed === 0 || (full && skipped > 0) ? 1 : 0;
