import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/base/logger.ts';
import { PostgresAdapter } from '../../../src/db/adapter.ts';
import { findEmbedded, startEmbedded, type EmbeddedOptions, type EmbeddedServer } from '../../../src/db/embedded/index.ts';
import { sql } from '../../../src/db/sql.ts';
import { spawnModule } from '../../support/child.ts';
import { until } from '../../support/until.ts';
import { testFolder } from './folder.ts';

const CHILD = new URL('child.ts', import.meta.url);

const start = (dataDir: string, options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> =>
  startEmbedded({ dataDir, log: silentLogger, ...options });

async function inDatabase<T>(server: { readonly url: string }, work: (database: PostgresAdapter) => Promise<T>): Promise<T> {
  await using database = new PostgresAdapter({ url: server.url, poolMax: 1, poolMin: 0 });
  return await work(database);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const remember = (server: { readonly url: string }): Promise<unknown> =>
  inDatabase(server, (database) => database.query({ text: "create table note as select 'kept' as text", values: [] }));
const recall = (server: { readonly url: string }): Promise<unknown> =>
  inDatabase(server, (database) => database.one(sql`select text from note`));

describe('the embedded server', () => {
  it('starts in an empty folder, keeps its data and its port over a restart, and leaves no process behind', async () => {
    await using folder = await testFolder();
    const first = await start(folder.dataDir);
    expect(first).toMatchObject({ adopted: false, dataDir: folder.dataDir, serverVersion: expect.stringMatching(/^18\.\d+$/) as string });
    await remember(first);
    expect(await findEmbedded(folder.dataDir)).toMatchObject({ url: first.url, pid: first.pid });
    await first.stop();
    await until('the server is gone', () => !isAlive(first.pid));
    expect(await findEmbedded(folder.dataDir)).toBeUndefined();
    await using second = await start(folder.dataDir);
    expect(second.url).toBe(first.url);
    expect(await recall(second)).toEqual({ text: 'kept' });
  });

  it('lets in only who knows the password, and only from this machine', async () => {
    await using folder = await testFolder();
    await using server = await start(folder.dataDir);
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(inDatabase({ url: wrong.href }, (database) => database.start())).rejects.toMatchObject({ code: 'DATABASE_AUTH' });
    const password = join(folder.dataDir, 'postgres', 'password');
    expect((await stat(password)).mode & 0o077).toBe(0);
    expect(new URL(server.url).password).toHaveLength(32);
    expect(await inDatabase(server, (database) => database.one(sql`show listen_addresses`))).toEqual({ listen_addresses: '127.0.0.1' });
    expect(await inDatabase(server, (database) => database.one(sql`show unix_socket_directories`))).toEqual({
      unix_socket_directories: '',
    });
    expect(await readFile(server.logFile, 'utf8')).not.toContain(new URL(server.url).password);
  });

  it('is taken over, running, when the process that started it was killed', async () => {
    await using folder = await testFolder();
    await using child = spawnModule(CHILD, [folder.dataDir]);
    const before = await child.line<{ pid: number; url: string }>();
    await remember(before);
    await child.kill('SIGKILL');
    await using server = await start(folder.dataDir);
    expect(server).toMatchObject({ adopted: true, pid: before.pid, url: before.url });
    expect(await recall(server)).toEqual({ text: 'kept' });
  });

  it('recovers when everything was killed', async () => {
    await using folder = await testFolder();
    await using child = spawnModule(CHILD, [folder.dataDir]);
    const before = await child.line<{ pid: number; url: string }>();
    await remember(before);
    process.kill(before.pid, 'SIGKILL');
    await child.kill('SIGKILL');
    await using server = await start(folder.dataDir);
    expect(server.adopted).toBe(false);
    expect(await recall(server)).toEqual({ text: 'kept' });
  });

  it('stops in order when its owner is asked to end, and Ctrl-C in the terminal does not reach it directly', async () => {
    await using folder = await testFolder();
    await using child = spawnModule(CHILD, [folder.dataDir], { detached: true });
    const { pid } = await child.line<{ pid: number }>();
    const group = child.process.pid;
    if (group === undefined) throw new Error('the child has no pid');
    process.kill(-group, 'SIGTERM'); // what a terminal does: the whole process group
    expect(await child.exited).toBe(0);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await readFile(join(folder.dataDir, 'postgres', 'postgres.log'), 'utf8')).toContain('received fast shutdown request');
  });

  it('refuses a folder that another process uses, and names the process', async () => {
    await using folder = await testFolder();
    await using child = spawnModule(CHILD, [folder.dataDir]);
    await child.line();
    const pid = child.process.pid;
    await expect(start(folder.dataDir)).rejects.toMatchObject({
      code: 'DATA_FOLDER_IN_USE',
      message: expect.stringContaining(`Process ${pid}`) as string,
    });
  });

  it('lets exactly one of several that start at once have the folder', async () => {
    await using folder = await testFolder();
    const outcomes = await Promise.allSettled([start(folder.dataDir), start(folder.dataDir), start(folder.dataDir)]);
    const servers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(servers).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'DATA_FOLDER_IN_USE' });
    await servers[0]?.stop();
  });

  it('ignores a lock and a pid file of processes that are gone, also where their pids are used again', async () => {
    await using folder = await testFolder();
    const first = await start(folder.dataDir);
    await first.stop();
    const lock = join(folder.dataDir, 'postgres.lock');
    // This very process has that pid, but another start time.
    await writeFile(lock, JSON.stringify({ pid: process.pid, startedAt: '1', bootId: 'another', pidNamespace: 'none' }));
    const cluster = join(folder.dataDir, 'postgres', 'cluster');
    await writeFile(join(cluster, 'postmaster.pid'), `${process.pid}\n${cluster}\n1\n5432\n\n127.0.0.1\n 1 1\nready\n`);
    await using server = await start(folder.dataDir);
    expect(server.adopted).toBe(false);
  });

  it('chooses another port where its own is taken, and says so', async () => {
    await using folder = await testFolder();
    const first = await start(folder.dataDir);
    await first.stop();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(first.port, '127.0.0.1', resolve));
    try {
      const said: string[] = [];
      await using server = await start(folder.dataDir, { onProgress: (message) => said.push(message) });
      expect(server.port).not.toBe(first.port);
      expect(said.join()).toContain(`port ${first.port} of the embedded PostgreSQL is taken`);
      expect(await inDatabase(server, (database) => database.one(sql`select 1 as one`))).toEqual({ one: 1 });
    } finally {
      squatter.close();
    }
  });

  it('begins again where the making of the cluster was cut off', async () => {
    await using folder = await testFolder();
    const draft = join(folder.dataDir, 'postgres', 'cluster.new-1234');
    await mkdir(draft, { recursive: true });
    await writeFile(join(draft, 'PG_VERSION'), '18\n');
    await using server = await start(folder.dataDir);
    expect(await readdir(join(folder.dataDir, 'postgres'))).not.toContain('cluster.new-1234');
    expect(server.adopted).toBe(false);
  });

  it('refuses the data of another major version and leaves it alone', async () => {
    await using folder = await testFolder();
    const cluster = join(folder.dataDir, 'postgres', 'cluster');
    await mkdir(cluster, { recursive: true });
    await writeFile(join(cluster, 'PG_VERSION'), '16\n');
    await expect(start(folder.dataDir)).rejects.toMatchObject({ code: 'DATA_FOLDER_VERSION', data: { found: '16', expected: 18 } });
    expect(await readdir(cluster)).toEqual(['PG_VERSION']);
  });

  it('refuses a folder of somebody else', async () => {
    await using folder = await testFolder();
    const cluster = join(folder.dataDir, 'postgres', 'cluster');
    await mkdir(cluster, { recursive: true });
    await writeFile(join(cluster, 'holiday.jpg'), '');
    await expect(start(folder.dataDir)).rejects.toMatchObject({ code: 'DATA_FOLDER_UNUSABLE' });
  });

  it('refuses a path that is a file', async () => {
    await using folder = await testFolder();
    await writeFile(folder.dataDir, '');
    await expect(start(folder.dataDir)).rejects.toMatchObject({
      code: 'DATA_FOLDER_UNUSABLE',
      message: `${folder.dataDir} is not a folder.`,
    });
  });

  it('gives up the folder when it cannot start, names the cause, and starts when that is mended', async () => {
    await using folder = await testFolder();
    await expect(start(folder.dataDir, { settings: { max_connections: 'many' } })).rejects.toMatchObject({
      code: 'EMBEDDED_FAILED',
      message: expect.stringContaining('max_connections') as string,
    });
    await using server = await start(folder.dataDir);
    expect(server.adopted).toBe(false);
  });

  it('ends itself for good when it is stopped twice or was dead already', async () => {
    await using folder = await testFolder();
    const server = await start(folder.dataDir);
    process.kill(server.pid, 'SIGKILL');
    await until('it is gone', async () => (await findEmbedded(folder.dataDir)) === undefined);
    await Promise.all([server.stop(), server.stop()]);
    await using again = await start(folder.dataDir);
    expect(again.port).toBe(server.port);
  });
});
