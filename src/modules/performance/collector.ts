import type { AgentSql } from '../../agent/context.ts';
import type { PoolStatus } from '../../db/database.ts';
import type { LatestValue } from '../../state/metrics/metrics.ts';
import type { Tier } from '../metric.ts';
import type { Advice } from './advice.ts';
import type { RecordReading } from './reading.ts';

/** What one collection offers its collectors. */
export interface Collection {
  /** Keeps the metrics whose tier is due, so that a collector records all it has read. */
  readonly record: RecordReading;
  readonly sql: AgentSql;
  /** Throws NOT_MEASURABLE where this process does not know its pools. */
  readonly pools: () => readonly PoolStatus[];
  /** The newest value of every series of this name. */
  readonly latest: (metricName: string) => Promise<readonly LatestValue[]>;
  /** Milliseconds that never go back: for rates. */
  readonly monotonic: number;
  /** The server cancels a statement after this. */
  readonly statementTimeoutMs: number;
  /** Keeps what a person is told by name, in place of what the same topic was told last. */
  readonly advise: (topic: string, advice: readonly Advice[]) => void;
  /** An event under the monitor's id. */
  readonly emit: (type: `${string}:${string}`, data: Readonly<Record<string, unknown>>) => void;
}

/**
 * Reads one source. It throws where it cannot: NOT_MEASURABLE where this system does not have the source, anything else is
 * an error that is counted. Its metrics are then absent; the other collectors go on.
 */
export interface Collector {
  /** The label `collector`. */
  readonly name: string;
  readonly tier: Exclude<Tier, 'run'>;
  /** True: without an answering database there is no point in trying. */
  readonly asksDatabase?: boolean;
  collect(collection: Collection): void | Promise<void>;
  /** Gives back what it holds: observers, timers. */
  stop?(): void;
}
