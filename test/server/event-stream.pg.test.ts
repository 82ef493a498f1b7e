import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { agentId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { until } from '../support/until.ts';
import { EventReader } from './support/event-reader.ts';
import { bearer, BOOTSTRAP, testServer, type TestServer } from './support/test-server.ts';

let server: TestServer;
let base: string;
const readers: EventReader[] = [];
beforeAll(async () => {
  server = await testServer();
  base = await server.listen();
});
afterEach(async () => {
  for (const reader of readers.splice(0)) await reader[Symbol.asyncDispose]();
});
afterAll(() => server[Symbol.asyncDispose]());

async function follow(options: Parameters<typeof EventReader.open>[2] = {}, key = BOOTSTRAP): Promise<EventReader> {
  const reader = await EventReader.open(base, bearer(key), options);
  readers.push(reader);
  return reader;
}

/** A reader that stands at the present. */
async function followFromNow(options: Parameters<typeof EventReader.open>[2] = {}): Promise<EventReader> {
  const reader = await follow(options);
  await until('the reader has a place', () => reader.lastId !== '');
  return reader;
}

const append = (n: number, data: object = {}, agent?: string) =>
  server.state.events.append(
    Array.from({ length: n }, (_, i) => ({
      type: 'test:happened' as const,
      data: { i, ...data },
      ...(agent === undefined ? {} : { agentId: agentId(agent) }),
    })),
  );

async function allIds(): Promise<readonly string[]> {
  const { rows } = await server.database.database.query<{ id: string }>(
    sql`select e.id::text from muster.events e where type = 'test:happened' order by e.id`,
  );
  return rows.map((row) => row.id);
}

test('events arrive as they are committed, with id, name and data', async () => {
  const reader = await followFromNow();
  await append(1, { hello: 'wörld\nline' }, 'someone');
  await until('it arrives', () => reader.messages.length === 1);
  expect(reader.messages[0]).toMatchObject({
    event: 'test:happened',
    data: { type: 'test:happened', agent_id: 'someone', data: { i: 0, hello: 'wörld\nline' } },
  });
});

test('a wake-up brings an event at once, a lost one within the poll', async () => {
  const reader = await followFromNow();
  await server.database.database.query(sql`insert into muster.events (type) values ('test:happened')`);
  await until('the poll finds it', () => reader.messages.length === 1, 3_000);
});

test('filters narrow what a reader sees, and its place moves on all the same', async () => {
  const reader = await followFromNow({ query: '?agent_id=wanted&type=test:happened' });
  await append(3, {}, 'other');
  await append(1, { mine: true }, 'wanted');
  await until('the wanted one arrives', () => reader.messages.length > 0);
  await append(2, {}, 'other');
  expect(reader.messages.map((message) => message.data.agent_id)).toEqual(['wanted']);
});

test('a reader cut off at any point resumes without loss or repetition, while writers commit out of order', async () => {
  const { database } = server.database;
  let reader = await followFromNow();
  const start = (await allIds()).length;
  const got: string[] = [];
  const writing = { now: true };
  const writers = [0, 1, 2].map(async (w) => {
    for (let n = 0; n < 25; n++) {
      // Identities are taken at once and committed in another order.
      await database.transaction(async (tx) => {
        await tx.query(
          sql`insert into muster.events (type, data) values ('test:happened', jsonb_build_object('w', ${w}::int, 'n', ${n}::int))`,
        );
        await tx.query(sql`select pg_sleep(${Math.random() * 0.03}::float8)`);
      });
      server.wake.hint('events');
    }
  });
  const done = Promise.all(writers).then(() => {
    writing.now = false;
  });
  while (writing.now) {
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 60));
    await reader[Symbol.asyncDispose]();
    got.push(...reader.ids);
    reader = await follow({ lastId: reader.lastId });
  }
  await done;
  const expected = (await allIds()).slice(start);
  await until('the rest arrives', () => got.length + reader.messages.length >= expected.length);
  got.push(...reader.ids);
  expect([...got].toSorted((a, b) => Number(a) - Number(b))).toEqual(expected);
});

test('a reader that was away for thousands of events catches up, while new ones come in', async () => {
  const first = await followFromNow();
  const place = first.lastId;
  const before = (await allIds()).length;
  for (let i = 0; i < 6; i++) await append(400);
  const reader = await follow({ lastId: place });
  await append(300);
  await until('it has caught up', () => reader.messages.length >= 2_700);
  expect([...reader.ids].toSorted((a, b) => Number(a) - Number(b))).toEqual((await allIds()).slice(before));
});

test('many readers cost one', async () => {
  const { events } = server.state;
  const original = events.since;
  let reads = 0;
  Object.assign(events, {
    since: (...args: Parameters<typeof original>) => {
      reads += 1;
      return original(...args);
    },
  });
  try {
    const many = await Promise.all(Array.from({ length: 30 }, () => followFromNow()));
    await append(1);
    await until('all have it', () => many.every((reader) => reader.messages.length === 1));
    reads = 0;
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(reads).toBeLessThanOrEqual(4);
    for (const reader of readers.splice(0)) await reader[Symbol.asyncDispose]();
    await until('the tail ends with its last reader', async () => (await server.ask('GET', '/health')).json().event_streams === 0);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    reads = 0;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(reads).toBe(0);
  } finally {
    Object.assign(events, { since: original });
  }
});

test('a reader that does not read is cut off, and loses nothing when it comes back', async () => {
  const slow = await followFromNow();
  const before = (await allIds()).length;
  slow.pause();
  for (let i = 0; i < 40; i++) await append(10, { ballast: 'x'.repeat(20_000) });
  // Whoever goes on reading before all that is written to it is merely slow, and keeps its line.
  await until('the server has cut it off', async () => (await server.ask('GET', '/health')).json().event_streams === 0);
  slow.resume();
  await until('it notices', () => slow.ended);
  const got = [...slow.ids];
  const again = await follow({ lastId: slow.lastId });
  await until('the rest arrives', () => got.length + again.messages.length >= 400, 20_000);
  expect([...got, ...again.ids].toSorted((a, b) => Number(a) - Number(b))).toEqual((await allIds()).slice(before));
}, 180_000);

test('a stream ends when its key is revoked', async () => {
  const key = await server.key('viewer');
  const reader = await follow({}, key);
  await server.ask('DELETE', `/keys/${key.split('_')[1]}`);
  await until('the stream ends', () => reader.ended, 3_000);
});

test('no more than 200 streams are open at once', async () => {
  const open = await Promise.all(Array.from({ length: 200 }, () => follow()));
  expect(open).toHaveLength(200);
  await expect(follow()).rejects.toThrow('status 429');
});

test('the history is given newest first, page by page', async () => {
  await append(7, {}, 'history');
  const headers = { ...bearer(BOOTSTRAP), accept: 'application/json' };
  const ids: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { items: { id: string }[]; next_cursor: string | null } = (
      await server.ask('GET', `/events?agent_id=history&limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`, { headers })
    ).json();
    ids.push(...page.items.map((event) => event.id));
    cursor = page.next_cursor;
  }
  expect(ids).toHaveLength(7);
  expect(ids).toEqual([...ids].toSorted((a, b) => Number(b) - Number(a)));
});

test('a place in the stream of another database is refused, so that its reader starts again', async () => {
  // What a dashboard left open holds after the data folder was replaced: a snapshot of transactions yet to come.
  const ahead = Buffer.from(JSON.stringify(['900000000:900000000:', '900000000:900000000:', '0', '0'])).toString('base64url');
  await expect(follow({ lastId: ahead })).rejects.toThrow('status 400');
});
