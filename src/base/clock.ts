/**
 * Time as a dependency. `now` is the wall clock and serves for display and defaults only: decisions use the
 * database's clock. `monotonic` never goes back and serves to stop trusting a lease early.
 */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonic(): number;
  /** Resolves after `ms` and never before by `monotonic`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const until = performance.now() + ms;
      let timer: NodeJS.Timeout;
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const wait = (left: number): void => {
        timer = setTimeout(() => {
          // A timer counts whole milliseconds from a clock that was read earlier: it may fire up to two of them too soon.
          const rest = until - performance.now();
          if (rest > 0) return wait(rest);
          signal?.removeEventListener('abort', onAbort);
          resolve();
        }, Math.ceil(left));
      };
      wait(ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};
