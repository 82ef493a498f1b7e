import * as z from 'zod';
import { durationMs, formatDuration } from '../base/duration.ts';
import { isNetwork } from '../outbound/index.ts';

/**
 * The values a configuration file holds. Each accepts what YAML gives and what `${VAR}` leaves, which is always text,
 * and says what it expected in words.
 */
function scalar<T>(expected: string, example: string, parse: (input: string | number | boolean) => T | undefined) {
  const schema = z.unknown().transform((input, context): T => {
    const value = typeof input === 'string' || typeof input === 'number' || typeof input === 'boolean' ? parse(input) : undefined;
    if (value !== undefined) return value;
    context.addIssue({
      code: 'custom',
      message: `expected ${expected}, found ${describe(input)}`,
      params: { remedy: `Write it as ${example}.` },
    });
    return z.NEVER;
  });
  // Read by the reference.
  return schema.describe(expected);
}

export const flag = (): z.ZodType<boolean> =>
  scalar('true or false', 'true or false', (input) => {
    if (typeof input === 'boolean') return input;
    if (input === 'true') return true;
    return input === 'false' ? false : undefined;
  });

export const whole = (min: number, max: number): z.ZodType<number> =>
  scalar(`a whole number from ${min} to ${max}`, `${min}, ${max} or between`, (input) => {
    const value = asNumber(input);
    return value !== undefined && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
  });

export const quantity = (min: number, max: number): z.ZodType<number> =>
  scalar(`a number from ${min} to ${max}`, `${min}, ${max} or between`, (input) => {
    const value = asNumber(input);
    return value !== undefined && value >= min && value <= max ? value : undefined;
  });

export interface DurationRange {
  readonly min: string;
  readonly max: string;
  /** What a number without a unit counts. Default milliseconds. */
  readonly bareUnit?: 'ms' | 's';
}

/** Milliseconds of a length of time such as '30s'. */
export const duration = ({ min, max, bareUnit = 'ms' }: DurationRange): z.ZodType<number> =>
  scalar(
    `a length of time from ${min} to ${max}`,
    `${min}, ${formatDuration(durationMs(max))} or between; a bare number counts ${bareUnit === 's' ? 'seconds' : 'milliseconds'}`,
    (input) => {
      const bare = asNumber(input);
      const ms = bare === undefined ? parseDuration(input) : bare * (bareUnit === 's' ? 1_000 : 1);
      return ms !== undefined && ms >= durationMs(min) && ms <= durationMs(max) ? ms : undefined;
    },
  );

/** A currency by its code, as ISO 4217 has it. */
export const currency = (): z.ZodType<string> =>
  scalar('the code of a currency', 'EUR or USD', (input) => (typeof input === 'string' && /^[A-Z]{3}$/.test(input) ? input : undefined));

const DAY_MS = 86_400_000;

/** Milliseconds of a length of time that history is kept by: it is dropped a day at a time. */
export const wholeDays = (min: number, max: number): z.ZodType<number> =>
  scalar(`a length of time in whole days, from ${min}d to ${max}d`, `${min}d, ${max}d or between`, (input) => {
    const ms = parseDuration(input);
    return ms !== undefined && ms % DAY_MS === 0 && ms >= min * DAY_MS && ms <= max * DAY_MS ? ms : undefined;
  });

/** Networks such as '10.1.0.0/16, fd12::/32'. */
export const networks = (): z.ZodType<readonly string[]> =>
  scalar('networks, separated by commas', '10.1.0.0/16, fd12:3456::/32', (input) => {
    const items = typeof input === 'string' ? input.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()])) : undefined;
    return items?.every(isNetwork) === true ? items : undefined;
  });

const SIZE_UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1024, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** Bytes of a size such as '512MB'. */
export const size = (): z.ZodType<number> =>
  scalar('a size', '64MB, 512MB or 2GB', (input) => {
    if (typeof input === 'number') return Number.isInteger(input) && input >= 0 ? input : undefined;
    const match = typeof input === 'string' ? /^(\d{1,9})\s*([kKMGT]?B)$/.exec(input.trim()) : null;
    return match === null ? undefined : Number(match[1]) * (SIZE_UNITS[match[2] ?? ''] ?? 0);
  });

function asNumber(input: string | number | boolean): number | undefined {
  if (typeof input === 'boolean') return undefined;
  if (typeof input === 'string' && !/^\s*-?\d+(\.\d+)?\s*$/.test(input)) return undefined;
  const value = Number(input);
  return Number.isFinite(value) ? value : undefined;
}

function parseDuration(input: unknown): number | undefined {
  if (typeof input !== 'string' || !/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(input.trim())) return undefined;
  return durationMs(input);
}

export function describe(input: unknown): string {
  if (input === null || input === undefined) return 'nothing';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'a section';
  return JSON.stringify(typeof input === 'string' ? input.slice(0, 60) : input);
}

/** A section of known keys; leaving it out, or empty, takes every default. */
export const section = <Shape extends z.core.$ZodShape>(shape: Shape) => z.preprocess((input) => input ?? {}, z.strictObject(shape));
