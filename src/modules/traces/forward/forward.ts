export type ForwardKind = 'langsmith' | 'otlp';

export interface ForwardOptions {
  /** Of spans. */
  readonly encoding?: 'protobuf' | 'json' | undefined;
  /** LangSmith's workspace, where the key has several. */
  readonly workspaceId?: string | undefined;
  /** A run that has not ended by then is sent as it is. Default an hour. */
  readonly patienceMs?: number | undefined;
}

/** What only the target may read. */
export interface ForwardSecrets {
  readonly apiKey?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Where runs are passed on to, and how that goes. */
export interface Forward {
  readonly name: string;
  readonly kind: ForwardKind;
  readonly endpoint: string;
  /** Sealed. */
  readonly secrets: string | null;
  readonly projectNo: number | null;
  readonly project: string | null;
  readonly targetProject: string | null;
  readonly options: ForwardOptions;
  readonly enabled: boolean;
  readonly createdBy: string;
  readonly createdAt: Date;
  /** As text, to the microsecond. */
  readonly feedbackAt: string;
  readonly sent: number;
  readonly sentFeedback: number;
  readonly refused: number;
  readonly lastRefusal: string | null;
  readonly failures: number;
  readonly failingSince: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly lastError: string | null;
  readonly nextAt: Date;
}

export const DEFAULT_PATIENCE_MS = 3_600_000;

/** The name of its cursor in the feed. */
export const readerOf = (name: string): string => `forward:${name}`;
/** What its secrets are sealed as. */
export const sealedAs = (name: string): string => `trace forward ${name}`;
