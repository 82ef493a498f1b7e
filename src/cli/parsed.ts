import type { z } from 'zod';
import { MusterError } from '../base/errors.ts';

/** What the options of a command say together, as the API would take it. Throws USAGE. */
export function parsed<Schema extends z.ZodType>(schema: Schema, given: unknown, remedy?: string): z.output<Schema> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new MusterError('USAGE', faults.join('; '), remedy === undefined ? {} : { remedy });
}
