import type { Transaction } from '../../../db/database.ts';
import type { Verdict as RuleVerdict, VerdictState } from '../rules/verdict.ts';

export type { VerdictState };

/** What a rule, or the fleet itself, says of one target now. */
export type Verdict = Omit<RuleVerdict, 'previous'>;

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
