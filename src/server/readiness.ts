import { isMusterError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';

const PING_TRUST_MS = 1_000;
const SCHEMA_TRUST_MS = 10_000;
const PING_TIMEOUT_MS = 2_000;
/** It connects anew and reads the ledger. */
const SCHEMA_TIMEOUT_MS = 5_000;

export interface ReadinessOptions {
  readonly ping: () => Promise<unknown>;
  /** Throws where the schema does not fit this program. */
  readonly schema: () => Promise<unknown>;
  readonly clock: Clock;
}

export interface Verdict {
  readonly ready: boolean;
  readonly checks: { readonly database: string; readonly schema: string; readonly server: 'ok' | 'stopping' };
}

/**
 * Whether this server should be sent requests: the database answers, its schema fits, and nobody has asked it to stop. Checks
 * are shared and kept for a moment, so that whoever probes without a key cannot make work.
 */
export class Readiness {
  readonly #ping: CachedCheck;
  readonly #schema: CachedCheck;
  #stopping = false;

  constructor(options: ReadinessOptions) {
    this.#ping = new CachedCheck(options.ping, { trustMs: PING_TRUST_MS, timeoutMs: PING_TIMEOUT_MS }, options.clock);
    this.#schema = new CachedCheck(options.schema, { trustMs: SCHEMA_TRUST_MS, timeoutMs: SCHEMA_TIMEOUT_MS }, options.clock);
  }

  /** From now on not ready: balancers stop sending. */
  drain(): void {
    this.#stopping = true;
  }

  async verdict(): Promise<Verdict> {
    const database = await this.#ping.run();
    const schema = database === 'ok' ? await this.#schema.run() : 'unknown';
    return {
      ready: database === 'ok' && schema === 'ok' && !this.#stopping,
      checks: { database, schema, server: this.#stopping ? 'stopping' : 'ok' },
    };
  }
}

class CachedCheck {
  readonly #check: () => Promise<unknown>;
  readonly #trustMs: number;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #last: { readonly at: number; readonly result: Promise<string> } | undefined;

  constructor(
    check: () => Promise<unknown>,
    { trustMs, timeoutMs }: { readonly trustMs: number; readonly timeoutMs: number },
    clock: Clock,
  ) {
    this.#check = check;
    this.#trustMs = trustMs;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  /** `ok`, or a code that tells why not; never a host, a user or a statement. A bad result is trusted for a second at most. */
  run(): Promise<string> {
    const now = this.#clock.monotonic();
    if (this.#last !== undefined && now - this.#last.at < this.#trustMs) return this.#last.result;
    const entry = { at: now, result: this.#judge() };
    this.#last = entry;
    void entry.result.then((result) => {
      if (result !== 'ok' && this.#last === entry)
        this.#last = { at: now - this.#trustMs + Math.min(this.#trustMs, PING_TRUST_MS), result: entry.result };
    });
    return entry.result;
  }

  async #judge(): Promise<string> {
    const over = new AbortController();
    const late = this.#clock.sleep(this.#timeoutMs, over.signal).then(
      () => 'DATABASE_TIMEOUT',
      () => 'ok',
    );
    const checked = this.#check().then(
      () => 'ok',
      (error: unknown) => (isMusterError(error) ? error.code : 'INTERNAL'),
    );
    const result = await Promise.race([checked, late]);
    over.abort();
    return result;
  }
}
