import type { MetricName } from './catalogue.ts';

export type Labels = Readonly<Record<string, string>>;

/** One measured value, before it has a time. */
export interface Reading {
  readonly name: MetricName;
  readonly value: number;
  readonly labels: Labels;
}

/** Takes a reading. Undefined, null and NaN mean that nothing was measured: nothing is recorded. */
export type RecordReading = (name: MetricName, value: number | null | undefined, labels?: Labels) => void;
