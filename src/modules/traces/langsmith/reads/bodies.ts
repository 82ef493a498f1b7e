import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../../../base/errors.ts';
import { readJson } from '../../../../http/json-body.ts';
import type { Micros } from '../../run/operation.ts';
import { parseTimestamp } from '../../reads/filter/timestamp.ts';

const MOST_BYTES = 1_048_576;

/** JSON whatever its content type says: JavaScript's SDK sends some of it as text/plain. */
export function readAnyJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MOST_BYTES }, async (_request: FastifyRequest, body: Buffer) =>
    body.length === 0 ? undefined : readJson(body, { judgesItems: false }),
  );
}

/** Throws INVALID_INPUT with the fields that are wrong; what nobody here knows is passed over. */
export function parsed<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const result = schema.safeParse(given ?? {});
  if (result.success) return result.data;
  const errors = result.error.issues.slice(0, 20).map(({ path, message, code }) => ({ pointer: `/${path.join('/')}`, code, message }));
  throw new MusterError('INVALID_INPUT', `${errors[0]?.pointer ?? ''}: ${errors[0]?.message ?? 'is not valid'}`, { data: { errors } });
}

/** What may be null counts as not said. */
export const said = <Schema extends z.ZodType>(schema: Schema) =>
  schema
    .nullish()
    .transform((value) => value ?? undefined)
    .optional();

export const Uuid = z.guid().transform((id) => id.toLowerCase());
/** One or several, in a body or an address. */
export const oneOrMany = <Schema extends z.ZodType>(schema: Schema) =>
  z.union([schema, z.array(schema).max(1_000)]).transform((value) => [value].flat() as z.output<Schema>[]);

export const Timestamp = z.union([z.string(), z.number()]).transform((value, ctx): Micros => {
  const micros = parseTimestamp(value);
  if (micros !== undefined) return micros;
  ctx.addIssue({ code: 'custom', message: 'is not a time' });
  return z.NEVER;
});

/** `true` in an address. */
export const Flag = z
  .union([z.boolean(), z.enum(['true', 'false', 'True', 'False'])])
  .transform((value) => String(value).toLowerCase() === 'true');
