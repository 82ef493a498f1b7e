import { describe, expect, it } from 'vitest';
import { agentId, epoch, newHostId, newRunId } from '../../src/base/ids.ts';
import { createSharedState } from '../../src/state/create-shared-state.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { Program } from './support/program.ts';

const muster = Program.forThisFile();

/** An agent with a host, three runs and what it said in them. */
async function seeded(database: TestDatabase) {
  const state = createSharedState(database.database);
  await state.agents.ensure([{ agentId: 'billing', name: 'Billing', type: 'invoices' }]);
  const hostId = newHostId();
  await state.hosts.join({ hostId, hostname: 'alpha', pid: 1, processKey: null, version: '1', labels: {}, capacity: 9, leaseMs: 600_000 });
  await state.hosts.claim(hostId, ['invoices'], 1);
  const name = { agentId: agentId('billing'), epoch: epoch(1) };
  const outcomes = ['succeeded', 'failed', null] as const;
  const runs = outcomes.map((outcome, n) => {
    const startedAt = Date.now() - 60_000 + n * 1_000;
    return {
      ...name,
      runId: newRunId(startedAt),
      runNumber: n + 1,
      trigger: n === 0 ? ('first' as const) : ('schedule' as const),
      scheduledFor: startedAt,
      startedAt,
      endedAt: outcome === null ? null : startedAt + 1_250,
      outcome,
      durationMs: outcome === null ? null : 1_250,
      error: outcome === 'failed' ? 'the printer is on \u001b[31mfire' : null,
      result: null,
      linesKept: 1,
      linesDropped: n === 1 ? 41 : 0,
    };
  });
  let seq = 0;
  const say = (message: string, level: 'info' | 'warn' = 'info', runId: string | null = null): Promise<unknown> => {
    const line = { ...name, seq: (seq += 1), at: Date.now(), runId, level, message, fields: '{"tray":2}' };
    return state.ledger.write(hostId, { runs: [], lines: [line] });
  };
  await state.ledger.write(hostId, { runs, lines: [] });
  await say('good morning');
  await say('no paper', 'warn', runs[1]?.runId);
  return { hostId, runs, say, options: { env: { DATABASE_URL: database.url } } };
}

describe('what an agent did, said, and where it ran', () => {
  it('is told for people and as JSON', async () => {
    await using database = await testDatabase();
    const { hostId, runs, options } = await seeded(database);
    const [shown, ran, history, said] = await Promise.all([
      muster.json<{ last_runs: object[]; last_moves: object[] }>(['agents', 'show', 'billing'], options),
      muster.json<{ items: object[] }>(['agents', 'runs', 'billing', '--outcome', 'failed'], options),
      muster.json<{ items: object[] }>(['agents', 'history', 'billing'], options),
      muster.run(['logs', '--agent', 'billing', '--json'], options),
    ]);
    expect(ran.items).toMatchObject([
      { run_id: runs[1]?.runId, outcome: 'failed', duration_ms: 1_250, scheduled_for: expect.stringMatching(/Z$/) },
    ]);
    expect(history.items).toMatchObject([
      { epoch: 1, host_id: hostId, hostname: 'alpha', status: 'held', released_at: null, reason: null },
    ]);
    expect(shown.last_runs).toHaveLength(3);
    expect(shown.last_moves).toEqual(history.items);
    const lines = said.stdout.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['good morning', 'no paper']);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      level: 'warn',
      run_id: runs[1]?.runId,
      fields: { tray: 2 },
      ts: expect.stringMatching(/Z$/),
    });

    const [people, found] = await Promise.all([
      muster.run(['agents', 'show', 'billing'], options),
      muster.run(['logs', '--level', 'warn', '--search', 'PAPER'], options),
    ]);
    expect(people.stdout).toMatch(/✗ failed +1\.25 s +schedule +alpha +1 of 42 +\S+ +the printer is on fire\n/);
    expect(people.stdout).toMatch(/◌ running +\S+ …/);
    expect(people.stdout).toMatch(/● alpha [0-9a-f]{4} .*\(epoch 1\)\n +came +first start: nobody had held it before/);
    expect(found.stdout).toMatch(/^\S+ warn {2}billing +no paper \{"tray":2\}\n$/);
  }, 180_000);

  it('is followed as it is said, each line once', async () => {
    await using database = await testDatabase();
    const { say, options } = await seeded(database);
    const following = muster.start(['logs', '--follow', '--last', '1', '--json'], options);
    await until('the past is told', () => following.stdout.includes('no paper'), 30_000);
    await say('toner low');
    await until('the new line is told', () => following.stdout.includes('toner low'), 30_000);
    await say('paper again');
    await until('so is the next', () => following.stdout.includes('paper again'), 30_000);
    const { stdout } = await following.stop();
    expect(stdout.split('\n').filter((line) => /toner low|no paper/.test(line))).toHaveLength(2);
  }, 180_000);

  it('refuses what it cannot narrow by, with what was meant', async () => {
    await using database = await testDatabase();
    const { options } = await seeded(database);
    const cases = [
      [['logs', '--level', 'warning'], /Use one of debug, info, warn, error\./],
      [['logs', '--level', 'eror'], /Did you mean error\?/],
      [['logs', '--run', 'the last one'], /See `muster agents runs <agent_id>`/],
      [['agents', 'runs', 'billing', '--outcome', 'fail'], /Did you mean failed\?/],
      [['agents', 'history', 'biling'], /Did you mean billing\?/],
    ] as const;
    const outcomes = await Promise.all(cases.map(([args]) => muster.run(args, options)));
    for (const [index, { code, stderr }] of outcomes.entries()) {
      expect([cases[index]?.[0], code]).not.toEqual([cases[index]?.[0], 0]);
      expect(stderr).toMatch(cases[index]?.[1] ?? /nothing/);
    }
  }, 180_000);
});
