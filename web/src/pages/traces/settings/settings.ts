import type { Redaction } from './redaction.ts';

export interface TraceSettings {
  readonly retention: { readonly days: number };
  readonly sampling: { readonly rate: number; readonly keep_errors: boolean };
  readonly redaction: Redaction;
  readonly budget: { readonly usd_per_hour: number | null };
}

/** A topic that is there stands in place of the general one, as a whole. */
export type OwnSettings = Partial<TraceSettings>;

/** What was written into the form; shares are percent there. */
export function settingsOf(given: {
  readonly days: string;
  readonly share: string;
  readonly keepErrors: boolean;
  readonly budget: string;
}): OwnSettings {
  return {
    retention: { days: Number(given.days) },
    // 10 % is 0.1, not 0.1000000001.
    sampling: { rate: Number((Number(given.share) / 100).toPrecision(12)), keep_errors: given.keepErrors },
    budget: { usd_per_hour: given.budget === '' ? null : Number(given.budget) },
  };
}
