import { expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { MusterError } from '../../../base/errors.ts';
import { silentLogger } from '../../../base/logger.ts';
import type { Submission } from '../intake/intake.ts';
import type { RunOperation } from '../run/operation.ts';
import { RunLog } from './run-log.ts';

const run = (runId: string, inputs = ''): RunOperation => ({ kind: 'post', runId, inputs });

/** A database that is away until it is let. */
class Away {
  readonly written: string[] = [];
  isAway = false;
  calls = 0;
  async submit({ operations }: Submission): Promise<{ refused: number }> {
    this.calls += 1;
    if (this.isAway) throw new MusterError('DATABASE_UNREACHABLE', 'away');
    this.written.push(...operations.map(({ runId }) => runId));
    return { refused: 0 };
  }
}

it('keeps what cannot be written, and writes it in order when it can', async () => {
  const intake = new Away();
  intake.isAway = true;
  const log = new RunLog({ intake, log: silentLogger, pauseMs: 5 });
  for (const name of ['a', 'b', 'c']) log.add(run(name), null);
  await until('it tried again', () => intake.calls > 3);
  expect(log.counts).toMatchObject({ waiting: 3, written: 0, lost: 0 });
  intake.isAway = false;
  await until('all are written', () => log.counts.written === 3);
  expect(intake.written.toSorted()).toEqual(['a', 'b', 'c']);
  await log.stop();
});

it('loses what does not fit, and counts it', async () => {
  const intake = new Away();
  intake.isAway = true;
  const log = new RunLog({ intake, log: silentLogger, pauseMs: 5, mostRuns: 2, mostBytes: 4_000 });
  log.add(run('a'), null);
  log.add(run('large', 'x'.repeat(5_000)), null);
  await until('it waits again', () => log.counts.waiting === 1);
  expect(log.counts.lost).toBe(1);
  intake.isAway = false;
  await log.stop();
  expect([intake.written, log.counts.waiting]).toEqual([['a'], 0]);
});

it('gives up what fails for a reason of its own, so that it does not hold up the rest', async () => {
  const written: string[] = [];
  const log = new RunLog({
    intake: {
      submit: async ({ operations }) => {
        if (operations.some(({ runId }) => runId === 'poison')) throw new Error('a bug');
        written.push(...operations.map(({ runId }) => runId));
        return { refused: 0 };
      },
    },
    log: silentLogger,
    pauseMs: 1,
  });
  log.add(run('poison'), null);
  await until('it is given up', () => log.counts.lost === 1);
  log.add(run('well'), null);
  await until('the next is written', () => log.counts.written === 1);
  expect(written).toEqual(['well']);
  await log.stop();
});

it('writes together what the same key may write, and nothing else', async () => {
  const seen: (readonly [readonly string[] | null, number])[] = [];
  const mine = ['p'];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const log = new RunLog({
    intake: {
      submit: async ({ mayWrite, operations }) => {
        seen.push([mayWrite, operations.length]);
        await held;
        return { refused: 0 };
      },
    },
    log: silentLogger,
  });
  for (let i = 0; i < 8; i++) log.add(run(`first ${i}`), null);
  for (let i = 0; i < 3; i++) log.add(run(`mine ${i}`), mine);
  log.add(run('other'), null);
  release();
  await until('all are written', () => log.counts.written === 12);
  expect(seen).toEqual([
    [null, 8],
    [mine, 3],
    [null, 1],
  ]);
  await log.stop();
});

it('lets whoever waits for an answer through between submissions', async () => {
  let turn = 0;
  const count = (): void => {
    turn += 1;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  const seen: (readonly [number, number])[] = [];
  const log = new RunLog({
    intake: {
      submit: async ({ operations }) => {
        seen.push([turn, operations.length]);
        return { refused: 0 };
      },
    },
    log: silentLogger,
    gatherMs: 1,
  });
  for (let i = 0; i < 25; i++) log.add(run(`${i}`), null);
  await until('all are written', () => log.counts.written === 25);
  clearImmediate(counting);
  expect(seen.map(([, runs]) => runs)).toEqual([10, 10, 5]);
  expect(new Set(seen.map(([at]) => at)).size).toBe(3);
  await log.stop();
});
