import type { SharedState } from '../../../state/shared-state.ts';
import { AnswerStore, type KeptAnswer } from './answer-store.ts';

/** So long an answer is given again without asking the database: so long one that was removed on another server may still be. */
const TRUST_MS = 1_000;
const MOST_ANSWERS = 1_000;
const MOST_BYTES = 16_777_216;

interface Recent {
  readonly kept: KeptAnswer;
  /** Milliseconds of the monotonic clock. */
  readonly readAt: number;
}

/** Answers that were asked for a moment ago, in memory: what many ask at once is read once a second. */
export class RecentAnswers {
  readonly #store: Pick<AnswerStore, 'get'>;
  readonly #now: () => number;
  /** The oldest first. */
  readonly #recent = new Map<string, Recent>();
  #bytes = 0;
  #changes = 0;

  constructor(store: Pick<AnswerStore, 'get'>, now: () => number = () => performance.now()) {
    this.#store = store;
    this.#now = now;
  }

  /** One that has not expired. */
  async get(key: Buffer): Promise<KeptAnswer | undefined> {
    const name = key.toString('base64');
    const readAt = this.#now();
    const recent = this.#recent.get(name);
    if (recent !== undefined) {
      const passed = readAt - recent.readAt;
      const { ageMs, leftMs } = recent.kept;
      if (passed < TRUST_MS && passed < leftMs) return { ...recent.kept, ageMs: ageMs + passed, leftMs: leftMs - passed };
      this.#drop(name);
    }
    const changes = this.#changes;
    const kept = await this.#store.get(key);
    // What was read before a change is not taken for what is there after it.
    if (kept !== undefined && changes === this.#changes) this.#remember(name, { kept, readAt });
    return kept;
  }

  /** This one was kept anew; without a key: any may have been removed. */
  forget(key?: Buffer): void {
    this.#changes += 1;
    if (key !== undefined) return this.#drop(key.toString('base64'));
    this.#recent.clear();
    this.#bytes = 0;
  }

  #remember(name: string, recent: Recent): void {
    this.#drop(name);
    this.#recent.set(name, recent);
    this.#bytes += recent.kept.body.length;
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= MOST_ANSWERS && this.#bytes <= MOST_BYTES) return;
      this.#drop(oldest);
    }
  }

  #drop(name: string): void {
    this.#bytes -= this.#recent.get(name)?.kept.body.length ?? 0;
    this.#recent.delete(name);
  }
}

const known = new WeakMap<object, RecentAnswers>();

/** Those of this server: who removes answers has them forgotten here at once. */
export function recentAnswersOf({ database }: Pick<SharedState, 'database'>): RecentAnswers {
  const there = known.get(database) ?? new RecentAnswers(new AnswerStore(database));
  known.set(database, there);
  return there;
}
