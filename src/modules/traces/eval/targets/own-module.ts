import { MusterError } from '../../../../base/errors.ts';
import type { OwnFunction } from '../own-function.ts';
import type { Target } from './target.ts';

/** A function in this process: it is given the inputs, and what it returns is the outputs. One that takes too long is left alone, not stopped. */
export const ownModule =
  (answer: OwnFunction, timeoutMs: number): Target =>
  async ({ exampleId, inputs, trace }, signal) => {
    const over = new AbortController();
    const timer = setTimeout(
      () => over.abort(new MusterError('OUTBOUND_TIMEOUT', `the function did not answer within ${timeoutMs / 1_000} s`)),
      timeoutMs,
    );
    const either = AbortSignal.any([signal, over.signal]);
    const aborted = new Promise<never>((_, reject) => {
      either.addEventListener('abort', () => reject(either.reason as Error), { once: true });
    });
    try {
      signal.throwIfAborted();
      const given = { exampleId, signal: either, langsmithTrace: trace.dottedOrder, project: trace.project };
      const value = await Promise.race([aborted, (async () => answer(JSON.parse(inputs), given))()]);
      const text = JSON.stringify(value);
      if (text === undefined) throw new MusterError('OUTBOUND_FAILED', 'the function returned nothing that JSON could hold');
      return { outputs: text };
    } finally {
      clearTimeout(timer);
    }
  };
