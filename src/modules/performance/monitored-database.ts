import type { AgentSql } from '../../agent/context.ts';
import { MusterError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { PostgresAdapter } from '../../db/adapter.ts';
import { Background, type Collected } from './background.ts';
import type { MonitoredDatabaseConfig } from './config.ts';
import { PROBE, surveyCollectors, watchCollectors } from './postgres/collectors.ts';
import { Rounds, type AdviceBook, type CollectorStatus, type Intervals, type RoundContext } from './rounds.ts';

/** One connection for the watch and one for the survey: a monitor is a guest. */
const POOL_MAX = 2;
const CONNECT_TIMEOUT_MS = 3_000;

/**
 * Another PostgreSQL than the fleet's own: watched through two connections of its own, named so that its people know who
 * asks. Its readings carry the label `database`.
 */
export class MonitoredDatabase {
  readonly name: string;
  readonly #adapter: PostgresAdapter;
  readonly #watch: Background;
  readonly #survey: Background;
  readonly #sql: AgentSql;

  constructor({ name, url, labels }: MonitoredDatabaseConfig, most: number, intervals: Intervals, log: Logger) {
    this.name = name;
    this.#adapter = new PostgresAdapter({
      url,
      poolMax: POOL_MAX,
      poolMin: 0,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      applicationName: 'muster monitor',
      acceptsStandby: true,
      log,
    });
    const own = { ...labels, database: name };
    this.#watch = new Background(new Rounds(watchCollectors(), intervals, { labels: own }));
    this.#survey = new Background(new Rounds(surveyCollectors(most), intervals, { labels: own }));
    this.#sql = readOnly(this.#adapter);
  }

  /** Begins what is due. The survey waits until the server has answered the watch. */
  begin(at: number, context: Omit<RoundContext, 'sql' | 'pools'>): void {
    const here: RoundContext = { ...context, sql: this.#sql, pools: noPools };
    this.#watch.begin(at, here);
    if (this.#watch.answers) this.#survey.begin(at, here);
  }

  async settled(): Promise<void> {
    await Promise.all([this.#watch.settled(), this.#survey.settled()]);
  }

  take(): readonly Collected[] {
    return [...this.#watch.take(), ...this.#survey.take()];
  }

  /** The probe, and whatever does not work: a server that is away is one reason and not fifty. */
  status(): readonly CollectorStatus[] {
    const all = [...this.#watch.status(), ...this.#survey.status()];
    const probe = all.find(({ collector }) => collector === PROBE);
    if (probe?.status === 'failing') return [probe];
    return all.filter((each) => each === probe || each.status === 'failing');
  }

  get answers(): boolean {
    return this.#watch.answers;
  }

  advice(): AdviceBook {
    return this.#survey.advice();
  }

  /** Ends its connections; a statement under way may take as long as the adapter gives it. */
  async stop(): Promise<void> {
    this.#watch.stop();
    this.#survey.stop();
    await this.#adapter.stop();
    await this.settled();
  }
}

const noPools = (): never => {
  throw new MusterError('NOT_MEASURABLE', 'the pools of another database are not ours');
};

const refused = (): never => {
  throw new MusterError('INTERNAL', 'a monitored database is only read');
};

const readOnly = (adapter: PostgresAdapter): AgentSql => ({
  read: (statement, limits = {}) => adapter.transaction((tx) => tx.query(statement), { readOnly: true, ...limits }),
  write: refused,
  transaction: refused,
});
