import { afterEach, beforeEach, expect, test } from 'vitest';
import { newRunId, type HostId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import type { ClaimedAgent } from '../../src/state/hosts.ts';
import type { LineEntry, RunEntry } from '../../src/state/ledger.ts';
import { Fleet, healthy } from './fixture.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await Fleet.open();
});
afterEach(async () => {
  await fleet[Symbol.asyncDispose]();
});

const run = (claimed: ClaimedAgent, overrides: Partial<RunEntry> = {}): RunEntry => {
  const startedAt = overrides.startedAt ?? Date.now();
  return {
    runId: newRunId(startedAt),
    agentId: claimed.agent.agentId,
    epoch: claimed.epoch,
    runNumber: 1,
    trigger: 'schedule',
    scheduledFor: startedAt,
    startedAt,
    endedAt: startedAt + 5,
    outcome: 'succeeded',
    durationMs: 5,
    error: null,
    result: '{"rows":3}',
    linesKept: 0,
    linesDropped: 0,
    ...overrides,
  };
};
const going = { endedAt: null, outcome: null, durationMs: null, result: null } as const;

let seq = 0;
const line = (claimed: ClaimedAgent, overrides: Partial<LineEntry> = {}): LineEntry => ({
  seq: (seq += 1),
  at: Date.now(),
  agentId: claimed.agent.agentId,
  epoch: claimed.epoch,
  runId: null,
  level: 'info',
  message: `line ${seq}`,
  fields: null,
  ...overrides,
});

const write = (host: HostId, runs: readonly RunEntry[], lines: readonly LineEntry[] = []) =>
  fleet.state.ledger.write(host, { runs, lines });

async function held(): Promise<{ readonly host: HostId; readonly claimed: ClaimedAgent }> {
  await fleet.agents(1);
  const host = await fleet.join();
  const [claimed] = await fleet.claim(host);
  if (claimed === undefined) throw new Error('nothing was claimed');
  return { host, claimed };
}

test('runs and lines come back as they were written, newest first, page by page', async () => {
  const { host, claimed } = await held();
  const runs = Array.from({ length: 5 }, (_, n) => run(claimed, { runNumber: n + 1, startedAt: Date.now() - 10_000 + n }));
  const lines = Array.from({ length: 5 }, (_, n) =>
    line(claimed, { at: 1_800_000_000_000, runId: runs[n]?.runId ?? null, fields: '{"n": 1}' }),
  );
  expect(await write(host, runs, lines)).toEqual({ refusedRuns: 0, refusedLines: 0 });
  const first = await fleet.state.ledger.runs.list({ agentId: claimed.agent.agentId }, { limit: 3 });
  const rest = await fleet.state.ledger.runs.list({ agentId: claimed.agent.agentId }, { limit: 3, cursor: first.nextCursor ?? '' });
  expect([...first.items, ...rest.items].map((each) => each.runNumber)).toEqual([5, 4, 3, 2, 1]);
  expect(rest.nextCursor).toBeNull();
  expect(await fleet.state.ledger.runs.get(runs[0]?.runId ?? '')).toMatchObject({
    hostId: host,
    hostname: 'test',
    outcome: 'succeeded',
    durationMs: 5,
    result: { rows: 3 },
    trigger: 'schedule',
  });
  // All at the same time: their numbers tell the order.
  const seen: string[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await fleet.state.ledger.logs.list(
      { agentId: claimed.agent.agentId },
      { limit: 2, ...(cursor === undefined ? {} : { cursor }) },
    );
    seen.push(...page.items.map((each) => each.message));
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  expect(seen).toEqual(lines.map((each) => each.message).toReversed());
});

test('a batch that comes again changes nothing', async () => {
  const { host, claimed } = await held();
  const batch = [[run(claimed)], [line(claimed), line(claimed)]] as const;
  await write(host, ...batch);
  await write(host, ...batch);
  expect((await fleet.state.ledger.runs.list({}, { limit: 10 })).items).toHaveLength(1);
  expect((await fleet.state.ledger.logs.list({}, { limit: 10 })).items).toHaveLength(2);
});

test('what belongs to agents of others is refused, the rest is written', async () => {
  const { host, claimed } = await held();
  const stale = { ...claimed, epoch: (claimed.epoch - 1) as typeof claimed.epoch };
  expect(await write(host, [run(claimed), run(stale)], [line(stale), line(claimed)])).toEqual({ refusedRuns: 1, refusedLines: 1 });
  await fleet.silence(host, 60_000);
  await fleet.state.hosts.certifyDead([host]);
  await expect(write(host, [run(claimed)])).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect((await fleet.state.ledger.runs.list({}, { limit: 10 })).items).toHaveLength(1);
});

test('a run goes on until its end is written, and is lost once its host is', async () => {
  const { host, claimed } = await held();
  const [ends, stays] = [run(claimed, going), run(claimed, { ...going, runNumber: 2 })];
  await write(host, [ends, stays]);
  expect(await fleet.state.ledger.runs.get(ends.runId)).toMatchObject({ outcome: 'running', endedAt: null, durationMs: null });
  expect((await fleet.state.ledger.runs.list({ outcome: 'running' }, { limit: 10 })).items).toHaveLength(2);
  await write(host, [{ ...ends, endedAt: ends.startedAt + 9, outcome: 'failed', durationMs: 9, error: 'no' }]);
  expect(await fleet.state.ledger.runs.get(ends.runId)).toMatchObject({ outcome: 'failed', durationMs: 9, error: 'no' });
  expect(await fleet.state.ledger.closeLost()).toBe(0);

  await fleet.state.hosts.certifyDead([host]);
  expect(await fleet.state.ledger.runs.get(stays.runId)).toMatchObject({ outcome: 'lost', endedAt: null });
  expect((await fleet.state.ledger.runs.list({ outcome: 'lost' }, { limit: 10 })).items).toMatchObject([{ runId: stays.runId }]);
  expect((await fleet.state.ledger.runs.list({ outcome: 'running' }, { limit: 10 })).items).toEqual([]);
  // Another host takes the agent: that does not bring the run back.
  await fleet.claim(await fleet.join());
  expect(await fleet.state.ledger.closeLost()).toBe(1);
  expect(await fleet.state.ledger.runs.get(stays.runId)).toMatchObject({
    outcome: 'lost',
    endedAt: expect.any(Number),
    error: expect.stringMatching(/host was lost/),
  });
});

test('a run whose host is silent is lost to who looks, although nobody is there to say so', async () => {
  const { host, claimed } = await held();
  const open = run(claimed, going);
  await write(host, [open]);
  await fleet.silence(host, 60_000);
  const started = await fleet.database.one<{ early: boolean }>(
    sql`select pg_postmaster_start_time() > clock_timestamp() - interval '10 seconds' as early`,
  );
  expect((await fleet.state.ledger.runs.get(open.runId))?.outcome).toBe(started?.early === true ? 'running' : 'lost');
});

test('logs are narrowed by run, level, words and time', async () => {
  const { host, claimed } = await held();
  const { runId } = run(claimed);
  await write(
    host,
    [],
    [
      line(claimed, { level: 'debug', message: 'looking', at: 1_800_000_000_000 }),
      line(claimed, { level: 'warn', message: 'The Printer is on fire', runId, at: 1_800_000_001_000 }),
      line(claimed, { level: 'error', message: 'gave up', fields: '{"device": "PRINTER 3"}', at: 1_800_000_002_000 }),
    ],
  );
  const messages = async (filter: Parameters<typeof fleet.state.ledger.logs.list>[0]) =>
    (await fleet.state.ledger.logs.list(filter, { limit: 10 })).items.map((each) => each.message);
  expect(await messages({ level: 'warn' })).toEqual(['gave up', 'The Printer is on fire']);
  expect(await messages({ search: 'printer' })).toEqual(['gave up', 'The Printer is on fire']);
  expect(await messages({ search: '%' })).toEqual([]);
  expect(await messages({ runId })).toEqual(['The Printer is on fire']);
  expect(await messages({ from: 1_800_000_000_500, to: 1_800_000_002_000 })).toEqual(['The Printer is on fire']);
});

test('whatever the clock of a host says, its runs and lines have a place', async () => {
  const { host, claimed } = await held();
  await write(host, [run(claimed, { startedAt: 1_000 }), run(claimed, { startedAt: 4_000_000_000_000 })], [line(claimed, { at: 5_000 })]);
  expect((await fleet.state.ledger.runs.list({}, { limit: 10 })).items).toHaveLength(2);
  const retention = fleet.state.maintenance.find((job) => job.name === 'retention');
  await retention?.run(new AbortController().signal);
  expect((await fleet.state.ledger.runs.list({}, { limit: 10 })).items).toEqual([]);
  expect((await fleet.state.ledger.logs.list({}, { limit: 10 })).items).toEqual([]);
});

test('history tells every holder, from when to when, and why the agent moved', async () => {
  const { host: alpha, claimed } = await held();
  const history = async () => (await fleet.state.ledger.terms.list(claimed.agent.agentId, { limit: 10 })).items;
  expect(await history()).toMatchObject([
    {
      epoch: 1,
      hostId: alpha,
      hostname: 'test',
      status: 'held',
      endedAt: null,
      reason: null,
      movedBecause: expect.stringMatching(/^first start/),
    },
  ]);
  await fleet.beat(alpha, [healthy(claimed)]);
  await fleet.state.hosts.release(alpha, [healthy(claimed, { status: 'stopped', reason: 'rebalancing: its share is 0' })]);
  const beta = await fleet.join();
  await fleet.claim(beta);
  await fleet.state.hosts.certifyDead([beta]);
  const gamma = await fleet.join();
  await fleet.claim(gamma);
  await fleet.state.hosts.leave(gamma);
  await fleet.claim(alpha);
  const terms = await history();
  expect(terms.map((term) => [term.epoch, term.hostId, term.status])).toEqual([
    [4, alpha, 'held'],
    [3, gamma, 'released'],
    [2, beta, 'lost'],
    [1, alpha, 'released'],
  ]);
  expect(terms.map((term) => term.movedBecause)).toEqual([
    `its host before (test ${gamma.slice(0, 4)}) stopped in good order`,
    `its host before (test ${beta.slice(0, 4)}) was lost: the process of its host is gone`,
    `moved from test ${alpha.slice(0, 4)}: rebalancing: its share is 0`,
    'first start: nobody had held it before',
  ]);
  expect(terms.map((term) => term.reason)).toEqual([
    null,
    'its host stopped',
    'the process of its host is gone',
    'rebalancing: its share is 0',
  ]);
  for (const [later, earlier] of terms.slice(1).map((term, index) => [terms[index], term] as const))
    expect(later?.acquiredAt).toBeGreaterThanOrEqual(earlier.endedAt ?? Number.POSITIVE_INFINITY);
});

test('history keeps the newest terms of each agent, and goes with the agent', async () => {
  const { host, claimed } = await held();
  for (let n = 0; n < 5; n += 1) {
    const [again] = n === 0 ? [claimed] : await fleet.claim(host);
    if (again !== undefined) await fleet.state.hosts.release(host, [healthy(again, { status: 'stopped', reason: 'turn' })]);
  }
  await fleet.claim(host);
  const { terms } = fleet.state.ledger;
  expect(await terms.prune(3, 60_000)).toBe(3);
  expect((await terms.list(claimed.agent.agentId, { limit: 10 })).items.map((term) => term.epoch)).toEqual([6, 5, 4]);
  expect(await terms.prune(3, -1)).toBe(2);
  const page = await terms.list(claimed.agent.agentId, { limit: 1 });
  expect((await terms.list(claimed.agent.agentId, { limit: 1, cursor: page.nextCursor ?? '' })).items).toEqual([]);
  await fleet.state.agents.remove(claimed.agent.agentId);
  expect((await terms.list(claimed.agent.agentId, { limit: 10 })).items).toEqual([]);
});

test('a beat writes no history, and ten thousand agents claimed at once are one statement', async () => {
  await fleet.agents(10_000);
  const host = await fleet.join({ capacity: 10_000 });
  const claimed = await fleet.claim(host, 10_000);
  expect(claimed).toHaveLength(10_000);
  await fleet.beat(
    host,
    claimed.map((each) => healthy(each)),
  );
  const row = await fleet.database.one<{ terms: number }>(sql`select count(*)::int as terms from muster.terms where ended_at is null`);
  expect(row?.terms).toBe(10_000);
}, 180_000);
