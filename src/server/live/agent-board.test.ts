import { beforeEach, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../base/clock.ts';
import { MusterError } from '../../base/errors.ts';
import { agentId, epoch } from '../../base/ids.ts';
import type { AgentRecord } from '../../state/agents.ts';
import { AgentBoard } from './agent-board.ts';

/** A database of one agent, whose reads end when the test says so. */
let now: number;
let state: AgentRecord['state'];
let reads: { readonly seen: AgentRecord['state']; end(): void; fail(): void }[];
let board: AgentBoard;

const agent = (desired: AgentRecord['state']): AgentRecord => ({
  agentId: agentId('a'),
  name: 'A',
  type: 't',
  state: desired,
  slotStatus: null,
  config: {},
  metadata: {},
  createdAt: 0,
  updatedAt: 0,
  status: 'running',
  healthScore: null,
  lastHeartbeatAt: null,
  hostId: null,
  epoch: epoch(0),
  acquiredAt: null,
  errorCount: 0,
  runCount: 0,
  lastError: null,
  reason: null,
  ticks: { begun: null, done: null, schedule: null, activeSince: 0 },
});

beforeEach(() => {
  now = 0;
  state = 'active';
  reads = [];
  const clock: Clock = { ...systemClock, monotonic: () => now };
  const list = () =>
    new Promise<readonly AgentRecord[]>((resolve, reject) => {
      // A statement sees what is committed when it begins.
      const seen = state;
      reads.push({ seen, end: () => resolve([agent(seen)]), fail: () => reject(new MusterError('DATABASE_UNREACHABLE', 'away')) });
    });
  board = new AgentBoard({ agents: { list }, clock, render: (record) => `"${record.state}"` });
});

const ask = async (): Promise<string> =>
  (JSON.parse((await board.page({ filter: {}, limit: 10, after: undefined })).body.toString()) as { items: [string] }).items[0];

/** Answers a request whose read has been sent. */
async function askAndRead(): Promise<string> {
  const answer = ask();
  await Promise.resolve();
  reads.at(-1)?.end();
  return answer;
}

describe('the board', () => {
  test('reads once for all who ask at once, and not at all for a while', async () => {
    const answers = [ask(), ask(), ask()];
    reads[0]?.end();
    expect(await Promise.all(answers)).toEqual(['active', 'active', 'active']);
    now = 249;
    expect(await ask()).toBe('active');
    expect(reads).toHaveLength(1);
  });

  test('between 250 and 450 ms gives what it has and reads behind', async () => {
    await askAndRead();
    state = 'paused';
    now = 300;
    expect([await ask(), await ask()]).toEqual(['active', 'active']);
    expect(reads).toHaveLength(2);
    reads[1]?.end();
    await Promise.resolve();
    await Promise.resolve();
    expect(await ask()).toBe('paused');
    expect(reads).toHaveLength(2);
  });

  test('never gives what is older than 450 ms', async () => {
    await askAndRead();
    state = 'paused';
    now = 450;
    expect(await askAndRead()).toBe('paused');
  });

  test('counts age from when the read was sent, not from when it ended', async () => {
    const answer = ask();
    now = 460;
    reads[0]?.end();
    expect(await answer).toBe('active');
    state = 'paused';
    expect(await askAndRead()).toBe('paused');
  });

  test('after a write gives nothing that was read before it, though the read ends later', async () => {
    const early = ask();
    state = 'paused';
    board.invalidate();
    const late = ask();
    expect(reads.map((read) => read.seen)).toEqual(['active', 'paused']);
    reads[1]?.end();
    expect(await late).toBe('paused');
    reads[0]?.end();
    expect(await early).toBe('active');
    expect(await ask()).toBe('paused');
  });

  test('tells those who wait that the database is away, and reads again for the next', async () => {
    const answer = ask();
    reads[0]?.fail();
    await expect(answer).rejects.toThrow('away');
    expect(await askAndRead()).toBe('active');
  });

  test('that failed to read behind gives its last state until it is too old', async () => {
    await askAndRead();
    now = 300;
    expect(await ask()).toBe('active');
    reads[1]?.fail();
    await new Promise((resolve) => setImmediate(resolve));
    now = 500;
    const answer = ask();
    reads.at(-1)?.fail();
    await expect(answer).rejects.toThrow('away');
  });
});
