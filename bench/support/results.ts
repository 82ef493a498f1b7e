import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, Figure, Measurement } from './bench.ts';
import type { Machine, Versions } from './machine.ts';

export type Verdict = 'met' | 'missed' | 'reported';

export interface Outcome extends Measurement {
  readonly title: string;
  readonly unit: string;
  readonly bar?: number;
  readonly better: Figure['better'];
  readonly verdict: Verdict;
}

/** What stands in bench/results/<name>.json. */
export interface Result {
  readonly bench: string;
  readonly date: string;
  readonly seconds: number;
  readonly machine: Machine;
  readonly versions: Versions & { readonly postgres?: string };
  /** Load averages of one minute: what else the machine did. */
  readonly load: { readonly before: number; readonly after: number };
  readonly figures: readonly Outcome[];
}

/** Every figure of the bench, or of the parts asked for, with its measurement. A figure without one, or one that nobody declared, is an error in the bench. */
export function judge(bench: Bench, measurements: readonly Measurement[], only?: ReadonlySet<string>): Outcome[] {
  const byFigure = new Map(measurements.map((measurement) => [measurement.figure, measurement]));
  for (const { figure } of measurements) {
    if (!bench.figures.some(({ id }) => id === figure)) throw new Error(`${bench.name} measured "${figure}", which it does not declare`);
  }
  const asked = bench.figures.filter(({ part }) => only === undefined || (part !== undefined && only.has(part)));
  return asked.map((figure) => {
    const measurement = byFigure.get(figure.id);
    if (measurement === undefined || !Number.isFinite(measurement.value)) throw new Error(`${bench.name} did not measure "${figure.id}"`);
    return {
      ...measurement,
      title: figure.title,
      unit: figure.unit,
      better: figure.better,
      ...(figure.bar === undefined ? {} : { bar: figure.bar }),
      verdict: verdict(figure, measurement.value),
    };
  });
}

function verdict({ bar, better }: Figure, value: number): Verdict {
  if (bar === undefined) return 'reported';
  return (better === 'less' ? value <= bar : value >= bar) ? 'met' : 'missed';
}

const fileOf = (root: string, bench: string): string => join(root, 'bench', 'results', `${bench}.json`);

export async function writeResult(root: string, result: Result): Promise<string> {
  const file = fileOf(root, result.bench);
  await mkdir(join(root, 'bench', 'results'), { recursive: true });
  await writeFile(file, `${compactRaw(JSON.stringify(result, null, 2))}\n`);
  return file;
}

/** The recorded result, or undefined where none is. */
export async function readResult(root: string, bench: string): Promise<Result | undefined> {
  try {
    return JSON.parse(await readFile(fileOf(root, bench), 'utf8')) as Result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Puts lists of numbers on one line each: thousands of raw values are to be kept, not read line by line. */
function compactRaw(json: string): string {
  return json.replaceAll(
    /\[\n\s+(-?[\d.e+-]+(?:,\n\s+-?[\d.e+-]+)*)\n\s+\]/g,
    (_, numbers: string) => `[${numbers.replaceAll(/\s+/g, '')}]`,
  );
}
