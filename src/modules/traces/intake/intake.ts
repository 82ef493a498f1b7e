import type { Trail } from '../origin/trail.ts';
import type { RunOperation } from '../run/operation.ts';
import type { Reason } from './quarantine.ts';

export interface NewFeedback {
  readonly feedbackId: string;
  readonly runId?: string | undefined;
  readonly traceId?: string | undefined;
  /** Of a project as a whole, where there is no run: what sums up an experiment. */
  readonly projectId?: string | undefined;
  readonly key: string;
  readonly score?: number | undefined;
  /** JSON text. */
  readonly value?: string | undefined;
  readonly comment?: string | undefined;
  /** JSON text. */
  readonly correction?: string | undefined;
  readonly source: 'api' | 'app' | 'model' | 'heuristic';
  /** JSON text of an object: all else that was sent. */
  readonly extra?: string | undefined;
  /** The Musters it came through; it stands in `extra` as well. */
  readonly trail?: Trail | undefined;
}

/** What was sent and cannot be kept as what it claims to be. */
export interface Refused {
  readonly reason: Reason;
  readonly message: string;
  readonly runId?: string | undefined;
  readonly project?: string | undefined;
  readonly body: Buffer | string;
}

export interface Submission {
  readonly source: 'langsmith' | 'otlp' | 'gateway' | 'replay';
  readonly operations: readonly RunOperation[];
  readonly feedback?: readonly NewFeedback[] | undefined;
  readonly refused?: readonly Refused[] | undefined;
  /** The projects a key may write to; null: all. What is meant for others is refused. */
  readonly mayWrite: readonly string[] | null;
}

/** The one way in, for every door: redacts, reckons tokens and cost, and keeps. */
export interface Intake {
  /**
   * Resolves when all of it is committed. What cannot be kept lies in quarantine and is counted in the answer; the rest is kept all the same.
   * Throws OVERLOADED where too much waits, and the errors of the database: then nothing of it may be taken for kept, and sending it again is harmless.
   */
  submit(submission: Submission): Promise<{ readonly refused: number }>;
}
