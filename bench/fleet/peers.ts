import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import type { BenchContext, Measurement } from '../support/bench.ts';
import { median } from '../support/percentiles.ts';
import { EFFECT_SETTINGS } from './effects.ts';
import { Rotation } from './rotation.ts';
import { scaled, type Scenario } from './scenario.ts';

const run = promisify(execFile);
const JOBS = 50;
const WITHIN_MS = 60_000;

interface Peer {
  readonly name: 'graphile-worker' | 'pg-boss' | 'openworkflow';
  readonly settings: string;
  /** Where it takes longer than ten minutes: what its source or documentation says, seconds. */
  readonly documentedSeconds?: number;
  readonly rounds: number;
}

const PEERS: readonly Peer[] = [
  {
    name: 'pg-boss',
    rounds: 5,
    settings: 'expireInSeconds 1 (a job that runs longer is run twice), maintenanceIntervalSeconds 1, retryDelay 0',
  },
  { name: 'openworkflow', rounds: 3, settings: 'its lease of 30 s is a constant' },
  { name: 'graphile-worker', rounds: 0, documentedSeconds: 4 * 3_600, settings: 'locks count as left behind after four hours, a constant' },
];
const KILLS = 5;

/** The same death, the same fifty jobs: how long until others have them, where the peer notices as soon as its settings allow. */
export const peers: Scenario = {
  name: 'peers',
  figures: [
    { id: 'peer-muster', title: 'kill -9 beside the peers: all 50 agents run elsewhere, median', unit: 's', better: 'less' },
    { id: 'peer-pg-boss', title: 'the same with pg-boss 10, as a multiple', bar: 1, unit: 'ratio', better: 'more' },
    { id: 'peer-openworkflow', title: 'the same with openworkflow 0.10, as a multiple', bar: 1, unit: 'ratio', better: 'more' },
    {
      id: 'peer-graphile-worker',
      title: 'the same with graphile-worker 0.17 (as documented), as a multiple',
      bar: 1,
      unit: 'ratio',
      better: 'more',
    },
  ],
  async run(ctx, scale) {
    await install(ctx);
    const rotation = await Rotation.start(ctx, { agents: JOBS });
    const muster: number[] = [];
    const seconds = new Map<string, number[]>();
    for (let round = 0; round < scaled(KILLS, scale, 2); round += 1) {
      const { agentsMs } = await rotation.moveAway(({ host }) => host.signal('SIGKILL'), 'new process');
      muster.push(Math.max(...agentsMs) / 1_000);
      for (const peer of PEERS) {
        if (round >= scaled(peer.rounds, scale, 1)) continue;
        ctx.progress(`peers: ${peer.name}, round ${round + 1}`);
        seconds.set(peer.name, [...(seconds.get(peer.name) ?? []), await killOf(ctx, peer)]);
      }
    }
    await rotation.end();
    const own = median(muster);
    return [
      { figure: 'peer-muster', value: own, raw: muster },
      ...PEERS.map((peer): Measurement => {
        const raw = seconds.get(peer.name);
        const value = raw === undefined ? peer.documentedSeconds : median(raw);
        return {
          figure: `peer-${peer.name}`,
          value: (value ?? Number.NaN) / own,
          ...(raw === undefined ? {} : { raw }),
          detail: { seconds: value, from: raw === undefined ? 'documented' : 'measured', settings: peer.settings },
        };
      }),
    ];
  },
};

/** The peers have a lockfile of their own: who does not run this need not have them. */
async function install(ctx: BenchContext): Promise<void> {
  const folder = join(ctx.root, 'bench', 'peers');
  if (existsSync(join(folder, 'node_modules', '.package-lock.json'))) return;
  ctx.progress('peers: installing them');
  await run('npm', ['ci', '--no-audit', '--no-fund', '--prefix', folder]);
}

/** Seconds from the SIGKILL of the worker that has all jobs until another one had begun each of them. */
async function killOf(ctx: BenchContext, peer: Peer): Promise<number> {
  await ctx.server({ settings: EFFECT_SETTINGS });
  const { database, url } = await ctx.database({ migrate: false, poolMax: 2 });
  await database.query(sql`create table public.peer_effects (peer text, job text, pid int)`);
  const program = join(ctx.root, 'bench', 'peers', 'worker.mjs');
  await run(process.execPath, [program, peer.name, url, 'enqueue', String(JOBS)]);
  const start = async (): Promise<ChildProcess> => {
    const worker = spawn(process.execPath, [program, peer.name, url], { stdio: ['ignore', 'pipe', 'ignore'] });
    ctx.defer(() => void worker.kill('SIGKILL'));
    if (worker.stdout !== null) await once(worker.stdout, 'data');
    return worker;
  };
  const first = await start();
  await begunBy(ctx, database, first);
  const second = await start();
  await begunBy(ctx, database, first);
  const at = Date.now();
  first.kill('SIGKILL');
  const begun = await begunBy(ctx, database, second, at);
  second.kill('SIGKILL');
  return (Math.max(...begun) - at) / 1_000;
}

/** When each job was first begun by this worker after `since`, once all of them were. */
async function begunBy(ctx: BenchContext, database: Database, worker: ChildProcess, since = 0): Promise<readonly number[]> {
  const until = performance.now() + WITHIN_MS;
  for (;;) {
    const { rows } = await database.query<{ at: number }>(sql`
      select min(at)::float8 as at from (
        select job, extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000 as at from public.peer_effects where pid = ${worker.pid}
      ) begun where at >= ${since} group by job`);
    if (rows.length >= JOBS) return rows.map(({ at }) => at);
    if (performance.now() > until) throw new Error(`within ${WITHIN_MS} ms the worker had begun ${rows.length} of ${JOBS} jobs`);
    await delay(20, undefined, { signal: ctx.signal });
  }
}
