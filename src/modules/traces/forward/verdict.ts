import { fullJitter } from '../../../db/back-off.ts';

/** What an answer means for what was sent. */
export type Verdict =
  | { readonly kind: 'taken' }
  /** Nothing wrong with what was sent: later. */
  | { readonly kind: 'later'; readonly afterMs: number | undefined; readonly why: string }
  /** It will never be taken as it is. */
  | { readonly kind: 'refused'; readonly why: string };

/** LangSmith asks for no more than an hour; a mistaken header must not stop a forward for a year. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

export function verdictOf(status: number, headers: Readonly<Record<string, string>>, body: string, now: number): Verdict {
  // 409: it was sent before, which is what at-least-once comes to.
  if ((status >= 200 && status < 300) || status === 409) return { kind: 'taken' };
  const why = `it answered ${status}${body === '' ? '' : `: ${body.slice(0, 300)}`}`;
  // A key that is wrong, a path that is not there: somebody has to mend it, and then all of it is wanted.
  const isRefusal = status === 400 || status === 413 || status === 422;
  return isRefusal ? { kind: 'refused', why } : { kind: 'later', afterMs: retryAfterMs(headers['retry-after'], now), why };
}

/** Seconds, or a date. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), LONGEST_RETRY_AFTER_MS);
}

const BASE_MS = 1_000;
const CAP_MS = 300_000;

/** How long to wait after so many failures in a row: never less than was asked for. */
export function restMs(failures: number, askedMs: number | undefined, random: () => number = Math.random): number {
  return Math.max(askedMs ?? 0, 250, fullJitter(failures, BASE_MS, CAP_MS, random));
}
