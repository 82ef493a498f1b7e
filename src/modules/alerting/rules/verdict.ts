import type { Transaction } from '../../../db/database.ts';
import type { Level, Rule } from './rule.ts';

export type VerdictState = 'ok' | 'pending' | 'firing' | 'no_data' | 'error';

/** What a rule says of one target. */
export interface Verdict {
  readonly rule: string;
  /** '' for a rule about no single series, else its labels in order, the agent among them: `agent=a1,device=sda`. */
  readonly target: string;
  /** Those of the series, its agent as `agent`, and the rule's own. */
  readonly labels: Readonly<Record<string, string>>;
  readonly agentId: string;
  readonly metricName: string;
  readonly unit: string;
  readonly state: VerdictState;
  /** The gravest reached, while pending or firing. */
  readonly level: Level | null;
  readonly previous: { readonly state: VerdictState; readonly level: Level | null };
  readonly value: number | null;
  readonly threshold: number | null;
  /** Pending and firing: the first bad sample of this run of bad ones; else since when it is so. Milliseconds since 1970. */
  readonly since: number;
  /** The time of the evaluation, by the database's clock. */
  readonly at: number;
  /** One plain line. */
  readonly explanation: string;
  /** The rule is deleted or disabled, or the series was silent so long that it is forgotten: whatever is open is to be closed. */
  readonly isGone: boolean;
}

export interface Evaluation {
  readonly at: number;
  /** Where state or level differ from what was saved last. */
  readonly changes: readonly Verdict[];
  /** Whether {@link save} has anything to write: also counts of samples, without a change. */
  readonly needsSave: boolean;
  /** By name. */
  readonly rules: ReadonlyMap<string, Rule>;
  /** Writes the states, in the transaction of whatever follows from the changes. */
  save(tx: Pick<Transaction, 'query'>): Promise<void>;
  /** After the commit. Without it the next evaluation says the same changes again. */
  settle(): void;
  /** When something may change without a new sample, by the database's clock; null: never. */
  readonly nextAt: number | null;
  /** What it cost, milliseconds. */
  readonly tookMs: number;
}

export interface RuleEvaluator {
  /** Looks at what is new. One at a time. */
  evaluate(): Promise<Evaluation>;
}
