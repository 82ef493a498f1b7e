import { setImmediate as nextTurn } from 'node:timers/promises';

/** Two milliseconds: what a request that comes meanwhile may have to wait for. */
const SLICE_MS = 2;

/** For long computations beside a server: between their parts, whoever else has something to do is let through. */
export class Breather {
  #since = performance.now();

  /** Waits for a turn of the event loop where this has held it for longer than a slice; nothing otherwise. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#since < SLICE_MS) return;
    await nextTurn();
    this.#since = performance.now();
  }
}
