export interface FailureLimits {
  /** Failures an address may make at once. */
  readonly burst: number;
  /** Time after which one failure is forgiven. */
  readonly forgiveEveryMs: number;
  /** Addresses remembered; the longest unseen is forgotten first. */
  readonly addresses: number;
}

export const FAILURE_LIMITS: FailureLimits = { burst: 20, forgiveEveryMs: 3_000, addresses: 10_000 };

/**
 * Counts wrong credentials by address, as a bucket that leaks: at 20 guesses and one more every 3 s nobody finds 256 bits,
 * and a bootstrap key that a person chose holds out longer.
 */
export class Failures {
  readonly #limits: FailureLimits;
  readonly #buckets = new Map<string, { level: number; at: number }>();

  constructor(limits: FailureLimits = FAILURE_LIMITS) {
    this.#limits = limits;
  }

  /** Milliseconds until this address may try again; 0: now. */
  waitMs(address: string, now: number): number {
    const excess = this.#levelOf(address, now) - (this.#limits.burst - 1);
    return Math.max(0, Math.ceil(excess * this.#limits.forgiveEveryMs));
  }

  /** Counts a try. Before it is judged, so that a thousand at once are not all judged before the first is counted. */
  note(address: string, now: number): void {
    this.#set(address, this.#levelOf(address, now) + 1, now);
  }

  /** Takes a try back that was right. */
  forgive(address: string, now: number): void {
    this.#set(address, Math.max(0, this.#levelOf(address, now) - 1), now);
  }

  #set(address: string, level: number, now: number): void {
    const key = networkOf(address);
    this.#buckets.delete(key);
    this.#buckets.set(key, { level, at: now });
    if (this.#buckets.size <= this.#limits.addresses) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }

  #levelOf(address: string, now: number): number {
    const bucket = this.#buckets.get(networkOf(address));
    if (bucket === undefined) return 0;
    return Math.max(0, bucket.level - (now - bucket.at) / this.#limits.forgiveEveryMs);
  }
}

/** An IPv4 address, or the /64 of an IPv6 one: a household has 2^64 addresses of those. */
export function networkOf(address: string): string {
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return groups.slice(0, 4).join(':');
}
