import { isMusterError, MusterError } from '../../../../base/errors.ts';
import type { Answer, Target } from './target.ts';

export interface Patience {
  /** How often a target is asked again that may answer in a moment. */
  readonly retries: number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly random?: () => number;
}

/** What the last attempt gave, and how long that one took. */
export interface Attempted {
  readonly answer: Answer | undefined;
  readonly error: unknown;
  readonly attempts: number;
  readonly startedAt: number;
  readonly tookMs: number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Asks a target until it answers or fails for good. Asked again is what could not be reached, or refused for now (408, 425, 429, 5xx); not what took too
 * long, nor what said that the request is wrong: that is how it answers. Throws only where the signal ended it.
 */
export async function attempt(
  target: Target,
  asked: Parameters<Target>[0],
  signal: AbortSignal,
  { random = Math.random, retries, sleep }: Patience,
  now: () => number,
): Promise<Attempted> {
  for (let attempts = 1; ; attempts++) {
    const startedAt = now();
    const began = performance.now();
    try {
      const answer = await target(asked, signal);
      return { answer, error: undefined, attempts, startedAt, tookMs: performance.now() - began };
    } catch (error) {
      if (signal.aborted) throw error;
      const tookMs = performance.now() - began;
      if (attempts > retries || !mayAnswerLater(error)) return { answer: undefined, error, attempts, startedAt, tookMs };
      const wanted = error instanceof MusterError && typeof error.data['afterMs'] === 'number' ? error.data['afterMs'] : 0;
      const pause = FIRST_PAUSE_MS * 2 ** (attempts - 1) * (0.5 + random() / 2);
      await sleep(Math.min(LONGEST_PAUSE_MS, Math.max(pause, wanted)), signal);
    }
  }
}

/** A status says so itself; without one, nobody was reached. A command that failed was reached. */
const mayAnswerLater = (error: unknown): boolean =>
  isMusterError(error, 'OUTBOUND_FAILED') && (typeof error.data['again'] === 'boolean' ? error.data['again'] : error.cause !== undefined);
