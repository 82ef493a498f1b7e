import type { Clock } from '../../../base/clock.ts';
import type { ClaimedMessage, Claim, QueuedChannel } from './outbox.ts';

/** Messages of one channel that leave together: the newest about an alert, and those before it that it tells too. */
export interface Parcel {
  readonly channel: QueuedChannel;
  readonly message: ClaimedMessage;
  readonly earlier: readonly ClaimedMessage[];
}

export interface QueueOptions {
  readonly clock: Clock;
  /** At once. */
  readonly concurrency: number;
  readonly claim: (most: number, busy: boolean) => Promise<Claim>;
  /** Brings a parcel and writes down what came of it. Never throws. */
  readonly deliver: (parcel: Parcel) => Promise<void>;
  /** The database did not answer. */
  readonly failed: (error: unknown) => void;
}

/** After an error of the database. */
const PAUSE_MS = 500;
/** Looks again at the latest after this, whatever it was told. */
const LONGEST_REST_MS = 5_000;
/** What is due and was not given is somebody else's at this moment. */
const SHORTEST_REST_MS = 20;

/**
 * The messages of one channel on their way: claims as many as may leave at once, and more as soon as one has arrived. Ends when
 * nothing waits. Each channel has its own, so that none holds another up.
 */
export class ChannelQueue {
  readonly #options: QueueOptions;
  #underway = 0;
  #wake = new AbortController();
  /** Something came up while it looked. */
  #again = false;
  #stopping = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Something may be due. */
  wake(): void {
    this.#again = true;
    this.#wake.abort();
  }

  /** It was woken after it had looked the last time. */
  get wanted(): boolean {
    return this.#again && !this.#stopping;
  }

  /** Claims nothing more. */
  stop(): void {
    this.#stopping = true;
    this.#wake.abort();
  }

  /** Resolves when nothing waits, or it was stopped, and all parcels under way have ended. */
  async run(): Promise<void> {
    const { claim, concurrency, failed } = this.#options;
    while (!this.#stopping) {
      this.#again = false;
      const free = concurrency - this.#underway;
      // Half of them at a time: a claim costs as much for one as for many.
      if (free < concurrency / 2) {
        await this.#rest(LONGEST_REST_MS);
        continue;
      }
      let claimed: Claim;
      try {
        claimed = await claim(free, this.#underway > 0);
      } catch (error) {
        failed(error);
        await this.#rest(PAUSE_MS);
        continue;
      }
      if (claimed.kind === 'claimed') {
        for (const parcel of parcelsOf(claimed.channel, claimed.messages)) this.#send(parcel);
      } else if (claimed.forMs !== undefined || this.#underway > 0) {
        if (!this.#again) await this.#rest(Math.min(claimed.forMs ?? LONGEST_REST_MS, LONGEST_REST_MS));
      } else if (!this.#again) break;
    }
    while (this.#underway > 0) {
      this.#wake = new AbortController();
      await this.#options.clock.sleep(LONGEST_REST_MS, this.#wake.signal).catch(() => undefined);
    }
  }

  #send(parcel: Parcel): void {
    const { deliver } = this.#options;
    this.#underway += 1;
    void deliver(parcel).finally(() => {
      this.#underway -= 1;
      this.wake();
    });
  }

  async #rest(ms: number): Promise<void> {
    if (this.#again || this.#stopping) return;
    this.#wake = new AbortController();
    // Being woken is the only way this ends early.
    await this.#options.clock.sleep(Math.max(ms, SHORTEST_REST_MS), this.#wake.signal).catch(() => undefined);
  }
}

/** One parcel an alert, and one for each message about none; in the order they were claimed. */
export function parcelsOf(channel: QueuedChannel, messages: readonly ClaimedMessage[]): readonly Parcel[] {
  const groups = new Map<string, ClaimedMessage[]>();
  for (const message of messages) {
    const key = message.alertId ?? message.id;
    groups.set(key, [...(groups.get(key) ?? []), message]);
  }
  return [...groups.values()].flatMap((group) => {
    const inOrder = group.toSorted((a, b) => a.seq - b.seq || a.step - b.step);
    const message = inOrder.at(-1);
    return message === undefined ? [] : [{ channel, message, earlier: inOrder.slice(0, -1) }];
  });
}
