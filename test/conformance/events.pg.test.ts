import { afterEach, beforeEach, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import type { EventCursor, NewEvent } from '../../src/state/events.ts';
import { Fleet } from './fixture.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await Fleet.open();
});
afterEach(async () => {
  await fleet[Symbol.asyncDispose]();
});

const numbered = (n: number): NewEvent => ({ type: 'probe:seen', data: { n } });

async function drain(cursor: EventCursor, limit: number): Promise<{ readonly seen: readonly unknown[]; readonly cursor: EventCursor }> {
  const seen: unknown[] = [];
  for (let place = cursor; ;) {
    const page = await fleet.state.events.since(place, limit);
    seen.push(...page.items.map((e) => e.data['n']));
    if (page.items.length < limit) return { seen, cursor: page.cursor };
    place = page.cursor;
  }
}

test('a reader that pages sees every event once', async () => {
  const { cursor } = await fleet.state.events.since(undefined, 10);
  await fleet.state.events.append(Array.from({ length: 25 }, (_, n) => numbered(n)));
  const first = await drain(cursor, 10);
  expect(first.seen).toEqual(Array.from({ length: 25 }, (_, n) => n));
  expect((await drain(first.cursor, 10)).seen).toEqual([]);
});

test('an event that commits late is not skipped although later identities were read before', async () => {
  let place = (await fleet.state.events.since(undefined, 10)).cursor;
  const seen: unknown[] = [];
  await fleet.database.transaction(async (tx) => {
    await tx.query(sql`insert into muster.events (type, data) values ('probe:seen', '{"n": 1}')`);
    await fleet.state.events.append([numbered(2)]);
    const early = await drain(place, 10);
    seen.push(...early.seen);
    place = early.cursor;
  });
  seen.push(...(await drain(place, 10)).seen);
  expect(seen).toEqual([2, 1]);
});

test('resuming after any event of a page skips nothing and repeats nothing', async () => {
  const start = (await fleet.state.events.since(undefined, 10)).cursor;
  for (let n = 0; n < 4; n += 1) await fleet.state.events.append([numbered(2 * n), numbered(2 * n + 1)]);
  const page = await fleet.state.events.since(start, 100);
  await fleet.state.events.append([numbered(8)]);
  for (const [index, event] of page.items.entries()) {
    const rest = await drain(event.cursor, 3);
    expect(rest.seen).toEqual(Array.from({ length: 8 - index }, (_, n) => index + 1 + n));
  }
});

test('a reader that reads up to another’s place has exactly what lies between, and what comes after it is neither missing nor there twice', async () => {
  const mine = (await fleet.state.events.since(undefined, 10)).cursor;
  await fleet.state.events.append([numbered(0), numbered(1), numbered(2)]);
  await fleet.database.transaction(async (tx) => {
    // Its transaction is older than that of the events that are read before it.
    await tx.query(sql`insert into muster.events (type, data) values ('probe:seen', '{"n": 3}')`);
    await fleet.state.events.append([numbered(4), numbered(5)]);
    const theirs = (await drain(mine, 10)).cursor;
    await fleet.state.events.append([numbered(6)]);
    const between: unknown[] = [];
    let place = mine;
    for (;;) {
      const page = await fleet.state.events.since(place, 2, theirs);
      between.push(...page.items.map((event) => event.data['n']));
      place = page.cursor;
      if (page.items.length < 2) break;
    }
    expect(between).toEqual([0, 1, 2, 4, 5]);
    expect(place).toBe(theirs);
    expect((await fleet.state.events.since(place, 2, theirs)).items).toEqual([]);
    expect((await drain(place, 10)).seen).toEqual([6]);
  });
});

test('a rolled-back event is never seen', async () => {
  const { cursor } = await fleet.state.events.since(undefined, 10);
  await expect(
    fleet.database.transaction(async (tx) => {
      await tx.query(sql`insert into muster.events (type) values ('probe:seen')`);
      throw new Error('changed my mind');
    }),
  ).rejects.toThrow('changed my mind');
  expect((await drain(cursor, 10)).seen).toEqual([]);
});

test('events of another cluster’s transactions, as a logical restore leaves them, do not come again and again', async () => {
  const { cursor } = await fleet.state.events.since(undefined, 10);
  await fleet.database.query(sql`insert into muster.events (type, tx) values ('probe:seen', '999999999999')`);
  expect((await drain(cursor, 10)).seen).toEqual([]);
});

test.each([
  '',
  'x',
  'bm9uc2Vuc2U',
  Buffer.from('["1:2:","1:2:","1","2","3"]').toString('base64url'),
  Buffer.from('["1:2:;drop","1:2:","1","2"]').toString('base64url'),
])('the cursor %j is refused as BAD_CURSOR', async (cursor) => {
  await expect(fleet.state.events.since(cursor, 10)).rejects.toMatchObject({ code: 'BAD_CURSOR' });
});
