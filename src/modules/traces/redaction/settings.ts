import { z } from 'zod';
import { parsePattern } from './pattern.ts';

/** What is looked for. `custom` patterns are kinds by their own names. */
export const REDACTION_KINDS = ['secret', 'email', 'phone', 'iban', 'card'] as const;
export type RedactionKind = (typeof REDACTION_KINDS)[number];

const customPattern = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,31}$/)
    .refine((name) => !['environment', ...REDACTION_KINDS].includes(name), 'this name is taken by a kind that is built in')
    .describe('What stands in the mark: [redacted:name]'),
  pattern: z
    .string()
    .min(1)
    .max(500)
    .superRefine((pattern, context) => {
      const parsed = parsePattern(pattern, false);
      if ('problem' in parsed) context.addIssue({ code: 'custom', message: parsed.problem });
    })
    .describe('A regular expression without look-around and back references: those cannot be matched in linear time'),
  ignore_case: z.boolean().default(false),
});

/** What is redacted before anything is stored. Everything is on until somebody switches it off. */
export const redactionSettings = z.strictObject({
  secrets: z
    .boolean()
    .default(true)
    .describe(
      'Keys of providers, tokens, private keys, passwords in addresses, and values whose name says password, api_key, authorization and the like',
    ),
  environment: z
    .boolean()
    .default(true)
    .describe('Drops LANGSMITH_* and LANGCHAIN_* from extra: SDKs copy them from the environment, keys included'),
  email: z.boolean().default(true),
  phone: z.boolean().default(true),
  iban: z.boolean().default(true),
  card: z.boolean().default(true),
  attachments: z
    .enum(['keep', 'drop'])
    .default('keep')
    .describe('keep: texts are redacted like everything else, other files are kept as they came; drop: none is stored'),
  custom: z.array(customPattern).max(20).default([]),
  pseudonyms: z
    .array(z.enum(REDACTION_KINDS))
    .default(['email'])
    .describe('Kinds whose mark carries a pseudonym, the same for the same value: who is who can be counted, and not read'),
});
export type RedactionSettings = z.output<typeof redactionSettings>;

export const DEFAULT_REDACTION: RedactionSettings = redactionSettings.parse({});
