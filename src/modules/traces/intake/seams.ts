import type { JsonText, Micros } from '../run/operation.ts';
import type { RunType } from '../run/run-type.ts';

/** What a run's JSON says, as columns. */
export interface Facts {
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly promptTokens?: number | undefined;
  readonly completionTokens?: number | undefined;
  readonly totalTokens?: number | undefined;
  readonly usage?: JsonText | undefined;
  /** Decimal strings, USD. */
  readonly inputCost?: string | undefined;
  readonly outputCost?: string | undefined;
  readonly totalCost?: string | undefined;
  readonly threadId?: string | undefined;
  readonly userId?: string | undefined;
  readonly prompt?: string | undefined;
  readonly firstTokenTime?: Micros | undefined;
}

/** What of a run is read for its facts. */
export interface Said {
  readonly runType?: RunType | undefined;
  readonly startTime?: Micros | undefined;
  readonly inputs?: JsonText | undefined;
  readonly outputs?: JsonText | undefined;
  readonly extra?: JsonText | undefined;
  readonly events?: JsonText | undefined;
  readonly kept?: Kept | undefined;
}

/** How many runs a project keeps, where that is not all: figures count those that are left out by it. */
export interface Kept {
  readonly share: number;
  readonly keepsErrors: boolean;
}

export type JsonField = 'inputs' | 'outputs' | 'error' | 'extra' | 'events' | 'serialized' | 'rest';

/** What the intake asks of other rooms, a run at a time and on the hot path: neither throws. */
export interface Seams {
  /** Resolves when prices are as they should be. */
  readonly ready?: () => Promise<void>;
  readonly factsOf: (said: Said) => Facts;
  /** The same text back where nothing was found. */
  readonly redactJson: (text: JsonText, field: JsonField | 'feedback', projectNo?: number) => JsonText;
  readonly redactText: (text: string, projectNo?: number) => string;
  /** Whether a run is among those its project keeps. */
  readonly keeps?: (projectNo: number, traceId: string, hasFailed: boolean) => boolean;
  /** Told after a commit: those who follow the feed need not wait until they look. */
  readonly committed?: () => void;
  /** Of a run that is among them: what share that is; undefined where all are kept. */
  readonly kept?: (projectNo: number, traceId: string) => Kept | undefined;
}
