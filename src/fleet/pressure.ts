import { MOST_LEVEL } from './shedding.ts';

/** One look at how the database is. */
export interface PressureSample {
  /** How long the same small statement takes now: the median of the hosts' beats, and the coordinator's own look. Milliseconds. */
  readonly latencyMs: number;
  /** Connections of clients, of those that may be open. */
  readonly connections: number;
  readonly maxConnections: number;
  /** Of these, at work on a statement. */
  readonly active: number;
}

/** What is known from earlier looks. */
export interface Pressure {
  readonly level: number;
  /** What the latency is when all is well. Undefined: nothing was measured yet. */
  readonly normalMs: number | undefined;
  /** Looks in a row that called for more, and for less. */
  readonly higher: number;
  readonly lower: number;
  /** What the last look found, for people. */
  readonly reason: string;
}

export const NO_PRESSURE: Pressure = { level: 0, normalMs: undefined, higher: 0, lower: 0, reason: '' };

/** The highest level that any of these calls for. Latency counts only where it can be felt. */
const LATENCY = [
  { times: 4, ms: 50 },
  { times: 8, ms: 200 },
  { times: 16, ms: 1_000 },
];
/** Most connections of a large fleet rest in its pools: that they are there is no load, only that there will be no more. */
const CONNECTIONS = { full: 0.95, keep: 0.95 };
const ACTIVE = [0.5, 0.65, 0.8];
/** Up a level after so many looks in a row, down after more: what is relieved shall stay so. */
const LOOKS_UP = 2;
const LOOKS_DOWN = 6;
/** A level is kept until the sample is below this part of what would raise it. */
const KEEP = 0.7;
/** How quickly the normal latency follows: by the hour while there is pressure, so that it can never be there for ever. */
const FOLLOW_CALM = 0.05;
const FOLLOW_PRESSED = 0.002;
const LEAST_NORMAL_MS = 2;

/** After one more look. */
export function judgePressure(before: Pressure, sample: PressureSample): Pressure {
  const normalMs = Math.max(LEAST_NORMAL_MS, before.normalMs ?? sample.latencyMs);
  const rises = severityOf(sample, normalMs, 1);
  const holds = severityOf(sample, normalMs, KEEP);
  const higher = rises.level > before.level ? before.higher + 1 : 0;
  const lower = holds.level < before.level ? before.lower + 1 : 0;
  const up = higher >= LOOKS_UP;
  const down = lower >= LOOKS_DOWN;
  const level = Math.min(MOST_LEVEL, Math.max(0, before.level + (up ? 1 : 0) - (down ? 1 : 0)));
  const follow = rises.level === 0 && before.level === 0 ? FOLLOW_CALM : FOLLOW_PRESSED;
  return {
    level,
    normalMs: normalMs + follow * (sample.latencyMs - normalMs),
    // One more step needs looks of its own.
    higher: up ? LOOKS_UP - 1 : higher,
    lower: down ? 0 : lower,
    reason: holds.reason === '' ? before.reason : holds.reason,
  };
}

function severityOf(sample: PressureSample, normalMs: number, scale: number): { readonly level: number; readonly reason: string } {
  const { latencyMs, connections, active } = sample;
  const most = Math.max(1, sample.maxConnections);
  const reach = (limits: readonly number[], value: number): number => limits.filter((limit) => value >= limit * scale).length;
  const found = [
    {
      level: LATENCY.filter(({ times, ms }) => latencyMs >= normalMs * times * scale && latencyMs >= ms * scale).length,
      reason: `statements take ${Math.round(latencyMs)} ms instead of ${Math.round(normalMs)}`,
    },
    {
      level: connections / most >= CONNECTIONS.full * Math.max(scale, CONNECTIONS.keep) ? 1 : 0,
      reason: `${connections} of ${most} connections are taken`,
    },
    { level: reach(ACTIVE, active / most), reason: `${active} of ${most} connections are at work at once` },
  ].toSorted((a, b) => b.level - a.level);
  return {
    level: found[0]?.level ?? 0,
    reason: found
      .filter(({ level }) => level > 0)
      .map(({ reason }) => reason)
      .join('; '),
  };
}
