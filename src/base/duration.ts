import { MusterError } from './errors.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/gy;

/** A length of time: `'30s'`, `'1h30m'`, `'250ms'`, or a number of milliseconds. */
export type DurationInput = string | number;

/** Milliseconds of a duration. Throws CONFIG_INVALID for anything else, negative or not finite. */
export function durationMs(input: DurationInput): number {
  if (typeof input === 'number') {
    if (Number.isFinite(input) && input >= 0) return input;
    throw new MusterError('CONFIG_INVALID', `${input} is not a duration`, { remedy: "Write it as '30s', '5m' or '1h30m'." });
  }
  const text = input.trim();
  let total = 0;
  let end = 0;
  PART.lastIndex = 0;
  for (let match = PART.exec(text); match !== null; match = PART.exec(text)) {
    total += Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0);
    end = PART.lastIndex;
  }
  if (text === '' || end !== text.length) {
    throw new MusterError('CONFIG_INVALID', `"${input}" is not a duration`, { remedy: "Write it as '30s', '5m' or '1h30m'." });
  }
  return total;
}

/** A duration as a person writes it: `formatDuration(90_000)` is `'1m30s'`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  let rest = Math.round(ms / 1_000);
  let text = '';
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * seconds;
  }
  return text;
}
