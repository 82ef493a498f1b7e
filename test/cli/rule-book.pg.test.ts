import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { RuleBook } from '../../src/cli/runtime/rule-book.ts';
import { loadConfig } from '../../src/config/load.ts';
import { knownToModules } from '../../src/cli/runtime/check-names.ts';
import { sql } from '../../src/db/sql.ts';
import { createRuleStore, DEFAULT_RULES, type RuleStore } from '../../src/modules/alerting/rules/index.ts';
import { createSharedState } from '../../src/state/create-shared-state.ts';
import type { SharedState } from '../../src/state/shared-state.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

let folder: string;
let database: TestDatabase;
let state: SharedState;
let rules: RuleStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-rules-'));
  database = await testDatabase();
  state = createSharedState(database.database);
  rules = createRuleStore(database.database, { hint: () => undefined });
});
afterEach(async () => {
  await state.metrics.stop();
  await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const write = (text: string): void => writeFileSync(join(folder, 'monitoring.yml'), text);
const ofFile = async (): Promise<readonly string[]> =>
  (await rules.list({ source: 'file' }, { limit: 100 })).map(({ name, document }) => `${name} ${document?.threshold}`);
const events = async (type: string): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  (await state.events.list({ type }, { limit: 100 })).map(({ data }) => data);

const refused = async (): Promise<readonly string[]> =>
  (await database.database.query<{ place: string }>(sql`select place from muster.refused_files`)).rows.map(({ place }) => place);

async function open(): Promise<RuleBook> {
  const config = loadConfig({ environment: {}, cwd: folder, overrides: { configDir: folder }, ...knownToModules() });
  const book = new RuleBook({
    config,
    state,
    wake: { hint: () => undefined },
    log: silentLogger,
    watches: true,
    environment: {},
    cwd: folder,
  });
  await book.start();
  return book;
}

test('brings what ships and what the file says into force, and follows the file', async () => {
  write('rules:\n  - { name: a, metric_name: m, threshold: 1 }\n');
  await using _book = await open();
  expect((await rules.list({ source: 'default' }, { limit: 1_000 })).length).toBe(DEFAULT_RULES.length);
  expect(await ofFile()).toEqual(['a 1']);
  write('rules:\n  - { name: a, metric_name: m, threshold: 2 }\n  - { name: b, metric_name: m, threshold: 3 }\n');
  await until('both rules are in force', async () => (await ofFile()).length === 2);
  expect(await ofFile()).toEqual(['a 2', 'b 3']);
  await until('the change is told', async () => (await events('rules:applied')).length === 1);
});

test('keeps the last good rules while the file is wrong, says what is wrong, and goes on once it is right', async () => {
  write('rules:\n  - { name: a, metric_name: m, threshold: 1 }\n');
  await using _book = await open();
  write('rules:\n  - { name: a, metric_name: m, treshold: 2 }\n');
  await until('the file is refused', async () => (await events('rules:refused')).length === 1, 30_000);
  expect((await events('rules:refused'))[0]).toMatchObject({
    where: expect.stringMatching(/monitoring\.yml:2:\d+$/),
    message: expect.stringContaining('treshold'),
  });
  expect(await refused()).toEqual([expect.stringMatching(/monitoring\.yml:2:\d+$/)]);
  // Cut in the middle, as a half written file is.
  write('rules:\n  - { name: a, metric_na');
  await until('it is refused again', async () => (await events('rules:refused')).length === 2, 30_000);
  expect(await ofFile()).toEqual(['a 1']);
  write('');
  await until('it is refused where it was cut to nothing', async () => (await events('rules:refused')).length === 3, 30_000);
  expect(await ofFile()).toEqual(['a 1']);
  write('rules:\n  - { name: a, metric_name: m, threshold: 7 }\n');
  await until('the mended file is in force', async () => (await ofFile())[0] === 'a 7', 30_000);
  await until('nothing is refused any more', async () => (await refused()).length === 0, 30_000);
});

test('says nothing about rules where there is no file', async () => {
  write('rules:\n  - { name: a, metric_name: m, threshold: 1 }\n');
  await (await open()).stop();
  rmSync(join(folder, 'monitoring.yml'));
  await (await open()).stop();
  expect(await ofFile()).toEqual(['a 1']);
});
