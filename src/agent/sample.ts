import type { MetricOptions } from './context.ts';
import { isStorable, storable } from './storable.ts';

/** One value an agent recorded. */
export interface AgentSample {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Somebody judges by it: it does not wait for the next batch. */
  readonly soon?: true;
}

export type SampleFault = 'not_finite' | 'bad_name' | 'bad_labels' | 'bad_time';

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});
const MAX_NAME_LENGTH = 255;
const MAX_LABELS = 16;
const MAX_LABEL_LENGTH = 255;

/** What an agent passed to `ctx.metric`, checked: a sample, or why it is none. Agents are anybody's code, so nothing is taken on trust. */
export function toSample(name: string, value: number, options: MetricOptions | undefined, now: number): AgentSample | SampleFault {
  if (!Number.isFinite(value)) return 'not_finite';
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH || !isStorable(name)) return 'bad_name';
  if (options === undefined) return { name, value, unit: '', labels: NO_LABELS, at: now };
  const at = options.at ?? now;
  if (!Number.isFinite(at)) return 'bad_time';
  const labels = options.labels ?? NO_LABELS;
  if (labels !== NO_LABELS && !areLabels(labels)) return 'bad_labels';
  const sample = { name, value, unit: storable(String(options.unit ?? ''), 50), labels, at };
  return options.soon === true ? { ...sample, soon: true } : sample;
}

function areLabels(labels: unknown): boolean {
  if (typeof labels !== 'object' || labels === null) return false;
  const entries = Object.entries(labels as Readonly<Record<string, unknown>>);
  return (
    entries.length <= MAX_LABELS && entries.every(([key, value]) => isLabelText(key) && typeof value === 'string' && isLabelText(value))
  );
}

const isLabelText = (text: string): boolean => text.length <= MAX_LABEL_LENGTH && isStorable(text);
