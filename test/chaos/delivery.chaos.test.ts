import { expect, test } from 'vitest';
import { migrationSets } from '../../src/cli/runtime/parts.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { startEmbedded } from '../../src/db/embedded/index.ts';
import { migrate } from '../../src/db/migrate.ts';
import { testFolder } from '../db/embedded/folder.ts';
import { POINTS, runDeliveryCourse } from './support/delivery-course.ts';

const MESSAGES = 200;
const KILLS_A_POINT = 1;

// `./muster bench delivery-chaos` does it with 10,000 messages and 100 kills.
test('whoever is killed wherever, no message is lost, and none comes twice but those under way at a kill, under the same id', async () => {
  await using folder = await testFolder();
  let server = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger });
  const { url } = server;
  await using database = new PostgresAdapter({ url, poolMax: 1, poolMin: 0 });
  await migrate(database, migrationSets());
  await database.stop();
  const result = await runDeliveryCourse({
    url,
    messages: MESSAGES,
    killsAPoint: KILLS_A_POINT,
    crash: async () => {
      await server.stop('immediate');
      server = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger });
      expect(server.url).toBe(url);
    },
  });
  expect(result).toMatchObject({ kills: KILLS_A_POINT * POINTS.length, lost: [], untold: [], unexplained: [] });
  expect(result.messages).toBeGreaterThanOrEqual(MESSAGES);
  process.stderr.write(`chaos: ${result.messages} messages, ${result.kills} kills, ${result.duplicates} came again\n`);
  await server.stop('fast');
}, 300_000);
