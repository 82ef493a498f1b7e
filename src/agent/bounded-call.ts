import type { Clock } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import { MusterError } from '../base/errors.ts';

/** Which part of an agent is being called. */
export type Phase = 'startup' | 'run' | 'shutdown' | 'reconfigure' | 'command';

/** Told as calls go; must not throw. */
export interface CallObserver {
  /** A call begins, and will be aborted after its time-out. */
  called?(phase: Phase, timeoutMs: number): void;
  /** It has ended, however that was. */
  settled?(phase: Phase): void;
  /** The agent goes on although its signal aborted a while ago. */
  stuck?(phase: Phase): void;
  /** A stuck call ended at last. */
  unstuck?(phase: Phase): void;
}

export interface BoundedCall {
  readonly phase: Phase;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Time after the abort before the call counts as stuck. */
  readonly graceMs: number;
  readonly observer: CallObserver;
  /** Aborts the call with its reason. */
  readonly until?: AbortSignal;
  readonly work: (signal: AbortSignal) => unknown;
}

/**
 * Calls code of an agent with a signal that aborts at the time-out or with `until`. Settles when the code does, not before:
 * code that goes on after its abort still holds its slot, and is reported as stuck. Whatever it returns after its time-out
 * came too late: AGENT_TIMEOUT.
 */
export async function boundedCall(call: BoundedCall): Promise<unknown> {
  const controller = new AbortController();
  const onUntil = (): void => controller.abort(call.until?.reason);
  if (call.until?.aborted) onUntil();
  else call.until?.addEventListener('abort', onUntil, { once: true });

  const settled = new AbortController();
  let stuck = false;
  const watched = watch(call, controller, settled.signal, () => {
    stuck = true;
    call.observer.stuck?.(call.phase);
  });
  try {
    call.observer.called?.(call.phase, call.timeoutMs);
    const result = await call.work(controller.signal);
    if (isTimeout(controller.signal.reason)) throw controller.signal.reason;
    return result;
  } catch (error) {
    // An AbortError says less than why it was aborted.
    throw isTimeout(controller.signal.reason) ? controller.signal.reason : error;
  } finally {
    settled.abort();
    call.until?.removeEventListener('abort', onUntil);
    await watched;
    call.observer.settled?.(call.phase);
    if (stuck) call.observer.unstuck?.(call.phase);
  }
}

/** Aborts at the time-out; reports what has not settled a grace after its abort. Ends when `settled` aborts. */
async function watch(call: BoundedCall, controller: AbortController, settled: AbortSignal, stuck: () => void): Promise<void> {
  const early = new AbortController();
  const wake = (): void => early.abort();
  controller.signal.addEventListener('abort', wake, { once: true });
  settled.addEventListener('abort', wake, { once: true });
  if (controller.signal.aborted) wake();
  // Both sleeps end early in one way only: by the signals above.
  await call.clock.sleep(call.timeoutMs, early.signal).catch(() => undefined);
  if (settled.aborted) return;
  if (!controller.signal.aborted) controller.abort(timedOut(call));
  await call.clock.sleep(call.graceMs, settled).catch(() => undefined);
  if (!settled.aborted) stuck();
}

const timedOut = (call: BoundedCall): MusterError =>
  new MusterError('AGENT_TIMEOUT', `${call.phase} took longer than ${formatDuration(call.timeoutMs)} and was aborted`);

const isTimeout = (reason: unknown): reason is MusterError => reason instanceof MusterError && reason.code === 'AGENT_TIMEOUT';
