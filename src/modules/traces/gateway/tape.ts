/** A piece of an answer as it came: a whole event of a stream, or some bytes of a body. */
export interface Piece {
  readonly bytes: Buffer;
  /** Milliseconds of the monotonic clock. */
  readonly at: number;
  /** It tells the usage and nothing else: for those alone who asked for it. */
  readonly isUsage: boolean;
}

/** An answer that is over, in the form of those that ask for it: played again and again, it is cut and read once. */
export interface Recording {
  readonly isStream: boolean;
  readonly pieces: readonly Omit<Piece, 'at'>[];
}

export type TapeState = 'running' | 'ended' | 'failed';

/** Of an answer so much is kept: what is longer is passed on, but neither logged whole nor kept for others. */
export const KEPT_BYTES = 16_777_216;
/** So much may wait for the fastest reader before the sender is held back. */
const AHEAD_BYTES = 1_048_576;

/**
 * An answer while it comes in: one writes, any number read, each from the beginning and at its own pace. It holds the sender back where
 * even the fastest reader does not keep up, and tells when the last reader has gone.
 */
export class Tape {
  readonly #readers = new Set<TapeReader>();
  readonly #pieces: Piece[] = [];
  /** Pieces that were let go from the front. */
  #gone = 0;
  #bytes = 0;
  #state: TapeState = 'running';
  #error: Error | undefined;
  #onSlack: (() => void) | undefined;
  #onOver: (() => void) | undefined;
  /** Set by whoever writes: called when nobody reads any more while it runs. */
  onAbandoned: (() => void) | undefined;
  /** What it was played from. */
  readonly recording: Recording | undefined;

  constructor(recording?: Recording) {
    this.recording = recording;
    if (recording === undefined) return;
    const at = performance.now();
    for (const { bytes, isUsage } of recording.pieces) this.write({ bytes, at, isUsage });
    this.end();
  }

  get state(): TapeState {
    return this.#state;
  }

  get error(): Error | undefined {
    return this.#error;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing of it was let go. */
  get isWhole(): boolean {
    return this.#gone === 0;
  }

  get pieces(): readonly Piece[] {
    return this.#pieces;
  }

  /** False: wait for slack() before writing more. */
  write(piece: Piece): boolean {
    this.#pieces.push(piece);
    this.#bytes += piece.bytes.length;
    for (const reader of this.#readers) reader.wake();
    return !this.#isFarAhead();
  }

  /** Calls back once, when the fastest reader has caught up. */
  slack(then: () => void): void {
    if (this.#isFarAhead()) this.#onSlack = then;
    else then();
  }

  /** Calls back once, when it has ended or failed. */
  onOver(then: () => void): void {
    if (this.#state === 'running') this.#onOver = then;
    else then();
  }

  end(): void {
    this.#finish('ended');
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#finish('failed');
  }

  /** Reads from the beginning. Undefined where that is gone. */
  join(wake: () => void): TapeReader | undefined {
    if (!this.isWhole) return undefined;
    const reader = new TapeReader(this, wake);
    this.#readers.add(reader);
    return reader;
  }

  leave(reader: TapeReader): void {
    if (!this.#readers.delete(reader)) return;
    if (this.#readers.size === 0 && this.#state === 'running') this.onAbandoned?.();
    this.#relax();
  }

  /** The piece of this number, counted from the beginning. */
  at(place: number): Piece | undefined {
    return this.#pieces[place - this.#gone];
  }

  /** After a reader took a piece. */
  taken(): void {
    this.#relax();
    if (this.#bytes <= KEPT_BYTES) return;
    const slowest = Math.min(...[...this.#readers].map(({ place }) => place));
    const before = Math.min(slowest - this.#gone, this.#pieces.length);
    if (before > 0) {
      this.#pieces.splice(0, before);
      this.#gone += before;
    }
  }

  #relax(): void {
    const then = this.#onSlack;
    if (then === undefined || this.#isFarAhead()) return;
    this.#onSlack = undefined;
    then();
  }

  #isFarAhead(): boolean {
    if (this.#readers.size === 0 || this.#state !== 'running') return false;
    return this.#bytes - Math.max(...[...this.#readers].map(({ bytes }) => bytes)) > AHEAD_BYTES;
  }

  #finish(state: TapeState): void {
    if (this.#state !== 'running') return;
    this.#state = state;
    this.#onOver?.();
    for (const reader of this.#readers) reader.wake();
  }
}

/** One who reads a tape. `wake` is called when there may be more. */
export class TapeReader {
  readonly #tape: Tape;
  readonly wake: () => void;
  place = 0;
  bytes = 0;

  constructor(tape: Tape, wake: () => void) {
    this.#tape = tape;
    this.wake = wake;
  }

  next(): Piece | undefined {
    const piece = this.#tape.at(this.place);
    if (piece === undefined) return undefined;
    this.place += 1;
    this.bytes += piece.bytes.length;
    this.#tape.taken();
    return piece;
  }

  leave(): void {
    this.#tape.leave(this);
  }
}
