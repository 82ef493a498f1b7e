import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { startEmbedded } from '../../src/db/embedded/index.ts';
import { sql } from '../../src/db/sql.ts';
import type { BenchContext } from '../support/bench.ts';
import { freePort, MusterProcess } from '../support/muster-process.ts';
import type { Part } from './part.ts';
import { KEY } from './stage.ts';
import type { Acknowledged, SdkSending } from './survival-client.ts';

const RUNS = 10_000;
const PER_SECOND = 250;
const START_MS = 180_000;

/** The unmodified SDK sends while its server is killed twice and the database crashes once: what it was told is kept must be there, once. */
export const survival: Part = {
  name: 'survival',
  figures: [
    {
      id: 'survival-lost',
      title: 'acknowledged to the SDK and lost, of 10,000, with two kill -9 and a crash of the database',
      unit: 'runs',
      bar: 0,
      better: 'less',
    },
    { id: 'survival-twice', title: 'there more than once', unit: 'runs', bar: 0, better: 'less' },
    { id: 'survival-dropped', title: 'given up by the SDK before it was acknowledged', unit: 'runs', better: 'less' },
  ],
  async run(ctx, scale) {
    const runs = Math.max(2_000, Math.round(RUNS * Math.min(1, scale * 10)));
    const dataDir = join(ctx.folder, 'survival-database');
    let postgres = await startEmbedded({ dataDir, log: ctx.log });
    ctx.defer(() => postgres.stop('fast'));
    const { url } = postgres;
    const port = await freePort();
    const start = (): Promise<MusterProcess> =>
      MusterProcess.start({
        command: [join(ctx.root, 'muster')],
        cwd: ctx.root,
        dataDir: join(ctx.folder, 'survival-muster'),
        output: join(ctx.folder, 'survival.out'),
        signal: ctx.signal,
        port,
        env: { DATABASE_URL: url },
      });
    let muster = await start();
    ctx.defer(() => muster.stop());
    await muster.firstHeartbeat(START_MS);

    const output = join(ctx.folder, 'acknowledged.json');
    const client = sendWithSdk(ctx, { apiUrl: `http://127.0.0.1:${port}/langsmith`, key: KEY, runs, perSecond: PER_SECOND, output });
    const pauseMs = (runs / PER_SECOND / 4) * 1_000;
    const kill = async (): Promise<void> => {
      await delay(pauseMs, undefined, { signal: ctx.signal });
      await muster.kill();
      muster = await start();
      await muster.firstHeartbeat(START_MS);
    };
    await kill();
    await delay(pauseMs / 2, undefined, { signal: ctx.signal });
    await postgres.stop('immediate');
    postgres = await startEmbedded({ dataDir, log: ctx.log });
    await kill();
    await client;
    const { created, begun, ended } = JSON.parse(await readFile(output, 'utf8')) as Acknowledged;
    if (begun.length < created / 2) throw new Error(`only ${begun.length} of ${created} runs were acknowledged: nothing is proved`);
    await using database = new PostgresAdapter({ url, poolMax: 2, poolMin: 0 });
    const row = await database.one<{ lost: number; open: number; twice: number; there: number }>(sql`
      select (select count(*)::int from unnest(${begun}::uuid[]) as told(id) where not exists (select from muster.trace_runs where run_id = id)) as lost,
        (select count(*)::int from unnest(${ended}::uuid[]) as told(id)
          where not exists (select from muster.trace_runs where run_id = id and end_time is not null)
            and not exists (select from muster.trace_orphans where run_id = id)) as open,
        (select count(*)::int from (select run_id from muster.trace_runs group by run_id having count(*) > 1) d) as twice,
        (select count(*)::int from muster.trace_runs) as there`);
    return [
      {
        figure: 'survival-lost',
        value: (row?.lost ?? 0) + (row?.open ?? 0),
        detail: { created, begun: begun.length, ended: ended.length, there: row?.there },
      },
      { figure: 'survival-twice', value: row?.twice ?? 0 },
      { figure: 'survival-dropped', value: created - begun.length },
    ];
  },
};

async function sendWithSdk(ctx: BenchContext, sending: SdkSending): Promise<void> {
  const script = fileURLToPath(new URL('survival-client.js', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(sending)], { stdio: ['ignore', 'ignore', 'ignore'], signal: ctx.signal });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the client ended with ${code}`);
}
