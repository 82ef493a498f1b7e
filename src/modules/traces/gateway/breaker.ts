/** So many failures in a row, and the provider is left alone … */
const FAILURES = 5;
/** … for so long at first, twice as long each time it fails again, and at most so long. */
const FIRST_MS = 5_000;
const MOST_MS = 60_000;
const MOST_CIRCUITS = 1_000;

interface Circuit {
  readonly failures: number;
  /** Until then nothing is sent. */
  readonly openUntil: number;
  readonly pauseMs: number;
  /** One request is on its way to see whether it is well again. */
  readonly isProbed: boolean;
}

const CLOSED: Circuit = { failures: 0, openUntil: 0, pauseMs: FIRST_MS, isProbed: false };

/** Keeps requests from a provider that fails, so that clients get their fallback at once and it gets its rest. Of one server. */
export class Breakers {
  readonly #circuits = new Map<string, Circuit>();

  /** Whether a request may be sent now. After the pause one is let through to see; the others follow when it did well. */
  lets(name: string, now: number): boolean {
    const circuit = this.#circuits.get(name) ?? CLOSED;
    if (circuit.failures < FAILURES) return true;
    if (now < circuit.openUntil || circuit.isProbed) return false;
    this.#set(name, { ...circuit, isProbed: true });
    return true;
  }

  /** Milliseconds until it may be tried again. */
  waitMs(name: string, now: number): number {
    return Math.max(0, (this.#circuits.get(name) ?? CLOSED).openUntil - now);
  }

  succeeded(name: string): void {
    this.#circuits.delete(name);
  }

  failed(name: string, now: number): void {
    const circuit = this.#circuits.get(name) ?? CLOSED;
    const failures = circuit.failures + 1;
    if (failures < FAILURES) return this.#set(name, { ...circuit, failures });
    const pauseMs = failures === FAILURES ? FIRST_MS : Math.min(MOST_MS, circuit.pauseMs * 2);
    this.#set(name, { failures, pauseMs, openUntil: now + pauseMs, isProbed: false });
  }

  /** What was let through ended without a word about the provider: the client went away. */
  unknown(name: string): void {
    const circuit = this.#circuits.get(name);
    if (circuit?.isProbed === true) this.#set(name, { ...circuit, isProbed: false });
  }

  #set(name: string, circuit: Circuit): void {
    if (this.#circuits.size >= MOST_CIRCUITS && !this.#circuits.has(name)) this.#circuits.clear();
    this.#circuits.set(name, circuit);
  }
}
