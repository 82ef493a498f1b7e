/** An event that has no end within so many bytes is passed on as it is: who sends it does not speak the protocol. */
const MOST_EVENT_BYTES = 4_194_304;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);

/** Cuts a stream of server-sent events into events, each with the empty line that ends it, and changes no byte. */
export class EventSplitter {
  #rest: Buffer = NOTHING;
  /** Up to here the rest was searched. */
  #searched = 0;

  push(chunk: Buffer): readonly Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const events: Buffer[] = [];
    let start = 0;
    let at = Math.max(0, this.#searched - 3);
    for (;;) {
      const end = boundary(bytes, at);
      if (end === -1) break;
      // Nearly all come one by one.
      events.push(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
      start = end;
      at = end;
    }
    this.#rest = start === bytes.length ? NOTHING : bytes.subarray(start);
    if (this.#rest.length > MOST_EVENT_BYTES) {
      events.push(this.#rest);
      this.#rest = NOTHING;
    }
    this.#searched = this.#rest.length;
    return events;
  }

  /** What came after the last whole event. */
  rest(): Buffer {
    return this.#rest;
  }
}

/** The place behind the next empty line: LF LF, CR LF CR LF or CR CR. -1: there is none yet. */
function boundary(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length - 1; at++) {
    const here = bytes[at];
    if (here === NEWLINE) {
      if (bytes[at + 1] === NEWLINE) return at + 2;
      if (bytes[at + 1] === RETURN && bytes[at + 2] === NEWLINE) return at + 3;
    } else if (here === RETURN && bytes[at + 1] === RETURN) return at + 2;
  }
  return -1;
}

/** What an event says, without its field names. Undefined: a comment, or nothing. */
export function dataOf(event: Buffer): string | undefined {
  return soleLine(event) ?? dataLines(event);
}

const DATA = Buffer.from('data:');
const SPACE = 0x20;

/** As nearly all events are: one line of data that ends in LF, and nothing else. An answer has hundreds of them. */
function soleLine(event: Buffer): string | undefined {
  if (event.length < DATA.length || DATA.compare(event, 0, DATA.length) !== 0 || event.includes(RETURN)) return undefined;
  let end = event.length;
  while (event[end - 1] === NEWLINE) end -= 1;
  const start = event[DATA.length] === SPACE ? DATA.length + 1 : DATA.length;
  const newline = event.indexOf(NEWLINE, DATA.length);
  return newline === -1 || newline >= end ? event.toString('utf8', Math.min(start, end), end) : undefined;
}

function dataLines(event: Buffer): string | undefined {
  const lines = event
    .toString('utf8')
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(line.startsWith('data: ') ? 6 : 5));
  return lines.length === 0 ? undefined : lines.join('\n');
}

/** The JSON object an event carries. Undefined for `[DONE]`, comments and garbage. */
export function objectOf(event: Buffer): Readonly<Record<string, unknown>> | undefined {
  const data = dataOf(event);
  if (data === undefined || !data.startsWith('{')) return undefined;
  try {
    return JSON.parse(data) as Readonly<Record<string, unknown>>;
  } catch {
    // Passed on as it came; there is only nothing to read in it.
    return undefined;
  }
}

/** `[DONE]`: where a stream of OpenAI's ends. */
export const isDone = (event: Buffer): boolean => event.length < 32 && dataOf(event)?.trim() === '[DONE]';

/** The chunk that tells the usage and nothing else, which comes only to those who asked for it. */
export function isUsageOnly(event: Buffer): boolean {
  if (!event.includes('"usage"') || !/"choices"\s*:\s*\[\s*\]/.test(event.toString('latin1'))) return false;
  const chunk = objectOf(event);
  const choices = chunk?.['choices'];
  return Array.isArray(choices) && choices.length === 0 && typeof chunk?.['usage'] === 'object' && chunk['usage'] !== null;
}
