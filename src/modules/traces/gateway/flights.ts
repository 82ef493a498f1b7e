import type { Answered } from './call.ts';
import { Abandoned } from './record.ts';

interface Flight {
  readonly over: AbortController;
  readonly answer: Promise<Answered>;
  waiters: number;
}

/** Requests that are under way on this server, by their name: who asks the same meanwhile waits for the same answer. */
export class Flights {
  readonly #flights = new Map<string, Flight>();

  get size(): number {
    return this.#flights.size;
  }

  /**
   * The answer of the one who asks already, or `ask`'s. `isShared` says which. Where the other's failed, or it was refused, that says nothing
   * about this one, which is asked for itself. What is under way ends when all who wait for it have gone.
   */
  async join(
    name: string,
    signal: AbortSignal,
    ask: (signal: AbortSignal) => Promise<Answered>,
  ): Promise<{ readonly answer: Answered; readonly isShared: boolean }> {
    const there = this.#flights.get(name);
    if (there !== undefined) {
      const answer = await this.#wait(there, signal).catch((error: unknown) => {
        if (signal.aborted) throw error;
        return undefined;
      });
      if (answer !== undefined && answer.status < 400 && answer.tape.isWhole && answer.tape.state !== 'failed')
        return { answer, isShared: true };
      return { answer: await ask(signal), isShared: false };
    }
    const over = new AbortController();
    const flight: Flight = { over, answer: ask(over.signal), waiters: 0 };
    this.#flights.set(name, flight);
    const land = (): void => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name);
    };
    flight.answer.then(({ tape }) => tape.onOver(land), land);
    return { answer: await this.#wait(flight, signal), isShared: false };
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
