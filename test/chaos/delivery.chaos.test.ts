import { expect, test } from 'vitest';
import { migrationSets } from '../../src/cli/runtime/parts.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import type { Database } from '../../src/db/database.ts';
import { startEmbedded } from '../../src/db/embedded/index.ts';
import { migrate } from '../../src/db/migrate.ts';
import { sql } from '../../src/db/sql.ts';
import { createChannelStore, requireType } from '../../src/modules/alerting/delivery/channel-store.ts';
import { createSharedState } from '../../src/state/create-shared-state.ts';
import { answering, Receiver, type Received } from '../alerting/support/receiver.ts';
import { testFolder } from '../db/embedded/folder.ts';
import { spawnModule, type Child } from '../support/child.ts';
import { until } from '../support/until.ts';
import { CHAOS_MS } from './support/timing.ts';

/** 10,000 alerts and 100 kills where CHAOS_SECONDS asks for 120 or more. */
const LONG = CHAOS_MS >= 120_000;
const ALERTS = LONG ? 10_000 : 400;
const KILLS_A_POINT = LONG ? 20 : 2;
const POINTS = ['before insert', 'after insert', 'before send', 'after send', 'during back-off'] as const;

const HOST = new URL('support/delivery-host.ts', import.meta.url);
const WRITER = new URL('support/alert-writer.ts', import.meta.url);

/** Until it is gone by itself, killed from within. */
async function untilDead(child: Child, what: string): Promise<void> {
  await until(what, () => child.process.signalCode !== null || child.process.exitCode !== null, 120_000);
}

test(
  'whoever is killed wherever, no message is lost, and none comes twice but those under way at a kill, under the same id',
  async () => {
    await using folder = await testFolder();
    let server = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger });
    await using database = new PostgresAdapter({ url: server.url, poolMax: 4, poolMin: 0 });
    await migrate(database, migrationSets());
    await database.query(sql`create table public.transitions (alert_id uuid primary key)`);
    const state = createSharedState(database);
    await state.agents.ensure([{ agentId: 'alert_delivery', name: 'Alert delivery', type: 'alert_delivery' }]);
    await using receiver = await new Receiver().start();
    const webhook = requireType('webhook');
    const settings = webhook.settings.parse({ url: receiver.url, secret: 'chaos' });
    await createChannelStore(database, state.secrets).add({ name: 'ops', type: webhook, settings, createdBy: 'test' });
    receiver.always = moody();

    let kills = 0;
    let host = await startHost(server.url);
    const writers: Child[] = [];
    try {
      for (let round = 0; round < KILLS_A_POINT; round += 1) {
        for (const point of POINTS) {
          const most = Math.round(((kills + 1) / (KILLS_A_POINT * POINTS.length)) * ALERTS);
          const nth = String(1 + Math.floor(Math.random() * 10));
          if (point === 'before insert' || point === 'after insert') {
            const doomed = spawnModule(WRITER, [server.url, String(ALERTS * 2), point, nth]);
            writers.push(doomed);
            await untilDead(doomed, 'the writer is killed');
            expect(doomed.process.signalCode).toBe('SIGKILL');
          } else if (point === 'during back-off') {
            receiver.always = answering(500);
            await write(server.url, most, writers);
            await until('messages wait to be tried again', async () => (await waiting(database)) > 0, 60_000);
            await host.kill('SIGKILL');
            receiver.always = moody();
            host = await startHost(server.url);
          } else {
            await host.kill('SIGKILL');
            host = await startHost(server.url, point, nth);
            await Promise.all([write(server.url, most, writers), untilDead(host, 'the host is killed')]);
            expect(host.process.signalCode).toBe('SIGKILL');
            host = await startHost(server.url);
          }
          kills += 1;
        }
        if (round === 0) {
          // A receiver that is gone for a while, and a server that crashes.
          await receiver.stop();
          await write(server.url, Math.round((kills / (KILLS_A_POINT * POINTS.length)) * ALERTS) + 20, writers);
          await server.stop('immediate');
          server = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger });
          await receiver.start();
        }
      }
      await write(server.url, ALERTS, writers);
      receiver.always = answering(200);
      await until('nothing waits any more', async () => (await open(database)) === 0, 300_000);
    } finally {
      await host[Symbol.asyncDispose]();
      for (const writer of writers) await writer[Symbol.asyncDispose]();
    }

    const { rows } = await database.query<{ id: string; cut_off: number }>(sql`
      select n.notification_id as id,
        (select count(*) from muster.notification_attempts a where a.notification_id = n.notification_id and a.outcome is null)::int as cut_off
      from public.transitions t left join muster.notifications n using (alert_id)`);
    const times = new Map<string, number>();
    for (const id of receiver.accepted) times.set(id, (times.get(id) ?? 0) + 1);
    const lost = rows.filter(({ id }) => !times.has(id));
    const untold = [...times.keys()].filter((id) => !rows.some((row) => row.id === id));
    const duplicates = rows.filter(({ id }) => (times.get(id) ?? 0) > 1);
    expect(rows.length).toBeGreaterThanOrEqual(ALERTS);
    expect(kills).toBe(KILLS_A_POINT * POINTS.length);
    expect({ lost, untold }).toEqual({ lost: [], untold: [] });
    // One that came again was under way when somebody was killed: its ledger has attempts that were cut off.
    expect(duplicates.filter(({ cut_off: cut, id }) => (times.get(id) ?? 0) - 1 > cut)).toEqual([]);
    process.stderr.write(`chaos: ${rows.length} messages, ${kills} kills, ${lost.length} lost, ${duplicates.length} came again\n`);
    await database.stop();
    await server.stop('fast');
  },
  LONG ? 1_800_000 : 300_000,
);

/** Now and then an error, a wait or a broken connection. */
function moody(): Receiver['always'] {
  return (received: Received, response) => {
    const mood = Math.random();
    if (mood < 0.02) answering(503)(received, response);
    else if (mood < 0.03) answering(429, { 'retry-after': '0.2' })(received, response);
    else if (mood < 0.04) response.destroy();
    else answering(200)(received, response);
  };
}

async function startHost(url: string, ...point: readonly string[]): Promise<Child> {
  const child = spawnModule(HOST, [url, ...point]);
  await child.line();
  return child;
}

async function write(url: string, most: number, writers: Child[]): Promise<void> {
  const writer = spawnModule(WRITER, [url, String(most)]);
  writers.push(writer);
  await writer.exited;
  expect(writer.process.exitCode).toBe(0);
}

const waiting = async (database: Database): Promise<number> =>
  (
    await database.one<{ n: number }>(sql`
    select count(*)::int as n from muster.notifications where state = 'pending' and attempts > 0 and next_attempt_at > clock_timestamp()`)
  )?.n ?? 0;

// The server may be away for a moment.
const open = async (database: Database): Promise<number> =>
  (
    await database
      .one<{ n: number }>(sql`select count(*)::int as n from muster.notifications where state in ('pending', 'sending')`)
      .catch(() => undefined)
  )?.n ?? -1;
