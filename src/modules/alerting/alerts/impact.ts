import type { Level } from '../delivery/notification.ts';

/** What an installation says that a fault costs. Whatever is left out is not configured, and never guessed. */
export interface BusinessRates {
  readonly currency?: string | undefined;
  readonly costPerMinute?: Partial<Readonly<Record<Level, number>>> | undefined;
  /** The share of time things must work, and over which time: 0.999 over 30 days is a budget of 43.2 minutes. */
  readonly objective?: number | undefined;
  readonly windowMs?: number | undefined;
}

/** The rates that held when an alert began: kept with it, so that its figures can be made again. */
export interface ImpactRates {
  readonly currency?: string | undefined;
  readonly costPerMinute?: number | undefined;
  /** The whole budget, in minutes of being down. */
  readonly budgetMinutes?: number | undefined;
}

/** What an alert has cost until a moment. Both are derived: minutes times a configured rate. */
export interface Impact {
  readonly minutes: number;
  readonly cost: { readonly perMinute: number; readonly total: number; readonly currency: string } | null;
  /** The share of the error budget it has burned; null: no objective is configured, or a level that does not count as down. */
  readonly errorBudget: { readonly burned: number; readonly budgetMinutes: number } | null;
}

const MINUTE_MS = 60_000;

export function ratesFor(level: Level, rates: BusinessRates): ImpactRates {
  const costPerMinute = rates.costPerMinute?.[level];
  const isDown = level === 'critical' || level === 'emergency';
  const budgetMinutes =
    isDown && rates.objective !== undefined && rates.windowMs !== undefined
      ? ((1 - rates.objective) * rates.windowMs) / MINUTE_MS
      : undefined;
  return {
    ...(costPerMinute === undefined ? {} : { costPerMinute, currency: rates.currency ?? 'USD' }),
    ...(budgetMinutes === undefined ? {} : { budgetMinutes }),
  };
}

/** Time is counted from the first bad sample, as users felt it. */
export function impactOf(
  alert: { readonly startedAt: number; readonly resolvedAt: number | null; readonly impact: ImpactRates },
  now: number,
): Impact {
  const minutes = Math.round(Math.max(0, (alert.resolvedAt ?? now) - alert.startedAt) / 6) / 10_000;
  const { budgetMinutes, costPerMinute, currency } = alert.impact;
  return {
    minutes,
    cost: costPerMinute === undefined ? null : { perMinute: costPerMinute, total: costPerMinute * minutes, currency: currency ?? 'USD' },
    errorBudget: budgetMinutes === undefined || budgetMinutes <= 0 ? null : { burned: minutes / budgetMinutes, budgetMinutes },
  };
}

/** As programs get it. Null: not configured. */
export const impactDocument = ({ cost, errorBudget, minutes }: Impact) => ({
  minutes,
  cost: cost === null ? null : { per_minute: cost.perMinute, total: cost.total, currency: cost.currency },
  error_budget: errorBudget === null ? null : { burned_ratio: errorBudget.burned, budget_minutes: errorBudget.budgetMinutes },
});

/** One line for a message. */
export function impactLine(impact: Impact): string {
  const cost =
    impact.cost === null
      ? 'cost not configured'
      : `${impact.cost.perMinute} ${impact.cost.currency} a minute, ${rounded(impact.cost.total)} ${impact.cost.currency} so far`;
  const budget =
    impact.errorBudget === null
      ? 'error budget not configured'
      : `${rounded(impact.errorBudget.burned * 100)} % of the error budget burned`;
  return `Impact: ${cost}; ${budget}.`;
}

/** Two digits that matter: a derived figure has no more. */
const rounded = (value: number): string => (value === 0 ? '0' : String(Number(value.toPrecision(2))));
