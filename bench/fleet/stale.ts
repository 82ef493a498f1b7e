import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import { createSharedState } from '../../src/state/create-shared-state.ts';
import { startProxy, throughProxy, type Proxy } from '../../test/support/proxy.ts';
import type { BenchContext } from '../support/bench.ts';
import { judgeHistory, type Acknowledged } from '../support/history.ts';
import { createEffects, EFFECT_SETTINGS, readAcquisitions, readEffects } from './effects.ts';
import { scaled, type Scenario } from './scenario.ts';

const HOSTS = 6;
const AGENTS = 24;
const FAULTS = 500;
/** Hosts in trouble at once. */
const MOST_AT_ONCE = 3;
const BEAT_MS = 250;
const LEASE_MS = 1_000;
const PROGRAM = fileURLToPath(new URL('./fenced-host.js', import.meta.url));

interface Site {
  readonly child: ChildProcess;
  readonly proxy: Proxy;
  readonly journal: string;
}

/** Hosts that freeze and lose their network again and again while their agents write as fast as they can. */
export const stale: Scenario = {
  name: 'stale',
  figures: [
    {
      id: 'stale-writes',
      title: `stale writes accepted, over ${FAULTS} freezes and partitions (lease 1 s)`,
      bar: 0,
      unit: 'writes',
      better: 'less',
    },
    {
      id: 'overlaps',
      title: 'effects of two holders of one agent that overlap, by the order of commits',
      bar: 0,
      unit: 'effects',
      better: 'less',
    },
    { id: 'lost-writes', title: 'writes acknowledged and not there', bar: 0, unit: 'writes', better: 'less' },
    {
      id: 'stale-refused',
      title: 'stale writes tried, past the host’s own clock, and refused by the database',
      unit: 'writes',
      better: 'more',
    },
    { id: 'faults', title: 'freezes and partitions of hosts with agents', unit: 'faults', better: 'more' },
  ],
  async run(ctx, scale) {
    await ctx.server({ settings: EFFECT_SETTINGS });
    const { database, url } = await ctx.database({ poolMax: 8 });
    await createEffects(database);
    const { agents } = createSharedState(database);
    const sites = await Promise.all(Array.from({ length: HOSTS }, (_, n) => startSite(ctx, database, url, n)));
    for (const { child } of sites) await liveHost(ctx, database, child);
    await agents.ensure(Array.from({ length: AGENTS }, (_, n) => ({ agentId: `scribe_${n}`, name: `Scribe ${n}`, type: 'scribe' })));

    const faults = await makeTrouble(ctx, database, sites, scaled(FAULTS, scale, 10));
    for (const { child } of sites) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    ctx.say('  stale: judging what was written');
    const said = (await Promise.all(sites.map(({ journal }) => readFile(journal, 'utf8')))).flatMap((text) => text.split('\n'));
    const effects = await readEffects(database);
    const acquisitions = await readAcquisitions(database);
    const { stale: late, impostors, overlapping, missing } = judgeHistory({ effects, acquisitions, acknowledged: lastWritten(said) });
    const count = (word: string): number => said.filter((line) => line.startsWith(word)).length;
    return [
      {
        figure: 'stale-writes',
        value: late.length + impostors.length,
        detail: {
          effects: effects.length,
          take_overs: acquisitions.length,
          hosts: HOSTS,
          agents: AGENTS,
          lease_ms: LEASE_MS,
          beat_ms: BEAT_MS,
        },
      },
      { figure: 'overlaps', value: overlapping.length },
      { figure: 'lost-writes', value: missing.length, detail: { acknowledged: count('written') } },
      { figure: 'stale-refused', value: count('refused'), detail: { withheld_by_the_host: count('withheld') } },
      { figure: 'faults', value: faults.frozen + faults.partitioned, detail: { ...faults } },
    ];
  },
};

async function startSite(
  ctx: BenchContext,
  database: Database & { readonly connection: { readonly host: string; readonly port: number } },
  url: string,
  n: number,
): Promise<Site> {
  const proxy = await startProxy(database.connection);
  const journal = join(ctx.folder, `journal-${n}`);
  const child = spawn(
    process.execPath,
    [PROGRAM, throughProxy(url, proxy), journal, String(BEAT_MS), String(LEASE_MS), join(ctx.folder, 'fenced-hosts.log')],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  ctx.defer(async () => proxy[Symbol.asyncDispose]());
  ctx.defer(() => {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
  });
  return { child, proxy, journal };
}

/** The id under which it is live, waited for. */
async function liveHost(ctx: BenchContext, database: Database, child: ChildProcess): Promise<string> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`a host ended with ${child.exitCode}; see ${ctx.folder}`);
    const row = await database.one<{ id: string }>(
      sql`select host_id::text as id from muster.hosts where pid = ${child.pid} and status = 'live' order by started_at desc limit 1`,
    );
    if (row !== undefined) return row.id;
    await delay(50, undefined, { signal: ctx.signal });
  }
}

/** Each host for itself: it works a while, is frozen or cut off for longer than its lease, and comes back. */
async function makeTrouble(ctx: BenchContext, database: Database, sites: readonly Site[], wanted: number) {
  const done = { frozen: 0, partitioned: 0 };
  let [begun, inTrouble] = [0, 0];
  const trouble = async ({ child, proxy }: Site): Promise<void> => {
    while (begun < wanted) {
      await delay(500 + Math.random() * 1_000, undefined, { signal: ctx.signal });
      const id = await liveHost(ctx, database, child);
      const row = await database.one<{ agents: number }>(
        sql`select count(*)::int as agents from muster.agent_leases where host_id = ${id}::uuid`,
      );
      if ((row?.agents ?? 0) === 0 || inTrouble >= MOST_AT_ONCE || begun >= wanted) continue;
      inTrouble += 1;
      const kind = begun % 2 === 0 ? 'frozen' : 'partitioned';
      begun += 1;
      if (kind === 'frozen') child.kill('SIGSTOP');
      else proxy.blackHole();
      await delay(LEASE_MS + 200 + Math.random() * 1_000, undefined, { signal: ctx.signal });
      if (kind === 'frozen') child.kill('SIGCONT');
      else proxy.heal();
      inTrouble -= 1;
      done[kind] += 1;
      const sum = done.frozen + done.partitioned;
      ctx.progress(`stale: ${sum} of ${wanted} freezes and partitions`);
      if (sum % 50 === 0) ctx.say(`  stale: ${sum} of ${wanted} freezes and partitions`);
    }
  };
  await Promise.all(sites.map(trouble));
  return done;
}

/** Of each agent and epoch the last write that was acknowledged. */
function lastWritten(lines: readonly string[]): readonly Acknowledged[] {
  const last = new Map<string, Acknowledged>();
  for (const line of lines) {
    const [word, agent = '', epoch, seq] = line.split(' ');
    if (word === 'written') last.set(`${agent} ${epoch}`, { agent, epoch: Number(epoch), seq: Number(seq) });
  }
  return [...last.values()];
}
