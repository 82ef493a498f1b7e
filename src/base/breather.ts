import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';

/** A millisecond: what a request that comes meanwhile may have to wait for. */
const SLICE_MS = 1;
/** Who was served is taken to be served still for so long: the next piece of a stream, or the next request, is on its way. */
const SERVING_MS = 4;
/** Beside somebody who is being served, all long computations together begin one slice in so long a time: a sixth of the thread. */
const REST_MS = 6;

/** There is one event loop in a process, so whoever holds it holds it for all. */
let servedAt = Number.NEGATIVE_INFINITY;
let resumedAt = Number.NEGATIVE_INFINITY;

/** Says that somebody is being served who waits for every byte: long computations keep out of the way for a moment. */
export function serving(): void {
  servedAt = performance.now();
}

/** For long computations beside a server: between their parts, whoever else has something to do is let through. */
export class Breather {
  #since = performance.now();

  /**
   * Waits for a turn of the event loop where this has held it for longer than a slice; nothing otherwise. A request takes many turns (it is
   * read, passed on, answered piece by piece): while one is served a turn is not enough, and this waits for longer.
   */
  async breathe(): Promise<void> {
    if (performance.now() - this.#since < SLICE_MS) return;
    await nextTurn();
    for (let now = performance.now(); now - servedAt < SERVING_MS && now - resumedAt < REST_MS; now = performance.now()) await pause(1);
    resumedAt = performance.now();
    this.#since = resumedAt;
  }
}
