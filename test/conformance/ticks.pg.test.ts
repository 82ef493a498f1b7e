import { afterEach, beforeEach, expect, test } from 'vitest';
import { agentId, type Epoch, type HostId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import type { ClaimedAgent } from '../../src/state/hosts.ts';
import type { TickAnswer } from '../../src/state/ticks.ts';
import { Fleet, healthy } from './fixture.ts';

let fleet: Fleet;
let host: HostId;
let held: ClaimedAgent;
const probe = agentId('probe_00000');
const schedule = 'cron * * * * * (UTC)';

beforeEach(async () => {
  fleet = await Fleet.open();
  await fleet.agents(1);
  host = await fleet.join();
  held = await claimed(host);
});
afterEach(async () => {
  await fleet[Symbol.asyncDispose]();
});

async function claimed(by: HostId): Promise<ClaimedAgent> {
  const [agent] = await fleet.claim(by);
  if (agent === undefined) throw new Error('not claimed');
  return agent;
}

async function begin(tick: number | null, by: HostId = host, epoch: Epoch = held.epoch): Promise<TickAnswer | undefined> {
  return (await fleet.state.ticks.claim(by, [{ agentId: probe, epoch, tick, schedule }]))[0];
}

const ticks = async () => (await fleet.state.agents.get(probe))?.ticks;
const T = Date.parse('2026-01-01T00:00:00.250Z');

test('of many who claim one tick at once, one is told that it is his', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => begin(T)));
  // The tick that is begun and not completed may be begun again by its holder; what is done may not.
  expect(answers[0]).toMatchObject({ agentId: probe, granted: true });
  await fleet.beat(host, [healthy(held, { tickBegun: T, tickDone: T })]);
  expect((await Promise.all(Array.from({ length: 8 }, () => begin(T)))).map((answer) => answer?.granted)).toEqual(Array(8).fill(false));
  expect(await begin(T - 1_000)).toMatchObject({ granted: false, begun: T, done: T });
  const { activeSince, ...rest } = (await ticks()) ?? {};
  expect(rest).toEqual({ begun: T, done: T, schedule });
  expect(activeSince).toBeGreaterThan(Date.now() - 60_000);
});

test('a former holder, a host that holds nothing and one that is declared lost begin nothing', async () => {
  const other = await fleet.join();
  expect(await begin(T, other)).toMatchObject({ granted: false });
  await fleet.state.hosts.release(host, [healthy(held, { status: 'stopped' })]);
  const next = await claimed(other);
  expect(await begin(T)).toMatchObject({ granted: false });
  expect(await begin(T, host, next.epoch)).toMatchObject({ granted: false });
  expect(await begin(T, other, next.epoch)).toMatchObject({ granted: true });
  await fleet.state.hosts.certifyDead([other]);
  expect(await begin(T + 1_000, other, next.epoch)).toMatchObject({ granted: false });
});

test('what was begun and not completed is begun again by the next holder, what was completed is not', async () => {
  await begin(T);
  await fleet.state.hosts.certifyDead([host]);
  const second = await fleet.join();
  const taken = await claimed(second);
  expect(taken.agent.ticks).toMatchObject({ begun: T, done: null });
  expect(await begin(T, second, taken.epoch)).toMatchObject({ granted: true });
  await fleet.state.hosts.release(second, [healthy(taken, { status: 'stopped', tickBegun: T, tickDone: T })]);
  const third = await claimed(second);
  expect(third.agent.ticks).toMatchObject({ begun: T, done: T });
  expect(await begin(T, second, third.epoch)).toMatchObject({ granted: false });
});

test('a beat that was overtaken takes no tick back, and one that knows of none changes nothing', async () => {
  await begin(T);
  await begin(T + 1_000);
  await fleet.beat(host, [healthy(held, { tickBegun: T, tickDone: T })]);
  expect(await ticks()).toMatchObject({ begun: T + 1_000, done: T });
  await fleet.beat(host, [healthy(held)]);
  expect(await ticks()).toMatchObject({ begun: T + 1_000, done: T });
});

test('a tick from the future, of a clock that was set back since, is in nobody’s way', async () => {
  const future = Date.now() + 3_600_000;
  await begin(future);
  await fleet.beat(host, [healthy(held, { tickBegun: T, tickDone: T })]);
  expect(await ticks()).toMatchObject({ begun: T, done: T });
  await begin(future);
  expect(await begin(T + 1_000)).toMatchObject({ granted: true });
});

test('a schedule under which an agent starts anew owes nothing from before', async () => {
  await begin(T);
  expect(await begin(null)).toMatchObject({ granted: true });
  const after = await ticks();
  expect(after?.begun).toBe(T);
  expect(after?.done).toBeGreaterThan(Date.now() - 60_000);
});

test('an agent that is wanted again owes nothing from the time when it was not, whoever says so', async () => {
  const before = (await ticks())?.activeSince ?? 0;
  await fleet.state.agents.setState(probe, 'active');
  expect((await ticks())?.activeSince).toBe(before);
  await fleet.database.query(sql`update agents set state = 'paused' where agent_id = ${probe}`);
  await fleet.database.query(sql`update agents set state = 'active' where agent_id = ${probe}`);
  expect((await ticks())?.activeSince).toBeGreaterThan(before);
});

test('beats and claims of many agents at once never deadlock', async () => {
  await fleet.agents(200);
  const agents = [held, ...(await fleet.claim(host, 300))];
  for (let n = 1; n <= 10; n += 1) {
    const tick = T + n * 1_000;
    const claims = agents.toReversed().map((a) => ({ agentId: a.agent.agentId, epoch: a.epoch, tick, schedule }));
    const [, answers] = await Promise.all([
      fleet.beat(
        host,
        agents.map((a) => healthy(a, { tickBegun: tick - 1_000, tickDone: tick - 1_000 })),
      ),
      fleet.state.ticks.claim(host, claims),
    ]);
    expect(answers.filter((answer) => answer.granted)).toHaveLength(agents.length);
  }
});
