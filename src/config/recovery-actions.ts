import * as z from 'zod';
import { duration, flag, whole } from './scalars.ts';

const words = (most: number) => z.string().min(1).max(most);
const labels = z.record(words(100), words(500));

/** What is done; `{{label}}` stands for a label of the alert, quoted for where it stands. */
const work = {
  sql: words(20_000).optional(),
  agent_command: z.strictObject({ agent: words(300), command: words(100) }).optional(),
  http: z
    .strictObject({
      method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
      url: words(2_000),
      headers: labels.optional(),
      body: words(20_000).optional(),
    })
    .optional(),
  shell: words(4_000).optional(),
};

const WORK = ['sql', 'agent_command', 'http', 'shell'] as const;
const isOne = (value: Readonly<Partial<Record<(typeof WORK)[number], unknown>>>): boolean =>
  WORK.filter((kind) => value[kind] !== undefined).length === 1;
const ONE = `needs exactly one of ${WORK.join(', ')}`;

const time = (min: string) => duration({ min, max: '7d' }).optional();

/** One entry of `actions` in monitoring.yml: a healing action. */
export const recoveryActionSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9_]{0,99}$/, 'takes lower-case letters, digits and underscores, a letter first'),
    title: words(200).optional(),
    description: words(1_000).optional(),
    on: z
      .array(
        z
          .strictObject({ rule: words(200).optional(), labels: labels.optional() })
          .refine(
            ({ labels: named, rule }) => rule !== undefined || Object.keys(named ?? {}).length > 0,
            'names a rule or labels: without either it would be for every alert',
          ),
      )
      .min(1)
      .max(50),
    ...work,
    /** Labels of the alert that name the target. */
    target: z.array(words(100)).min(1).max(10),
    /** One target of a group is treated at a time. Default: the name of the action. */
    group: words(200).optional(),
    /** A query that gives true, or a row, while the symptom is there. Default: that the alert is resolved counts. */
    verify: words(20_000).optional(),
    undo: z.strictObject(work).refine(isOne, ONE).optional(),
    idempotent: flag().optional(),
    ceiling: z.enum(['suggest', 'approve', 'auto']).optional(),
    approver: z.enum(['operator', 'administrator']).optional(),
    limits: z
      .strictObject({
        runs_an_hour: whole(0, 10_000).optional(),
        runs_an_hour_a_target: whole(0, 10_000).optional(),
        cooldown: time('0s'),
        longest_cooldown: time('0s'),
        approval: time('1s'),
        timeout: time('1s'),
        hold: time('0s'),
        verify: time('1s'),
      })
      .optional(),
  })
  .refine(isOne, ONE);

export type DeclaredAction = z.output<typeof recoveryActionSchema>;
