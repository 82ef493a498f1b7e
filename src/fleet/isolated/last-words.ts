import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { storable } from '../../agent/storable.ts';

const MOST_LINE = 2_000;
const KEPT_LINES = 20;
const MOST_WORDS = 500;
/** Lines passed on in a second; of the others only how many they were. */
const LINES_A_SECOND = 100;

/** What a thread or process prints: passed on line by line, as far as it can be read, and its end kept for when it dies. */
export class LastWords {
  readonly #printed: (stream: 'stdout' | 'stderr', line: string) => void;
  readonly #kept: string[] = [];
  #second = 0;
  #lines = 0;

  constructor(printed: (stream: 'stdout' | 'stderr', line: string) => void) {
    this.#printed = printed;
  }

  /** Resolves when the stream has ended. */
  follow(stream: 'stdout' | 'stderr', from: Readable | null): Promise<void> {
    if (from === null) return Promise.resolve();
    const decoder = new StringDecoder('utf8');
    let rest = '';
    from.on('data', (chunk: Buffer) => {
      const lines = (rest + decoder.write(chunk)).split('\n');
      // A line without an end must not grow for ever.
      rest = (lines.pop() ?? '').slice(-MOST_LINE);
      for (const line of lines) this.#line(stream, line);
    });
    return new Promise((resolve) =>
      from.once('close', () => {
        if (rest !== '') this.#line(stream, rest);
        rest = '';
        resolve();
      }),
    );
  }

  #line(stream: 'stdout' | 'stderr', text: string): void {
    const line = storable(text.trimEnd(), MOST_LINE);
    if (line.trim() === '') return;
    if (stream === 'stderr') {
      this.#kept.push(line);
      if (this.#kept.length > KEPT_LINES) this.#kept.shift();
    }
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#second) {
      if (this.#lines > LINES_A_SECOND) this.#printed('stderr', `${this.#lines - LINES_A_SECOND} more lines were left out`);
      this.#second = second;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines <= LINES_A_SECOND) this.#printed(stream, line);
  }

  has(text: string): boolean {
    return this.#kept.some((line) => line.includes(text));
  }

  /** The end of its standard error, short enough for an error text. */
  toString(): string {
    return this.#kept.join(' | ').slice(-MOST_WORDS);
  }
}
