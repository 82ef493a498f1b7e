import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { isMusterError, messageOf, MusterError } from '../../base/errors.ts';
import type { Access } from '../../state/access.ts';
import type { BootstrapKey } from './bootstrap-key.ts';
import { Failures } from './failures.ts';
import { unauthenticated, type Principal } from '../../http/principal.ts';
import { equalHashes, isToken, parseKey, sha256 } from './secrets.ts';

/** A session ends after this long without a request … */
export const SESSION_IDLE_MS = 12 * 3_600_000;
/** … and after this long in any case. */
export const SESSION_LIFETIME_MS = 7 * 86_400_000;

/** How long a credential is taken on trust before the database is asked again: so long a key revoked elsewhere still works. */
export const TRUST_MS = 1_000;
/** How long a wrong credential is refused unasked. None becomes right: keys and tokens are made at random. */
const WRONG_MS = 60_000;
const REMEMBERED = 10_000;
/** Whoever asks hears by then that the database does not answer: clients wait for ten seconds, and what they ask for takes its time as well. */
const ANSWER_MS = 5_000;

export interface Credential {
  readonly kind: 'key' | 'session';
  readonly text: string;
}

export interface AuthenticatorOptions {
  readonly access: Access;
  readonly bootstrap: BootstrapKey | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly failures?: Failures;
}

interface Remembered {
  readonly principal: Principal;
  readonly checkedAt: number;
  readonly generation: number;
}

/**
 * Tells who a credential belongs to. A credential that was right is remembered: for a second the database is not asked
 * about it at all (200 requests a second would otherwise cost 200 statements), and later guesses from the same address do
 * not lock it out.
 */
export class Authenticator {
  readonly #access: Access;
  readonly #bootstrap: BootstrapKey | undefined;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #failures: Failures;
  readonly #remembered = new Map<string, Remembered>();
  readonly #asking = new Map<string, Promise<Principal>>();
  /** When a credential was found wrong: a page left open with an ended session asks with it all day, which is no guessing. */
  readonly #wrong = new Map<string, number>();
  readonly #touched = new Map<string, number>();
  #generation = 0;

  constructor(options: AuthenticatorOptions) {
    this.#access = options.access;
    this.#bootstrap = options.bootstrap;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#failures = options.failures ?? new Failures();
  }

  /**
   * Throws UNAUTHENTICATED, with the same words whatever is wrong, or RATE_LIMITED after too many wrong ones from
   * this address.
   */
  async authenticate(credential: Credential, address: string): Promise<Principal> {
    const name = `${credential.kind} ${sha256(credential.text).toString('base64')}`;
    const known = this.#remembered.get(name);
    if (known !== undefined && this.#isTrusted(known)) return known.principal;
    const wrongSince = this.#wrong.get(name);
    if (wrongSince !== undefined && this.#clock.monotonic() - wrongSince < WRONG_MS) throw unauthenticated();
    // A page opens with a dozen requests at once: they are one question.
    const asking = this.#asking.get(name);
    if (asking !== undefined) return inTime(asking);
    const check = (): Promise<Principal> => this.#check(name, credential);
    const answer = (known === undefined ? this.guess(address, check) : check()).finally(() => this.#asking.delete(name));
    // It stays the one question, however long it takes: a database that hangs is not asked again by everybody who comes.
    this.#asking.set(name, answer);
    return inTime(answer);
  }

  /**
   * Judges something that might be a guess: throws RATE_LIMITED where this address has made too many wrong ones, and counts
   * this one where `judge` throws UNAUTHENTICATED.
   */
  async guess<T>(address: string, judge: () => Promise<T>): Promise<T> {
    const waitMs = this.#failures.waitMs(address, this.#clock.monotonic());
    if (waitMs > 0) {
      throw new MusterError('RATE_LIMITED', 'too many wrong credentials came from this address', {
        data: { retryAfterSeconds: Math.ceil(waitMs / 1_000) },
      });
    }
    this.#failures.note(address, this.#clock.monotonic());
    let wrong = false;
    try {
      return await judge();
    } catch (error) {
      wrong = isMusterError(error, 'UNAUTHENTICATED');
      throw error;
    } finally {
      if (!wrong) this.#failures.forgive(address, this.#clock.monotonic());
    }
  }

  /** Asks the database again about everything: after a key was revoked or a session ended here. */
  forget(): void {
    this.#generation += 1;
    this.#asking.clear();
  }

  #isTrusted({ principal, checkedAt, generation }: Remembered): boolean {
    return generation === this.#generation && this.#clock.monotonic() - checkedAt < TRUST_MS && !isOver(principal, this.#clock.now());
  }

  async #check(name: string, { kind, text }: Credential): Promise<Principal> {
    const at = this.#clock.monotonic();
    const generation = this.#generation;
    const principal = kind === 'key' ? await this.#byKey(text) : await this.#bySession(text);
    this.#remembered.delete(name);
    if (principal === undefined) {
      this.#wrong.delete(name);
      this.#wrong.set(name, at);
      trim(this.#wrong, REMEMBERED);
      throw unauthenticated();
    }
    this.#remembered.set(name, { principal, checkedAt: at, generation });
    trim(this.#remembered, REMEMBERED);
    return principal;
  }

  async #byKey(text: string): Promise<Principal | undefined> {
    if (this.#bootstrap?.matches(text) === true) {
      return {
        subject: 'bootstrap',
        role: 'administrator',
        scopes: null,
        projects: null,
        byCookie: false,
        expiresAt: null,
        keyExpiresAt: null,
        keyId: null,
        bootstrap: this.#bootstrap.fingerprint,
      };
    }
    const parts = parseKey(text);
    if (parts === undefined) return undefined;
    const stored = await this.#access.key(parts.keyId);
    // Unknown, revoked and expired cost the same comparison as a wrong secret.
    const right = equalHashes(stored?.secretHash ?? sha256(''), sha256(parts.secret));
    if (stored === undefined || !stored.valid || !right) return undefined;
    this.#touch(`key ${stored.keyId}`, () => this.#access.touchKey(stored.keyId));
    const { keyId, role, scopes, projects, expiresAt } = stored;
    return { subject: `key:${keyId}`, role, scopes, projects, byCookie: false, expiresAt, keyExpiresAt: expiresAt, keyId, bootstrap: null };
  }

  async #bySession(token: string): Promise<Principal | undefined> {
    if (!isToken(token)) return undefined;
    const hash = sha256(token);
    const session = await this.#access.session(hash, SESSION_IDLE_MS);
    if (session === undefined || (session.bootstrap !== null && session.bootstrap !== this.#bootstrap?.fingerprint)) return undefined;
    this.#touch(`session ${hash.toString('base64')}`, () => this.#access.touchSession(hash));
    const { subject, role, scopes, projects, expiresAt, keyExpiresAt, keyId, bootstrap } = session;
    return { subject, role, scopes, projects, byCookie: true, expiresAt, keyExpiresAt, keyId, bootstrap };
  }

  /** At most once a minute for each, and off the path of the request. */
  #touch(name: string, touch: () => Promise<void>): void {
    const now = this.#clock.monotonic();
    const last = this.#touched.get(name);
    if (last !== undefined && now - last < 60_000) return;
    this.#touched.delete(name);
    this.#touched.set(name, now);
    trim(this.#touched, REMEMBERED);
    touch().catch((error: unknown) => {
      this.#touched.delete(name);
      this.#log.warn({ error: messageOf(error) }, 'the last use of a credential was not noted');
    });
  }
}

const isOver = (principal: Principal, now: number): boolean =>
  Math.min(principal.expiresAt ?? Infinity, principal.keyExpiresAt ?? Infinity) <= now;

/** Drops the oldest entry of a map that has grown past its bound. */
function trim(map: Map<string, unknown>, size: number): void {
  if (map.size <= size) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new MusterError('DATABASE_TIMEOUT', 'the database did not say in time whose credential this is')),
      ANSWER_MS,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
