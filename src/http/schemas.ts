import { z } from 'zod';
import { badUnicode } from './json-body.ts';
import { PROBLEM_TYPE } from './problem.ts';
import { parseTime } from './time.ts';

/** A text that PostgreSQL can store. */
export const text = (min: number, max: number): z.ZodString =>
  z
    .string()
    .min(min)
    .max(max)
    .refine((value) => badUnicode(value) === undefined, 'holds a character that cannot be stored');

export const AgentIdText = text(1, 255).describe('Name of an agent, unique in the fleet');
export const JsonObject = z.record(z.string(), z.unknown());

export const Limit = z.coerce.number().int().min(1).max(1_000).default(100).describe('Items a page at most');
export const CursorText = z.string().min(1).max(4_096).describe('next_cursor of the page before, unchanged');
export const PageQuery = z.strictObject({ limit: Limit, cursor: CursorText.optional() });

/** ISO 8601, milliseconds since 1970, or relative: now, now-1h. Parsed to milliseconds. */
export const Time = z
  .string()
  .max(64)
  .describe('ISO 8601 with a zone, milliseconds since 1970, or relative: now, now-1h30m')
  .meta({ examples: ['2026-01-31T12:00:00Z', '1767225600000', 'now-1h'] })
  .transform((value, ctx) => {
    const ms = parseTime(value, Date.now());
    if (ms !== undefined) return ms;
    ctx.addIssue({ code: 'custom', message: 'is not a time: write ISO 8601 with a zone, milliseconds since 1970, or now-1h' });
    return z.NEVER;
  });

export const IsoTime = z.iso.datetime().meta({ examples: ['2026-01-31T12:00:00.000Z'] });

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable().describe('null: this was the last page') });

export const ProblemView = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string(),
    remedy: z.string(),
    errors: z.array(z.object({ pointer: z.string(), code: z.string(), message: z.string() })).optional(),
    request_id: z.string(),
  })
  .meta({
    id: 'Problem',
    description: 'RFC 9457, with a stable code and how to mend it',
    examples: [
      {
        type: 'urn:muster:problem:not-found',
        title: 'Not found',
        status: 404,
        detail: 'agent nobody does not exist',
        code: 'NOT_FOUND',
        remedy: 'Check the name; list what there is first.',
        request_id: '0d7c1f5e-8f0d-4b5f-9a53-1f4e0a3a6a55',
      },
    ],
  });

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'Cannot be read: not JSON, or not one of our cursors',
  401: 'No valid credential',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflicts with what is there',
  412: 'Changed since it was read',
  413: 'Too large',
  415: 'Not JSON',
  422: 'Not valid',
  429: 'Too many',
  503: 'The database is away, or the server is stopping; Retry-After says when to try again',
};

interface ProblemResponse {
  readonly description: string;
  readonly content: Readonly<Record<typeof PROBLEM_TYPE, { readonly schema: typeof ProblemView }>>;
}

/** The problem answers of a route: those that any may give, and its own. */
export function problems(...statuses: readonly number[]): Record<number, ProblemResponse> {
  return Object.fromEntries(
    [...new Set([400, 401, 403, 422, 429, 503, ...statuses])].map((status) => [
      status,
      { description: DESCRIPTIONS[status] ?? 'Refused', content: { [PROBLEM_TYPE]: { schema: ProblemView } } },
    ]),
  );
}

export const Nothing = z.null().describe('No content');
