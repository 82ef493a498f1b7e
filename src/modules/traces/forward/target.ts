import type { OutgoingFeedback } from './outgoing-feedback.ts';
import type { OutgoingRun } from './outgoing-run.ts';

export interface OutgoingItem {
  readonly run: OutgoingRun;
  readonly verb: 'post' | 'patch';
}

/** Where runs go. */
export interface Target {
  /**
   * Sends all of it. What the other side will never take is answered; the rest it has. Throws SendLater where it could not be sent: then
   * none of it may be taken for sent.
   */
  send(
    items: readonly OutgoingItem[],
    feedback: readonly OutgoingFeedback[],
    signal: AbortSignal,
  ): Promise<{ readonly refusals: readonly string[] }>;
}

/** Nothing is wrong with what was sent: it must be tried again. */
export class SendLater extends Error {
  readonly afterMs: number | undefined;

  constructor(why: string, afterMs?: number) {
    super(why);
    this.afterMs = afterMs;
  }
}
