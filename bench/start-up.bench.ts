import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench, BenchContext, Measurement } from './support/bench.ts';
import { MusterProcess } from './support/muster-process.ts';
import { quantile } from './support/percentiles.ts';

/** What one round of the same steps takes here; `--seconds` chooses the number of rounds. */
const ROUND_SECONDS = 12;

/** From the command to the first heartbeat that the API shows, in the ways in which a start can find the machine. */
export const bench: Bench = {
  name: 'start-up',
  title: '`muster up` to the first heartbeat visible in the API',
  seconds: 5 * ROUND_SECONDS,
  figures: [
    { id: 'empty-data-folder', title: 'installed, empty data folder (worst)', bar: 4, unit: 's', better: 'less' },
    { id: 'after-clean-stop', title: 'again after a clean stop (worst)', bar: 2, unit: 's', better: 'less' },
    { id: 'after-kill', title: 'again after kill -9 of everything (worst)', bar: 8, unit: 's', better: 'less' },
    { id: 'fresh-clone', title: 'fresh clone, empty home, install included', bar: 60, unit: 's', better: 'less' },
  ],
  async run(ctx) {
    const rounds = Math.max(1, Math.round(ctx.seconds / ROUND_SECONDS));
    const seconds = { empty: [] as number[], stopped: [] as number[], killed: [] as number[] };
    for (let round = 1; round <= rounds; round++) {
      ctx.progress(`round ${round} of ${rounds}`);
      const dataDir = join(ctx.folder, `data-${round}`);
      seconds.empty.push(await timeStart(ctx, dataDir, async (muster) => muster.stop()));
      seconds.stopped.push(await timeStart(ctx, dataDir, async (muster) => muster.killEverything()));
      seconds.killed.push(await timeStart(ctx, dataDir, async (muster) => muster.stop()));
    }
    ctx.progress('fresh clone');
    const clone = await timeFreshClone(ctx);
    return [
      worst('empty-data-folder', seconds.empty),
      worst('after-clean-stop', seconds.stopped),
      worst('after-kill', seconds.killed),
      { figure: 'fresh-clone', value: clone },
    ];
  },
};

const worst = (figure: string, raw: readonly number[]): Measurement => ({
  figure,
  value: quantile(raw, 1),
  raw,
  detail: { median: quantile(raw, 0.5) },
});

/** Seconds to the first heartbeat; then ends the process in the given way. */
async function timeStart(ctx: BenchContext, dataDir: string, end: (muster: MusterProcess) => Promise<unknown>): Promise<number> {
  const muster = await MusterProcess.start({
    command: [join(ctx.root, 'muster')],
    cwd: ctx.root,
    dataDir,
    output: join(ctx.folder, 'muster.out'),
    signal: ctx.signal,
  });
  try {
    return (await muster.firstHeartbeat(60_000)) / 1000;
  } finally {
    await end(muster);
  }
}

/** Clones what is committed and starts it with an empty home: npm has no cache, nothing is built. Cloning itself is not counted. */
async function timeFreshClone(ctx: BenchContext): Promise<number> {
  const checkout = join(ctx.folder, 'a newcomer', 'muster');
  const home = join(ctx.folder, 'home');
  await mkdir(home);
  execFileSync('git', ['clone', '--quiet', ctx.root, checkout]);
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const muster = await MusterProcess.start({
    command: [join(checkout, 'muster')],
    cwd: checkout,
    dataDir: join(ctx.folder, 'data-clone'),
    output: join(ctx.folder, 'clone.out'),
    signal: ctx.signal,
    env: { HOME: home, npm_config_registry: registry, npm_config_cache: join(home, '.npm') },
  });
  try {
    return (await muster.firstHeartbeat(300_000)) / 1000;
  } finally {
    await muster.stop();
  }
}
