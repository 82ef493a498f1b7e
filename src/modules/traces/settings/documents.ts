import { z } from 'zod';
import { redactionSettings } from '../redaction/index.ts';

const days = z.number().int().min(1).max(3_650);
const usd = z.number().positive().max(1_000_000).nullable();

const retention = z.strictObject({
  days: days
    .default(30)
    .describe('How many days runs are kept, with their payload, attachments and search terms. A change counts from the next day on'),
});
const sampling = z.strictObject({
  rate: z.number().min(0).max(1).default(1).describe('Share of traces that are kept. A trace is kept whole or not at all: its id decides'),
  keep_errors: z.boolean().default(true).describe('Runs that failed are kept whatever the rate'),
});
const budget = z.strictObject({
  usd_per_hour: usd.default(null).describe('Cost per hour beyond which an alert fires; null: none'),
});

/** What holds where a project says nothing. */
export const traceSettings = z.strictObject({
  retention: retention.prefault({}),
  sampling: sampling.prefault({}),
  redaction: redactionSettings.prefault({}),
  budget: budget.prefault({}),
});
export type TraceSettingsDocument = z.output<typeof traceSettings>;
export const TOPICS = ['retention', 'sampling', 'redaction', 'budget'] as const satisfies readonly (keyof TraceSettingsDocument)[];

/** What a project says for itself: a topic that is there stands in place of the general one, as a whole. */
export const projectSettings = z.strictObject({
  retention: retention.optional(),
  sampling: sampling.optional(),
  redaction: redactionSettings.optional(),
  budget: budget.optional(),
});
export type ProjectSettings = z.output<typeof projectSettings>;

/** Reads what is stored. What cannot be read, because a newer version wrote it, counts as not said. */
export function readTopics(stored: Readonly<Record<string, unknown>>): ProjectSettings {
  const read: Record<string, unknown> = {};
  for (const topic of TOPICS) {
    const result = projectSettings.shape[topic].safeParse(stored[topic]);
    if (result.success && result.data !== undefined) read[topic] = result.data;
  }
  return read;
}

export const effective = (general: TraceSettingsDocument, own: ProjectSettings): TraceSettingsDocument => ({
  retention: own.retention ?? general.retention,
  sampling: own.sampling ?? general.sampling,
  redaction: own.redaction ?? general.redaction,
  budget: own.budget ?? general.budget,
});
