import { z } from 'zod';
import { durationMs } from '../base/duration.ts';
import { isMusterError } from '../base/errors.ts';

/** A duration in an agent's configuration: `'5s'`, or milliseconds, and at least `shortestMs`; kept as it was written. */
export const durationSetting = (shortestMs: number, byDefault: string) =>
  z
    .union([z.string(), z.number()])
    .default(byDefault)
    .superRefine((value, context) => {
      try {
        if (durationMs(value) >= shortestMs) return;
        context.addIssue({ code: 'custom', message: `must be at least ${shortestMs} ms` });
      } catch (error) {
        if (!isMusterError(error)) throw error;
        context.addIssue({ code: 'custom', message: `${error.message}. ${error.remedy}` });
      }
    });
