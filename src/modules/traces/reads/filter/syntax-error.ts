import { MusterError } from '../../../../base/errors.ts';

/** What is wrong with a filter, and at which character, counted from 1. */
export function badFilter(at: number, what: string): MusterError {
  const message = `the filter breaks at character ${at + 1}: ${what}`;
  return new MusterError('INVALID_INPUT', message, {
    remedy: 'Write it as in: and(eq(run_type, "llm"), gt(latency, 2), has(tags, "beta")). docs/traces/filters.md has all of the language.',
    data: { errors: [{ pointer: '/filter', code: 'bad_filter', message }], position: at },
  });
}
