import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../base/logger.ts';
import type { Events, StreamedEvent } from '../../state/events.ts';
import { EventStream } from './event-stream.ts';
import { EventTail } from './event-tail.ts';

/** A stream of numbered events; a place is how many are behind it. Reads take as long as the test says. */
let log: StreamedEvent[];
let delays: () => number;
let wake: () => void;
let tail: EventTail;

const append = (): void => {
  const id = String(log.length + 1);
  log.push({ id, ts: 0, type: 'test:happened', agentId: null, hostId: null, epoch: null, hops: 0, tx: '0', data: {}, cursor: id });
};

const events: Pick<Events, 'since'> = {
  since: async (cursor, limit, upTo) => {
    const seen = upTo === undefined ? log.length : Number(upTo);
    for (let i = delays(); i > 0; i--) await new Promise((resolve) => setImmediate(resolve));
    if (cursor === undefined) return { items: [], cursor: String(seen) };
    const items = log.slice(Number(cursor), Math.min(seen, Number(cursor) + limit));
    return { items, cursor: String(Number(cursor) + items.length) };
  },
};

beforeEach(() => {
  log = [];
  delays = () => 1;
  wake = () => undefined;
  tail = new EventTail({
    events,
    log: silentLogger,
    wake: {
      hint: () => undefined,
      on: (_, listener) => {
        wake = listener;
        return () => undefined;
      },
    },
  });
});
afterEach(() => tail.close());

class Reader extends EventEmitter {
  readonly ids: string[] = [];
  lastId: string;
  destroyed = false;
  readonly writableEnded = false;
  readonly writableLength = 0;
  readonly writableNeedDrain = false;

  constructor(lastId: string) {
    super();
    this.lastId = lastId;
  }

  write(text: string): boolean {
    if (this.destroyed) return false;
    for (const block of text.split('\n\n')) {
      const id = /^id: (.*)$/m.exec(block)?.[1];
      if (block.includes('data: ')) this.ids.push((JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '') as { id: string }).id);
      if (id !== undefined) this.lastId = id;
    }
    return true;
  }

  cut(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

async function open(lastId: string): Promise<{ readonly reader: Reader; readonly stream: EventStream; readonly joined: Promise<void> }> {
  const reader = new Reader(lastId);
  const stream = new EventStream({
    events,
    tail,
    filter: { type: undefined, agentId: undefined },
    response: reader as unknown as ServerResponse,
  });
  const first = await EventStream.first(events, lastId);
  return { reader, stream, joined: stream.join(first) };
}

describe('a reader', () => {
  test('is not told twice what it caught up with before the tail had read it', async () => {
    const { joined: other } = await open('0');
    await other;
    // Nobody wakes the tail: it will find these only when the second reader makes it look.
    append();
    append();
    const { reader, joined } = await open('0');
    await joined;
    expect(reader.ids).toEqual(['1', '2']);
  });

  test('keeps its place when a ping comes while it is ahead of the tail', async () => {
    await (
      await open('0')
    ).joined;
    append();
    const { reader, stream, joined } = await open('0');
    stream.ping();
    reader.cut();
    await joined;
    const again = await open(reader.lastId);
    await again.joined;
    expect([...reader.ids, ...again.reader.ids]).toEqual(['1']);
  });

  test('cut off and back at any moment gets every event once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('append', 'append and wake', 'cut', 'ping', 'pause'), { maxLength: 60 }),
        fc.infiniteStream(fc.nat(4)),
        async (steps, pauses) => {
          log = [];
          delays = () => pauses.next().value ?? 0;
          const got: string[] = [];
          let current = await open('0');
          const joins = [current.joined];
          for (const step of steps) {
            if (step.startsWith('append')) append();
            if (step === 'append and wake') wake();
            if (step === 'ping') current.stream.ping();
            if (step === 'pause') await new Promise((resolve) => setImmediate(resolve));
            if (step === 'cut') {
              current.reader.cut();
              got.push(...current.reader.ids);
              current = await open(current.reader.lastId);
              joins.push(current.joined);
            }
          }
          await Promise.all(joins);
          await tail.settled();
          got.push(...current.reader.ids);
          current.reader.cut();
          expect(got).toEqual(log.map((event) => event.id));
        },
      ),
      { numRuns: 300 },
    );
  });
});
