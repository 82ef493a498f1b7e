import type { Clock } from '../../base/clock.ts';
import { MusterError } from '../../base/errors.ts';
import type { Transaction } from '../../db/database.ts';
import { MOST_TRANSACTIONS } from './protocol.ts';

/** Longer than a fenced transaction may sit idle by the server's own limit, which says so more exactly. */
const LONGEST_IDLE_MS = 6_000;

type Run = (work: (tx: Transaction) => Promise<void>) => Promise<void>;

interface Open {
  readonly tx: Transaction;
  /** Ends the work, and with it the transaction: committed, or rolled back for this reason. */
  readonly finish: (failure?: Error) => void;
  readonly ended: () => Promise<void>;
  idle: AbortController;
}

/**
 * Transactions that an isolated agent works in while its host holds them open. Each ends with its agent at the latest: what was
 * not committed by then is rolled back.
 */
export class OpenTransactions {
  readonly #clock: Clock;
  readonly #open = new Map<number, Open>();
  #last = 0;
  #begun = 0;
  #over: Error | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with its number once the transaction is open. */
  async begin(run: Run): Promise<number> {
    if (this.#begun >= MOST_TRANSACTIONS) {
      throw new MusterError('RATE_LIMITED', `the agent has ${MOST_TRANSACTIONS} transactions open already`, {
        remedy: 'End one before beginning another.',
      });
    }
    this.#begun += 1;
    this.#last += 1;
    const id = this.#last;
    return new Promise((opened, failed) => {
      const ended = run(
        (tx) =>
          new Promise<void>((commit, rollback) => {
            // Its agent may have died while the transaction was being opened.
            if (this.#over !== undefined) return rollback(this.#over);
            const finish = (failure?: Error): void => (failure === undefined ? commit() : rollback(failure));
            this.#open.set(id, { tx, finish, ended: () => ended, idle: new AbortController() });
            this.#watchIdle(id);
            opened(id);
          }),
      ).finally(() => {
        this.#begun -= 1;
        this.#open.get(id)?.idle.abort();
        this.#open.delete(id);
      });
      ended.catch(failed);
    });
  }

  async use<T>(id: unknown, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const open = this.#require(id);
    open.idle.abort();
    try {
      return await work(open.tx);
    } finally {
      open.idle = new AbortController();
      if (this.#open.has(id as number)) this.#watchIdle(id as number);
    }
  }

  async commit(id: unknown): Promise<void> {
    const open = this.#require(id);
    open.finish();
    await open.ended();
  }

  async rollback(id: unknown): Promise<void> {
    const open = this.#require(id);
    open.finish(new Error('the agent rolled back'));
    // The reason comes back as it was given.
    await open.ended().catch(() => undefined);
  }

  /** The agent is no more: nothing of it may be committed. */
  end(): void {
    this.#over = new Error('the agent ended');
    for (const open of this.#open.values()) open.finish(this.#over);
  }

  #require(id: unknown): Open {
    const open = this.#open.get(id as number);
    if (open === undefined) throw new MusterError('CONFLICT', 'the transaction has ended', { remedy: 'Begin another one.' });
    return open;
  }

  #watchIdle(id: number): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#clock.sleep(LONGEST_IDLE_MS, open.idle.signal).then(
      () => {
        const text = `the transaction sat idle for ${LONGEST_IDLE_MS / 1_000} s and was rolled back`;
        open.finish(
          new MusterError('DATABASE_TIMEOUT', text, {
            remedy: 'Do the work first and write then: a fenced transaction holds up its host.',
          }),
        );
      },
      // Used meanwhile, or over.
      () => undefined,
    );
  }
}
