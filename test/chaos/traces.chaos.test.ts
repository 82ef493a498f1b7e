import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, RunTree } from 'langsmith';
import { expect, test } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { findDataFolder } from '../../src/db/embedded/data-folder.ts';
import { startEmbedded } from '../../src/db/embedded/index.ts';
import { livingPostmaster } from '../../src/db/embedded/postmaster.ts';
import { migrate } from '../../src/db/migrate.ts';
import { sql } from '../../src/db/sql.ts';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { migrationSets } from '../../src/cli/runtime/parts.ts';
import { testFolder } from '../db/embedded/folder.ts';
import { testServer } from '../server/support/test-server.ts';

const FROZEN_MS = 15_000;
/** Python's SDK gives up after ten seconds. */
const MOST_WAIT_MS = 10_000;

/** The postmaster and all it has started. */
const processesOf = (postmaster: number): readonly number[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid = 0, parent]) => (pid === postmaster || parent === postmaster ? [pid] : []));

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
}

test('PostgreSQL hangs: clients hear so in time, and neither what they were promised nor what their SDK holds is lost or there twice', async () => {
  await using folder = await testFolder();
  const postgres = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger });
  {
    await using database = new PostgresAdapter({ url: postgres.url, poolMax: 2, poolMin: 0 });
    await migrate(database, migrationSets());
  }
  await using server = await testServer({ modules: [tracesModule], database: { url: postgres.url, poolMax: 10 } });
  const base = `${await server.listen()}/langsmith`;
  const key = await server.key('operator');
  const post = async (id: string, kilobytes: number) => {
    const run = {
      id,
      name: 'raw',
      run_type: 'llm',
      start_time: new Date().toISOString(),
      session_name: 'frozen',
      inputs: { text: 'x'.repeat(kilobytes * 1_000) },
    };
    const began = performance.now();
    const answer = await fetch(`${base}/runs/batch`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify({ post: [run] }),
    });
    await answer.body?.cancel();
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), ms: performance.now() - began };
  };
  expect((await post(randomUUID(), 1)).status).toBe(202);

  const postmaster = (await livingPostmaster(await findDataFolder(folder.dataDir)))?.pid;
  if (postmaster === undefined) throw new Error('there is no postmaster to freeze');
  const frozen = processesOf(postmaster);
  const promised: string[] = [];
  const held: string[] = [];
  const client = new Client({ apiUrl: base, apiKey: key });
  const answers: Awaited<ReturnType<typeof post>>[] = [];
  signal(frozen, 'SIGSTOP');
  try {
    const until = performance.now() + FROZEN_MS;
    for (let i = 0; i < 100; i += 1) {
      const run = new RunTree({ name: 'sdk', run_type: 'chain', inputs: { i }, project_name: 'frozen', client });
      await run.postRun();
      await run.end({ i });
      await run.patchRun();
      held.push(run.id);
    }
    const sender = async (kilobytes: number): Promise<void> => {
      while (performance.now() < until) {
        const id = randomUUID();
        const answer = await post(id, kilobytes);
        answers.push(answer);
        if (answer.status === 202) promised.push(id);
        else await sleep(Number(answer.retryAfter ?? 1) * 500);
      }
    };
    const senders = [...Array.from({ length: 8 }, () => 1), ...Array.from({ length: 4 }, () => 2_000)].map(sender);
    await sleep(FROZEN_MS);
    signal(frozen, 'SIGCONT');
    await Promise.all(senders);
  } finally {
    signal(frozen, 'SIGCONT');
  }
  await client.awaitPendingTraceBatches();

  expect(answers.filter(({ status }) => status !== 202 && status !== 503)).toEqual([]);
  expect(answers.filter(({ status, retryAfter }) => status === 503 && retryAfter === null)).toEqual([]);
  expect(answers.some(({ status }) => status === 503)).toBe(true);
  // A busy machine may delay a few.
  expect(answers.filter(({ ms }) => ms > MOST_WAIT_MS).length).toBeLessThan(answers.length / 4);
  const { rows } = await server.database.database.query<{ id: string; status: number }>(
    sql`select run_id as id, status from muster.trace_runs r join muster.trace_projects p using (project_no) where p.name = 'frozen'`,
  );
  const statusOf = new Map(rows.map(({ id, status }) => [id, status]));
  expect(statusOf.size).toBe(rows.length);
  expect(promised.filter((id) => !statusOf.has(id))).toEqual([]);
  expect(held.map((id) => statusOf.get(id))).toEqual(held.map(() => 1));
  // The service goes on as before.
  expect((await post(randomUUID(), 1)).status).toBe(202);
  await server.database.database.stop();
  await postgres.stop('fast');
}, 240_000);
