import { systemClock } from '../../../base/clock.ts';
import { MusterError } from '../../../base/errors.ts';
import type { ModuleServices } from '../../module.ts';
import { priceBookOf } from '../prices/index.ts';
import { Caller } from './call.ts';
import { directoryOf } from './directory.ts';
import { embed } from './embedder.ts';
import { particularsOf } from './particulars.ts';
import { cosine, scoresOf, type ThresholdScore } from './similarity.ts';

/** What thresholds do to pairs of questions of which somebody knows whether they have the same answer. */
export interface Calibration {
  readonly model: string;
  readonly pairs: number;
  readonly same: number;
  /** Pairs that no threshold takes for the same: their numbers, names or negations differ. */
  readonly apart: number;
  readonly scores: readonly ThresholdScore[];
  /** The lowest threshold at which all that are taken for the same are; null: there is none. */
  readonly advised: number | null;
}

interface Pair {
  readonly a: string;
  readonly b: string;
  readonly same: boolean;
}

const THRESHOLDS = Array.from({ length: 16 }, (_, n) => (84 + n) / 100);
const MOST_PAIRS = 10_000;
const AT_ONCE = 64;

/** Measures by the model itself. `text` holds a pair a line, as JSON. Throws INVALID_INPUT, naming the line, and what `embed` throws. */
export async function calibrate(
  text: string,
  model: string,
  services: Pick<ModuleServices, 'state' | 'outbound' | 'log'>,
): Promise<Calibration> {
  const pairs = pairsOf(text);
  const caller = new Caller({ outbound: services.outbound, sleep: (ms, signal) => systemClock.sleep(ms, signal) });
  const providers = await directoryOf(services.state, services.log).value();
  const prices = priceBookOf({ state: services.state });
  const measured: { similarity: number; same: boolean }[] = [];
  let apart = 0;
  for (let at = 0; at < pairs.length; at += AT_ONCE) {
    const some = pairs.slice(at, at + AT_ONCE);
    const { vectors } = await embed(
      some.flatMap(({ a, b }) => [a, b]),
      { caller, model, prices, providers, signal: new AbortController().signal },
    );
    some.forEach((pair, n) => {
      const [a, b] = [vectors[2 * n], vectors[2 * n + 1]];
      if (a === undefined || b === undefined) return;
      const isApart = particularsOf(pair.a) !== particularsOf(pair.b);
      if (isApart) apart += 1;
      measured.push({ similarity: isApart ? 0 : cosine(a, b), same: pair.same });
    });
  }
  const scores = scoresOf(measured, THRESHOLDS);
  const advised = scores.find(({ precision }) => precision === 1)?.threshold ?? null;
  return { model, pairs: measured.length, same: measured.filter(({ same }) => same).length, apart, scores, advised };
}

function pairsOf(text: string): readonly Pair[] {
  const pairs = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const pair = pairIn(line);
    if (pair === undefined)
      throw new MusterError('INVALID_INPUT', `line ${index + 1} is no pair`, {
        remedy: 'Write {"a": "…", "b": "…", "same": true} on each line.',
      });
    return [pair];
  });
  if (pairs.length === 0 || pairs.length > MOST_PAIRS)
    throw new MusterError('INVALID_INPUT', `there are ${pairs.length} pairs`, {
      remedy: `Give 1 to ${MOST_PAIRS}, one a line; a hundred say something.`,
    });
  return pairs;
}

function pairIn(line: string): Pair | undefined {
  try {
    const { a, b, same } = JSON.parse(line) as { readonly a?: unknown; readonly b?: unknown; readonly same?: unknown };
    return typeof a === 'string' && typeof b === 'string' && typeof same === 'boolean' ? { a, b, same } : undefined;
  } catch {
    // Said by its line.
    return undefined;
  }
}
