import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node';
import { REQUIREMENTS } from '../support/requirements.ts';

/** What one run of vitest came to; `scripts/test.mjs` adds them up. */
export interface RunSummary {
  passed: number;
  failed: number;
  skipped: number;
  /** The failed tests and what they said first, to be repeated where nothing scrolls them away. */
  failures: string[];
  /** Skipped tests by file, with the reasons that they gave. */
  skippedIn: Record<string, { count: number; reasons: string[] }>;
  /** What is not installed, whether or not it caused a skip in this run. */
  missing: { name: string; enables: string; install: string }[];
}

/**
 * Writes the run's sums to the file that MUSTER_TEST_SUMMARY names. A file that cannot be loaded and an error outside any
 * test each count as one failure, so that no sum looks better than the run was.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env['MUSTER_TEST_SUMMARY'];
    if (file === undefined) return;
    writeFileSync(file, JSON.stringify(summarise(modules, errors)));
  }
}

function summarise(modules: readonly TestModule[], errors: readonly SerializedError[]): RunSummary {
  const summary: RunSummary = {
    passed: 0,
    failed: errors.length,
    skipped: 0,
    failures: errors.map((error) => `outside any test: ${firstLine(error.message)}`),
    skippedIn: {},
    missing: Object.values(REQUIREMENTS).flatMap(({ path, name, enables, install }) =>
      path === undefined ? [{ name, enables, install }] : [],
    ),
  };
  for (const module of modules) {
    const tests = [...module.children.allTests()];
    if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed')) {
      summary.failed++;
      summary.failures.push(
        `${fileOf(module)}: ${module
          .errors()
          .map(({ message }) => firstLine(message))
          .join('; ')}`,
      );
    }
    for (const test of tests) count(summary, module, test);
  }
  return summary;
}

function count(summary: RunSummary, module: TestModule, test: TestCase): void {
  const result = test.result();
  if (result.state === 'passed' || result.state === 'failed') {
    summary[result.state]++;
    if (result.state === 'failed')
      summary.failures.push(`${fileOf(module)} > ${test.fullName}: ${result.errors.map(({ message }) => firstLine(message)).join('; ')}`);
    return;
  }
  summary.skipped++;
  const entry = (summary.skippedIn[fileOf(module)] ??= { count: 0, reasons: [] });
  entry.count++;
  if (result.state === 'skipped' && result.note !== undefined && !entry.reasons.includes(result.note)) entry.reasons.push(result.note);
}

const fileOf = (module: TestModule): string => relative(process.cwd(), module.moduleId);
const firstLine = (message: string): string => message.split('\n', 1)[0] ?? '';
