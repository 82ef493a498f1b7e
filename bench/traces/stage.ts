import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PostgresAdapter } from '../../src/db/adapter.ts';
import { sql } from '../../src/db/sql.ts';
import type { BenchContext } from '../support/bench.ts';
import { MusterProcess } from '../support/muster-process.ts';
import { treeCpuMs } from '../support/processes.ts';
import type { Sending, Sent } from './sender.ts';

/** A checkout that has changed is built first. */
const START_MS = 180_000;

export const KEY = 'a-key-for-benchmarks';

/** A `./muster up` as it ships, on a database of its own. */
export interface Stage {
  readonly muster: MusterProcess;
  readonly database: PostgresAdapter;
  readonly url: string;
  readonly base: string;
  /** What Muster's processes and PostgreSQL's have used since they began, ms; no number where another server of PostgreSQL is used. */
  readonly cpuMs: () => { readonly server: number; readonly postgres: number };
}

export async function openStage(ctx: BenchContext, name: string, env: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const { database, url } = await ctx.database({ migrate: false, poolMax: 8 });
  const muster = await MusterProcess.start({
    command: [join(ctx.root, 'muster')],
    cwd: ctx.root,
    dataDir: join(ctx.folder, `muster-${name}`),
    output: join(ctx.folder, `muster-${name}.out`),
    signal: ctx.signal,
    env: { DATABASE_URL: url, MUSTER_ALLOWED_NETWORKS: '127.0.0.0/8', ...env },
  });
  ctx.defer(() => muster.stop());
  await muster.firstHeartbeat(START_MS);
  const postmaster = (await ctx.server()).embedded?.pid;
  return {
    muster,
    database,
    url,
    base: `http://127.0.0.1:${muster.port}`,
    cpuMs: () => ({ server: treeCpuMs(muster.pid), postgres: postmaster === undefined ? Number.NaN : treeCpuMs(postmaster) }),
  };
}

export async function countRuns({ database }: Stage): Promise<number> {
  return (await database.one<{ n: number }>(sql`select count(*) as n from muster.trace_runs`))?.n ?? 0;
}

/** Sends from a process of its own. */
export async function sendFrom(ctx: BenchContext, sending: Sending): Promise<Sent> {
  const script = fileURLToPath(new URL('sender.js', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(sending)], { stdio: ['ignore', 'pipe', 'inherit'], signal: ctx.signal });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the sender ended with ${code}`);
  return JSON.parse(text) as Sent;
}
