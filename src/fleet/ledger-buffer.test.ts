import { expect, test } from 'vitest';
import type { RunStart } from '../agent/run.ts';
import { VirtualClock } from '../agent/virtual-clock.ts';
import { MusterError } from '../base/errors.ts';
import { agentId, epoch, newHostId, newRunId } from '../base/ids.ts';
import { Backlog } from './backlog.ts';
import { LedgerBuffer, LogLane } from './ledger-buffer.ts';
import { LINES_A_RUN, LINES_AN_AGENT_A_SECOND } from './log-gate.ts';

const hostId = newHostId();
const fenceOf = (name: string) => ({ hostId, agentId: agentId(name), epoch: epoch(3) });

function buffered() {
  const clock = new VirtualClock();
  const buffer = new LedgerBuffer(clock);
  let number = 0;
  const begin = (name = 'sample_1'): RunStart => {
    number += 1;
    const run: RunStart = {
      runId: newRunId(clock.now()),
      runNumber: number,
      trigger: 'schedule',
      scheduledFor: clock.now(),
      startedAt: clock.now(),
    };
    buffer.began(fenceOf(name), run);
    return run;
  };
  const say = (lane: LogLane, run: RunStart | undefined, message: string, level: 'info' | 'warn' = 'info'): void =>
    buffer.line(lane, run?.runId, level, () => ({ level, message, fields: null }));
  return { clock, buffer, begin, say };
}

test('with nothing to tell there is nothing to write', async () => {
  const { clock, buffer, begin } = buffered();
  expect(buffer.take()).toBeUndefined();
  begin();
  await clock.advance(1_000);
  expect(buffer.take()).toBeUndefined();
});

test('a short run is written once, a long one while it goes on and at its end', async () => {
  const { clock, buffer, begin } = buffered();
  const long = begin();
  const short = begin('sample_2');
  buffer.ended(short, { kind: 'succeeded', result: { seen: 3, token: 'hush' }, durationMs: 12 });
  const first = buffer.take();
  expect(first?.runs).toMatchObject([
    {
      runId: short.runId,
      epoch: 3,
      outcome: 'succeeded',
      durationMs: 12,
      endedAt: short.startedAt + 12,
      result: '{"seen":3,"token":"[redacted]"}',
    },
  ]);
  await clock.advance(2_000);
  expect(buffer.take()?.runs).toMatchObject([{ runId: long.runId, outcome: null, endedAt: null }]);
  await clock.advance(60_000);
  expect(buffer.take()).toBeUndefined();
  buffer.ended(long, { kind: 'failed', error: new MusterError('AGENT_TIMEOUT', 'run took longer than 1m'), durationMs: 62_000 });
  expect(buffer.take()?.runs).toMatchObject([{ runId: long.runId, outcome: 'timed_out', error: 'run took longer than 1m' }]);
});

test('a flood costs its agent its lines and nobody else’s, and a line says so', async () => {
  const { clock, buffer, begin, say } = buffered();
  const [loud, quiet] = [new LogLane(fenceOf('loud')), new LogLane(fenceOf('quiet'))];
  const run = begin('loud');
  let made = 0;
  for (let n = 0; n < 100_000; n += 1) {
    buffer.line(loud, run.runId, 'info', () => {
      made += 1;
      return { level: 'info', message: `line ${n}`, fields: null };
    });
  }
  say(loud, run, 'and then it broke', 'warn');
  say(quiet, undefined, 'I am still here');
  expect(made).toBe(LINES_AN_AGENT_A_SECOND);
  buffer.ended(run, { kind: 'succeeded', result: undefined, durationMs: 900 });
  const batch = buffer.take();
  expect(batch?.runs).toMatchObject([
    { linesKept: LINES_AN_AGENT_A_SECOND + 1, linesDropped: 100_000 - LINES_AN_AGENT_A_SECOND, result: null },
  ]);
  const messages = batch?.lines.map((line) => line.message) ?? [];
  expect(messages).toContain('I am still here');
  expect(messages).toContain('and then it broke');
  expect(
    batch?.lines.filter((line) => line.message.startsWith(`${100_000 - LINES_AN_AGENT_A_SECOND} more lines were not kept`)),
  ).toMatchObject([{ runId: run.runId, level: 'warn', agentId: 'loud' }]);
  await clock.advance(1_000);
  say(loud, undefined, 'a second later');
  expect(buffer.take()?.lines.map((line) => line.message)).toEqual(['a second later']);
});

test('a run that never ends keeps its first lines', async () => {
  const { clock, buffer, begin, say } = buffered();
  const lane = new LogLane(fenceOf('sample_1'));
  const run = begin();
  let kept = 0;
  for (let second = 0; second < 10; second += 1) {
    for (let n = 0; n < 400; n += 1) say(lane, run, 'again');
    kept += (buffer.take()?.lines ?? []).filter((line) => line.message === 'again').length;
    await clock.advance(1_000);
  }
  expect(kept).toBe(LINES_A_RUN);
});

test('while the database is away memory is bounded: successes go first, failures stay', () => {
  const { buffer, begin } = buffered();
  for (let n = 0; n < 30_000; n += 1) {
    buffer.ended(
      begin(),
      n % 100 === 0 ? { kind: 'failed', error: new Error('no'), durationMs: 1 } : { kind: 'succeeded', result: n, durationMs: 1 },
    );
  }
  expect(buffer.runsWaiting).toBeLessThanOrEqual(20_000);
  expect(buffer.runsDropped).toBe(30_000 - buffer.runsWaiting);
  let failures = 0;
  for (let batch = buffer.take(); batch !== undefined; batch = buffer.take()) {
    expect(batch.runs.length).toBeLessThanOrEqual(2_000);
    failures += batch.runs.filter((run) => run.outcome === 'failed').length;
  }
  expect(failures).toBe(300);
});

test('a backlog is bounded by size too, and gives what is precious first', () => {
  const lost: string[] = [];
  const backlog = new Backlog<string>({ most: 100, mostSize: 1_000 }, (item) => lost.push(item));
  backlog.push('precious', 400, true);
  for (const item of ['one', 'two', 'three']) backlog.push(item, 400, false);
  expect(lost).toEqual(['one', 'two']);
  expect(backlog.take(10, 500)).toEqual(['precious']);
  expect(backlog.take(10, 1)).toEqual(['three']);
  expect(backlog.length).toBe(0);
});
