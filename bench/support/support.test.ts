import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Bench, Figure } from './bench.ts';
import { interleave } from './interleave.ts';
import { quantile, spreadOf } from './percentiles.ts';
import { parseStat, processTree, treeCpuMs } from './processes.ts';
import { readResults, withResults } from './report.ts';
import { judge } from './results.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

describe('quantiles', () => {
  test('are values that were measured', () => {
    const values = [5, 1, 4, 2, 3];
    expect([0, 0.2, 0.5, 0.95, 1].map((q) => quantile(values, q))).toEqual([1, 1, 3, 5, 5]);
    expect(quantile([], 0.5)).toBeNaN();
    expect(spreadOf(values)).toEqual({ count: 5, min: 1, p50: 3, p95: 5, p99: 5, max: 5 });
  });
});

describe('verdicts', () => {
  const figure = (id: string, bar: number | undefined, better: 'less' | 'more'): Figure => ({
    id,
    title: id,
    unit: 'ms',
    better,
    ...(bar === undefined ? {} : { bar }),
  });
  const bench: Bench = {
    name: 'sample',
    title: 'sample',
    seconds: 1,
    figures: [figure('quick', 10, 'less'), figure('many', 10, 'more'), figure('apart', undefined, 'less')],
    run: () => Promise.resolve([]),
  };
  const measured = (values: Readonly<Record<string, number>>) => Object.entries(values).map(([id, value]) => ({ figure: id, value }));

  test('compare with the bar on the side that is good, the bar itself included', () => {
    expect(judge(bench, measured({ quick: 10, many: 9.9, apart: 1 })).map(({ verdict }) => verdict)).toEqual(['met', 'missed', 'reported']);
  });

  test('are not given for what was not measured, or not declared', () => {
    expect(() => judge(bench, measured({ quick: 1, many: 20 }))).toThrow('did not measure "apart"');
    expect(() => judge(bench, measured({ quick: Number.NaN, many: 20, apart: 1 }))).toThrow('did not measure "quick"');
    expect(() => judge(bench, measured({ quick: 1, many: 20, apart: 1, other: 1 }))).toThrow('measured "other"');
  });
});

test('interleaved variants take turns at going first', async () => {
  const order: string[] = [];
  const note = (name: string) => (round: number) => Promise.resolve(order.push(`${name}${round}`));
  await interleave({ a: note('a'), b: note('b') }, 2);
  expect(order).toEqual(['a0', 'b0', 'b1', 'a1']);
});

describe.skipIf(!existsSync('/proc/self/stat'))('processes', () => {
  test('are read also where the name of a program looks like the rest of the line', () => {
    const line = '42 (a) S 1 (b)) S 7 42 42 0 -1 4194304 1 2 3 4 150 50 30 20 20 0 1 0 99 0 0';
    expect(parseStat(line, 10)).toEqual({ command: 'a) S 1 (b)', parent: 7, cpuMs: 2_000, endedChildrenCpuMs: 500 });
  });

  test('are a tree from their root, with their CPU', () => {
    expect(processTree(process.pid)[0]).toBe(process.pid);
    expect(processTree(process.ppid)).toContain(process.pid);
    expect(treeCpuMs(process.pid)).toBeGreaterThan(0);
  });
});

test('docs/benchmarks.md shows what is recorded', async () => {
  const document = await readFile(join(root, 'docs', 'benchmarks.md'), 'utf8');
  expect(withResults(document, await readResults(root))).toBe(document);
});
