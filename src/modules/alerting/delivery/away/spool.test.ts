import { appendFile, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Spool, type SpoolEntry } from './spool.ts';

const entry: SpoolEntry = {
  id: 'a',
  incident: 'b',
  channel: 'ops',
  level: 'emergency',
  document: { title: 't', text: 'x' },
  attempt: 1,
  at: 1,
  outcome: null,
  status: null,
  error: null,
};

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'muster-spool-')), 'deep');
});
afterEach(() => rm(join(folder, '..'), { recursive: true }));

const files = async (): Promise<readonly string[]> => (await readdir(folder)).map((name) => join(folder, name));

it('keeps whole lines, also those after one that was cut off', async () => {
  const spool = new Spool(folder);
  expect((await spool.read()).entries).toEqual([]);
  await spool.append(entry);
  await appendFile((await files())[0] ?? '', '{"id":"half","document":{}');
  await spool.append({ ...entry, outcome: 'delivered' });
  await appendFile((await files())[0] ?? '', '{"id":"half"');
  const content = await spool.read();
  expect(content.entries.map(({ outcome }) => outcome)).toEqual([null, 'delivered']);
  await spool.clear(content);
  await spool.clear(content);
  expect((await spool.read()).entries).toEqual([]);
});

it('leaves the file of another process alone while that may still write it, and takes it over when that is gone', async () => {
  const [mine, other] = [new Spool(folder), new Spool(folder)];
  await other.append(entry);
  expect(await mine.isDelivered('a')).toBe(false);
  await other.append({ ...entry, outcome: 'delivered' });
  // What another process has told need not be told again.
  expect(await mine.isDelivered('a')).toBe(true);
  expect(await mine.read()).toEqual({ entries: [], files: [], others: 1 });
  const anHourAgo = Date.now() / 1_000 - 3_600;
  for (const file of await files()) await utimes(file, anHourAgo, anHourAgo);
  const left = await mine.read();
  expect([left.entries.length, left.files.length, left.others]).toEqual([2, 1, 0]);
  await mine.clear(left);
  expect(await files()).toEqual([]);
});
