import type { RunFacts, RunSaid } from '../content/index.ts';
import type { JsonText, NewAttachment } from '../run/operation.ts';

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
  readonly factsOf: (said: RunSaid) => RunFacts;
  /** The same text back where nothing was found. */
  readonly redactJson: (text: JsonText, field: JsonField | 'feedback', projectNo?: number) => JsonText;
  /** Undefined where its project keeps none. */
  readonly redactAttachment: (attachment: NewAttachment, projectNo?: number) => NewAttachment | undefined;
  readonly redactText: (text: string, projectNo?: number) => string;
  /** Whether a run is among those its project keeps. */
  readonly keeps?: (projectNo: number, traceId: string, hasFailed: boolean) => boolean;
  /** Told after a commit: those who follow the feed need not wait until they look. */
  readonly committed?: () => void;
  /** Of a run that is among them: what share that is; undefined where all are kept. */
  readonly kept?: (projectNo: number, traceId: string) => Kept | undefined;
}
