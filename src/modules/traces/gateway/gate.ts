import { MusterError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Database } from '../../../db/database.ts';
import { Fresh } from './fresh.ts';
import type { Ledger } from './ledger.ts';
import { LimitStore } from './limit-store.ts';
import { hasLimits, judge, type Limits } from './limits.ts';

/** Lets a key's requests in as far as its limits allow, all servers counted together. A key without limits costs nothing here. */
export class Gate {
  readonly #store: LimitStore;
  readonly #limits: Fresh<ReadonlyMap<string, Limits>>;
  readonly #ledger: Pick<Ledger, 'unwritten'>;
  readonly #log: Logger;

  constructor({
    database,
    ledger,
    log,
  }: {
    readonly database: Database;
    readonly ledger: Pick<Ledger, 'unwritten'>;
    readonly log: Logger;
  }) {
    this.#store = new LimitStore(database);
    this.#ledger = ledger;
    this.#log = log;
    this.#limits = new Fresh(async () => new Map((await this.#store.list()).map((record) => [record.keyId, record])), {
      log,
      what: 'the limits of the gateway',
    });
  }

  forget(): void {
    this.#limits.forget();
  }

  /** A warning for the client, if any. Throws RATE_LIMITED or BUDGET_SPENT, or the database's error where a budget may not be overrun. */
  async enter(keyId: string | null): Promise<string | undefined> {
    const name = keyId ?? '';
    const all = await this.#limits.value();
    const limits = all.get(name) ?? all.get('*');
    if (limits === undefined || !hasLimits(limits)) return undefined;
    try {
      const used = await this.#store.take(name);
      const unwritten = this.#ledger.unwritten(name);
      const { refusal, warning } = judge(limits, {
        ...used,
        usdToday: used.usdToday + unwritten,
        usdThisMonth: used.usdThisMonth + unwritten,
      });
      if (refusal !== undefined) throw refusal;
      return warning;
    } catch (error) {
      const isAway = error instanceof MusterError && error.kind.status === 503;
      // Who meant a budget as a wall does not want it open because nobody can count.
      if (!isAway || (limits.isHard && (limits.usdPerDay !== null || limits.usdPerMonth !== null))) throw error;
      this.#log.warn({ key: name }, 'the limits of a key cannot be checked now; its request goes through');
      return undefined;
    }
  }
}
