import type { Transaction } from '../../../db/database.ts';
import type { Level } from '../delivery/notification.ts';

export type VerdictState = 'ok' | 'pending' | 'firing' | 'no_data' | 'error';

/** What a rule, or the fleet itself, says of one target now. Times are milliseconds since 1970 by the database's clock. */
export interface Verdict {
  readonly rule: string;
  /** Labels of the series, canonical: `agent=a1,device=sda`. */
  readonly target: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly agentId: string;
  readonly metricName: string;
  readonly unit: string;
  readonly state: VerdictState;
  /** While firing, the gravest level that is reached. */
  readonly level: Level | null;
  readonly value: number | null;
  readonly threshold: number | null;
  /** The first bad sample of this run of bad ones. */
  readonly since: number;
  readonly at: number;
  /** One plain line. */
  readonly explanation: string;
  /** There is nothing left to judge: its alert ends whatever `state` says. */
  readonly isGone: boolean;
}

/** What an alert takes from its rule. */
export interface RuleFacts {
  /** undefined: the defaults, for what is grave enough. */
  readonly channels: readonly string[] | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: { readonly summary?: string | undefined; readonly description?: string | undefined } | undefined;
  readonly runbook?: string | null | undefined;
}

/** What changed since the last batch that was settled, with what must be saved in the same transaction. */
export interface VerdictBatch {
  readonly at: number;
  readonly changes: readonly Verdict[];
  /** Whether `save` has anything to write: also without a change. */
  readonly needsSave: boolean;
  readonly rules: ReadonlyMap<string, RuleFacts>;
  save(tx: Pick<Transaction, 'query'>): Promise<void>;
  /** After the commit, or at once where there is nothing to commit. Without it the same changes come again. */
  settle(): void;
  /** When something may change by itself; null: not known to. */
  readonly nextAt: number | null;
}

/** Where verdicts come from: the rules over metrics, and the fleet itself. */
export interface VerdictSource {
  evaluate(): Promise<VerdictBatch>;
}

/** Where there are no rules. */
export const noRules: VerdictSource = {
  evaluate: async () => ({
    at: 0,
    changes: [],
    needsSave: false,
    rules: new Map(),
    save: async () => undefined,
    settle: () => undefined,
    nextAt: null,
  }),
};
