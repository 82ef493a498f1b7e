import pg from 'pg';
import { expect, test } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { startEmbedded } from '../../src/db/embedded/index.ts';
import { migrate } from '../../src/db/migrate.ts';
import { coreMigrations } from '../../src/state/migrations.ts';
import { testFolder } from '../db/embedded/folder.ts';
import { ChaosFleet } from './support/chaos-fleet.ts';

test('the server is restarted, in good order and by a crash: nobody is lost, and nothing that was confirmed', async () => {
  await using folder = await testFolder();
  let server = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger });
  await using database = new PostgresAdapter({ url: server.url, poolMax: 3, poolMin: 0 });
  await migrate(database, [coreMigrations]);
  await using fleet = await ChaosFleet.open(database);
  const hosts = [await fleet.host(server.url), await fleet.host(server.url)];
  await fleet.untilSteady();
  const before = await fleet.state.agents.list({ type: 'historian' }, { limit: 10 });
  for (const mode of ['fast', 'immediate'] as const) {
    await server.stop(mode);
    server = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger });
    await fleet.untilSteady();
  }
  fleet.expectAlive(hosts);
  expect(await fleet.lostHosts()).toEqual([]);
  const after = await fleet.state.agents.list({ type: 'historian' }, { limit: 10 });
  expect(after.map((agent) => [agent.agentId, agent.epoch])).toEqual(before.map((agent) => [agent.agentId, agent.epoch]));
  await fleet.expectSoundHistory();
  await database.stop();
  await server.stop('fast');
}, 400_000);

test('300 connections are refused because the server has no room for more: those who have theirs go on', async () => {
  await using folder = await testFolder();
  const server = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger, settings: { max_connections: '40' } });
  await using database = new PostgresAdapter({ url: server.url, poolMax: 3, poolMin: 0 });
  await migrate(database, [coreMigrations]);
  await using fleet = await ChaosFleet.open(database);
  const hosts = [await fleet.host(server.url), await fleet.host(server.url)];
  await fleet.untilSteady();
  const taken: pg.Client[] = [];
  let refused = 0;
  while (refused < 300) {
    const client = new pg.Client({ connectionString: server.url });
    // What becomes of it is not our concern.
    client.on('error', () => undefined);
    await client.connect().then(
      () => taken.push(client),
      () => (refused += 1),
    );
  }
  await fleet.untilSteady();
  await Promise.all(taken.map((client) => client.end()));
  await fleet.untilSteady();
  fleet.expectAlive(hosts);
  expect(await fleet.lostHosts()).toEqual([]);
  await fleet.expectSoundHistory();
  await database.stop();
  await server.stop('fast');
}, 300_000);
