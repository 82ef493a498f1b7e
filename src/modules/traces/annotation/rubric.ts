import { z } from 'zod';
import type { JsonText } from '../run/operation.ts';
import type { FeedbackConfig } from './feedback-configs.ts';

/** A key of feedback that a queue asks for, with what it means where somebody said so. */
export interface RubricItem {
  readonly key: string;
  readonly description: string | null;
  readonly isRequired: boolean;
  readonly meaning: Meaning | null;
}

export interface Meaning {
  readonly type: 'continuous' | 'categorical' | 'freeform';
  readonly min: number | null;
  readonly max: number | null;
  readonly categories: readonly { readonly value: number; readonly label: string }[];
}

// Clients write it, and whatever else they like beside it.
const Stored = z.array(
  z.looseObject({
    feedback_key: z.string(),
    description: z.string().nullish().catch(null),
    is_required: z.boolean().nullish().catch(null),
  }),
);
const Config = z.object({
  type: z.enum(['continuous', 'categorical', 'freeform']),
  min: z.number().nullish(),
  max: z.number().nullish(),
  categories: z.array(z.object({ value: z.number(), label: z.string().nullish().catch(null) })).nullish(),
});

export const keysOf = (rubric: JsonText): readonly string[] => Stored.parse(JSON.parse(rubric)).map((item) => item.feedback_key);

export function readRubric(rubric: JsonText, configs: readonly FeedbackConfig[]): readonly RubricItem[] {
  const meanings = new Map(configs.map((config) => [config.key, meaningOf(config.config)]));
  return Stored.parse(JSON.parse(rubric)).map((item) => ({
    key: item.feedback_key,
    description: item.description ?? null,
    isRequired: item.is_required ?? false,
    meaning: meanings.get(item.feedback_key) ?? null,
  }));
}

/** What is asked for from now on; of a key that was asked for before, what clients said of it besides stays. */
export function changedRubric(
  before: JsonText,
  asked: readonly { readonly key: string; readonly description?: string | undefined; readonly is_required?: boolean | undefined }[],
): JsonText {
  const known = new Map(Stored.parse(JSON.parse(before)).map((item) => [item.feedback_key, item]));
  return JSON.stringify(
    asked.map(({ key, ...said }) => ({
      ...known.get(key),
      feedback_key: key,
      ...(said.description === undefined ? {} : { description: said.description }),
      ...(said.is_required === undefined ? {} : { is_required: said.is_required }),
    })),
  );
}

function meaningOf(config: JsonText): Meaning | null {
  const read = Config.safeParse(JSON.parse(config));
  if (!read.success) return null;
  const { categories, max, min, type } = read.data;
  return {
    type,
    min: min ?? null,
    max: max ?? null,
    categories: (categories ?? []).map(({ label, value }) => ({ value, label: label ?? String(value) })),
  };
}
