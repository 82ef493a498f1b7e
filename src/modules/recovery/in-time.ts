import { MusterError } from '../../base/errors.ts';

/** Waits no longer: code of an action that hangs must not keep the round from going on. Throws ACTION_TIMEOUT. */
export function inTime<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new MusterError('ACTION_TIMEOUT', `${what} took longer than ${ms / 1_000} s`)), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
