import { MusterError } from '../../base/errors.ts';
import { MOST_ASKED_BYTES, pack, revive, unpack } from './crossing.ts';
import { MOST_REQUESTS, MOST_WAITING_REQUESTS, type Answer, type ToHost } from './protocol.ts';

interface Open {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What an isolated agent asks of its host: so many at once, the rest in turn. */
export class Asking {
  readonly #send: (message: ToHost) => void;
  readonly #open = new Map<number, Open>();
  readonly #waiting: (() => void)[] = [];
  #last = 0;

  constructor(send: (message: ToHost) => void) {
    this.#send = send;
  }

  async ask(operation: string, args: readonly unknown[]): Promise<unknown> {
    const packed = pack(args, MOST_ASKED_BYTES, operation);
    if (this.#open.size >= MOST_REQUESTS) await this.#turn();
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.#send({ kind: 'request', id, operation, args: packed });
    });
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= MOST_WAITING_REQUESTS) {
      throw new MusterError('RATE_LIMITED', `the agent has ${MOST_WAITING_REQUESTS} requests waiting already`, {
        remedy: 'Await what is asked before asking for more.',
      });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  answered(id: number, answer: Answer): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    this.#waiting.shift()?.();
    if ('error' in answer) open?.reject(revive(answer.error));
    else open?.resolve(unpack(answer.value));
  }
}
