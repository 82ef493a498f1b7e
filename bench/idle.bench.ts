import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from './support/bench.ts';
import { MusterProcess } from './support/muster-process.ts';
import { processUse, treeCpuMs, treeUse, type ProcessUse } from './support/processes.ts';

const SETTLE_MS = 20_000;
const SAMPLE_MS = 1_000;
const MEGABYTE = 1_000_000;

/** What a fleet of the default agents costs while nobody looks: start-up is over, no page is open, no request comes. */
export const bench: Bench = {
  name: 'idle',
  title: 'the default agents at rest, dashboard closed',
  seconds: 120,
  figures: [
    { id: 'host-cpu', title: 'host process, CPU', bar: 3, unit: '% of a core', better: 'less' },
    { id: 'host-rss', title: 'host process, resident memory (most)', bar: 200, unit: 'MB', better: 'less' },
    { id: 'host-pss', title: 'host process, its share of memory (most)', unit: 'MB', better: 'less' },
    { id: 'postgres-cpu', title: 'embedded PostgreSQL, CPU', unit: '% of a core', better: 'less' },
    { id: 'postgres-pss', title: 'embedded PostgreSQL, its share of memory (most)', unit: 'MB', better: 'less' },
  ],
  async run(ctx) {
    const muster = await MusterProcess.start({
      command: [join(ctx.root, 'muster')],
      cwd: ctx.root,
      dataDir: join(ctx.folder, 'data'),
      output: join(ctx.folder, 'muster.out'),
      signal: ctx.signal,
    });
    try {
      await muster.firstHeartbeat(60_000);
      const postmaster = await muster.postmaster();
      await delay(SETTLE_MS, undefined, { signal: ctx.signal });

      const before = { host: alive(muster.pid), postgres: treeCpuMs(postmaster) };
      const began = performance.now();
      const rss: number[] = [];
      const pss: number[] = [];
      const postgresPss: number[] = [];
      while (performance.now() - began < ctx.seconds * 1000) {
        await delay(SAMPLE_MS, undefined, { signal: ctx.signal });
        const host = alive(muster.pid);
        rss.push(host.rssBytes / MEGABYTE);
        pss.push((host.pssBytes ?? Number.NaN) / MEGABYTE);
        postgresPss.push(sum(treeUse(postmaster), ({ pssBytes }) => pssBytes ?? Number.NaN) / MEGABYTE);
        ctx.progress(`${Math.round((performance.now() - began) / 1000)} of ${ctx.seconds} s`);
      }
      const passed = performance.now() - began;
      const hostCpu = alive(muster.pid).cpuMs - before.host.cpuMs;
      return [
        { figure: 'host-cpu', value: (100 * hostCpu) / passed, detail: { cpu_ms: hostCpu, wall_ms: Math.round(passed) } },
        { figure: 'host-rss', value: Math.max(...rss), raw: rss },
        { figure: 'host-pss', value: Math.max(...pss), raw: pss },
        { figure: 'postgres-cpu', value: (100 * (treeCpuMs(postmaster) - before.postgres)) / passed },
        { figure: 'postgres-pss', value: Math.max(...postgresPss), raw: postgresPss },
      ];
    } finally {
      await muster.stop();
    }
  },
};

function alive(pid: number): ProcessUse {
  const use = processUse(pid);
  if (use === undefined) throw new Error('./muster ended during the measurement');
  return use;
}

const sum = <T>(items: readonly T[], value: (item: T) => number): number => items.reduce((total, item) => total + value(item), 0);
