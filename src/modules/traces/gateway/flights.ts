import type { Answered } from './call.ts';
import { Abandoned } from './record.ts';

interface Flight {
  readonly over: AbortController;
  readonly answer: Promise<Answered>;
  waiters: number;
}

/** How an answer was come by. */
export interface Joined {
  readonly answer: Answered;
  /** Whether it is that of the one who asked already. */
  readonly isShared: boolean;
  /** Says that the answer is kept, or will not be: who asks from now on finds it there, or asks for itself. */
  readonly land: () => void;
}

/**
 * An answer that is over is given on until it is kept: who asked between the two, or while a slow client still reads it, would find it nowhere. For so
 * long at most, which is also how long a server believes what it has read of a kept one.
 */
const KEEPING_MS = 1_000;

const ofAnother = (): void => undefined;

/** Requests that are under way on this server, by their name: who asks the same meanwhile waits for the same answer. */
export class Flights {
  readonly #flights = new Map<string, Flight>();

  get size(): number {
    return this.#flights.size;
  }

  /**
   * The answer of the one who asks already, or `ask`'s. Where the other's failed, or it was refused, that says nothing
   * about this one, which is asked for itself. What is under way ends when all who wait for it have gone.
   */
  async join(name: string, signal: AbortSignal, ask: (signal: AbortSignal) => Promise<Answered>): Promise<Joined> {
    const there = this.#flights.get(name);
    if (there !== undefined) {
      const answer = await this.#wait(there, signal).catch((error: unknown) => {
        if (signal.aborted) throw error;
        return undefined;
      });
      if (answer !== undefined && mayBeShared(answer)) return { answer, isShared: true, land: ofAnother };
      return { answer: await ask(signal), isShared: false, land: ofAnother };
    }
    const over = new AbortController();
    const flight: Flight = { over, answer: ask(over.signal), waiters: 0 };
    this.#flights.set(name, flight);
    let keeping: NodeJS.Timeout | undefined;
    const land = (): void => {
      clearTimeout(keeping);
      if (this.#flights.get(name) === flight) this.#flights.delete(name);
    };
    flight.answer.then((answer) => {
      answer.tape.onOver(() => {
        if (mayBeShared(answer)) keeping = setTimeout(land, KEEPING_MS).unref();
        else land();
      });
    }, land);
    return { answer: await this.#wait(flight, signal), isShared: false, land };
  }

  #wait(flight: Flight, signal: AbortSignal): Promise<Answered> {
    flight.waiters += 1;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        flight.waiters -= 1;
        if (flight.waiters === 0) flight.over.abort(new Abandoned());
        reject(signal.reason as Error);
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      void flight.answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }
}

const mayBeShared = ({ status, tape }: Answered): boolean => status < 400 && tape.isWhole && tape.state !== 'failed';
