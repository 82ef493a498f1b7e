import type { Duplex } from 'node:stream';
import type pg from 'pg';

/** Small enough that the server never holds much of it in one message, big enough that headers cost nothing. */
const CHUNK = 256 * 1024;
const COPY_DATA = 0x64;
const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4]);

interface WireConnection {
  readonly stream: Duplex;
  query(text: string): void;
}

/**
 * COPY … FROM STDIN of a payload that is already in memory. Unlike a stream it copies nothing on our side: the
 * payload's slices go to the socket in one corked write.
 */
class BinaryCopy {
  /** `pg` replaces it by its time-out wrapper, and reads it before. */
  callback: (error: Error | null | undefined, rows?: number) => void;
  readonly query_timeout: number;
  readonly #statement: string;
  readonly #payload: Buffer;
  #rows = 0;

  constructor(statement: string, payload: Buffer, timeoutMs: number, done: (error: Error | null | undefined, rows?: number) => void) {
    this.#statement = statement;
    this.#payload = payload;
    this.query_timeout = timeoutMs;
    this.callback = done;
  }

  submit(connection: WireConnection): void {
    connection.query(this.#statement);
  }

  handleCopyInResponse({ stream }: WireConnection): void {
    if (!stream.writable) return; // the connection's own error is on its way
    stream.cork();
    for (let at = 0; at < this.#payload.length; at += CHUNK) {
      const piece = this.#payload.subarray(at, at + CHUNK);
      const header = Buffer.allocUnsafe(5);
      header[0] = COPY_DATA;
      header.writeUInt32BE(piece.length + 4, 1);
      stream.write(header);
      stream.write(piece);
    }
    stream.write(COPY_DONE);
    stream.uncork();
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#rows = Number(/^COPY (\d+)/.exec(message.text)?.[1] ?? 0);
  }

  handleReadyForQuery(): void {
    this.callback(null, this.#rows);
  }

  handleError(error: Error): void {
    this.callback(error);
  }
}

/** Sends `payload` (header and trailer included) through `statement`; resolves to the rows copied. */
export function copyBinary(client: pg.ClientBase, statement: string, payload: Buffer, timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const copy = new BinaryCopy(statement, payload, timeoutMs, (error, rows = 0) => {
      if (error === null || error === undefined) resolve(rows);
      else reject(error);
    });
    client.query(copy as unknown as pg.Submittable);
  });
}
