import type { EmbeddedServer } from '../../src/db/embedded/index.ts';
import type { PostgresAdapter } from '../../src/db/adapter.ts';
import type { Logger } from '../../src/base/logger.ts';

/** One promise: what is measured, and the bar it must clear. */
export interface Figure {
  /** Lower case with hyphens, unique within its bench. */
  readonly id: string;
  readonly title: string;
  /** Absent: reported apart, judged by nobody. */
  readonly bar?: number;
  /** `ms`, `s`, `MB`, `bytes`, `% of a core`, `statements/s` … */
  readonly unit: string;
  /** Which side of the bar is good. */
  readonly better: 'less' | 'more';
  /** The part of the bench that measures it, for `--only`. */
  readonly part?: string;
}

/** What was measured for one figure. */
export interface Measurement {
  /** A figure's id. */
  readonly figure: string;
  /** The value that is compared with the bar, in the figure's unit. */
  readonly value: number;
  /** The values it was computed from, in the order in which they were taken. */
  readonly raw?: readonly number[];
  /** What a peer takes for the same, in the figure's unit. */
  readonly peer?: PeerValue;
  /** Facts a reader needs to judge the value: counts, settings. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface PeerValue {
  /** With what is not as it ships. */
  readonly name: string;
  readonly value: number;
  /** In this run; false: earlier, on such a machine. */
  readonly isMeasured: boolean;
}

/**
 * A benchmark. `bench/<name>.bench.ts` exports it as `bench`; `./muster bench <name>` runs it.
 * Where a figure compares with a peer, both run interleaved in the same process and run.
 */
export interface Bench {
  readonly name: string;
  readonly title: string;
  /** How long the measured part takes without `--seconds`. */
  readonly seconds: number;
  readonly figures: readonly Figure[];
  run(ctx: BenchContext): Promise<readonly Measurement[]>;
}

/** A database of its own on the bench's server, migrated with every module's migrations unless asked otherwise. */
export interface BenchDatabase {
  readonly url: string;
  readonly database: PostgresAdapter;
}

export interface BenchContext {
  /** How long the measured part should take: `--seconds`, or the bench's own. */
  readonly seconds: number;
  /** Whether `--seconds` shortened it: a bench may then store less too, and must say so in `detail`. */
  readonly shortened: boolean;
  /** The parts that `--only` asks for; undefined: all. */
  readonly only: ReadonlySet<string> | undefined;
  /** An empty folder, removed afterwards. */
  readonly folder: string;
  /** The root of the checkout. */
  readonly root: string;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** For the parts under test; goes to a file in the folder, which is kept when the bench fails. */
  readonly log: Logger;
  /** One line for the person who waits. */
  say(line: string): void;
  /** A line that replaces itself on a terminal and is left out elsewhere. */
  progress(line: string): void;
  /** A fresh embedded PostgreSQL 18, or the server of MUSTER_BENCH_DATABASE_URL; the first call, also through `database`, starts it. */
  server(options?: BenchServerOptions): Promise<BenchServer>;
  /** A fresh database on that server, dropped afterwards. */
  database(options?: BenchDatabaseOptions): Promise<BenchDatabase>;
  /** Runs at the end, last in first out, also when the bench fails. */
  defer(end: () => Promise<unknown> | void): void;
  /** Does a part of the bench, and ends what it deferred: its servers and databases do not work on beside the next one. */
  part<T>(work: () => Promise<T>): Promise<T>;
}

export interface BenchServerOptions {
  /** Of postgresql.conf, on top of what an embedded server has; a server that MUSTER_BENCH_DATABASE_URL names keeps its own. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface BenchDatabaseOptions {
  /** Default true. */
  readonly migrate?: boolean;
  /** Connections of `database`. Default 20. */
  readonly poolMax?: number;
}

export interface BenchServer {
  /** The database `postgres` of the server. */
  readonly url: string;
  /** The full text of `show server_version`. */
  readonly version: string;
  /** Absent where MUSTER_BENCH_DATABASE_URL names the server. */
  readonly embedded?: EmbeddedServer;
}
