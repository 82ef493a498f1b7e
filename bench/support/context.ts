import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, silentLogger } from '../../src/base/logger.ts';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { startEmbedded } from '../../src/db/embedded/index.ts';
import { migrate } from '../../src/db/migrate.ts';
import { raw, sql, type Sql } from '../../src/db/sql.ts';
import { builtInModules } from '../../src/modules/built-in.ts';
import { coreMigrations } from '../../src/state/migrations.ts';
import type { BenchContext, BenchServer } from './bench.ts';

export interface ContextOptions {
  readonly root: string;
  readonly name: string;
  readonly seconds: number;
  readonly shortened: boolean;
  readonly only: ReadonlySet<string> | undefined;
  readonly signal: AbortSignal;
}

export interface OpenContext extends BenchContext {
  /** The server, if the bench asked for one. */
  readonly usedServer: () => BenchServer | undefined;
  /** Ends what was deferred. Keeps the folder, and says so, when the bench failed. */
  close(failed: boolean): Promise<void>;
}

type End = () => Promise<unknown> | void;

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/** What a bench is given, and the way to end it all again. */
export async function openContext(options: ContextOptions): Promise<OpenContext> {
  const folder = await mkdtemp(join(tmpdir(), `muster-bench-${options.name}-`));
  await chmod(folder, 0o755); // the embedded server runs as a user of its own where we are root
  const log = createLogger({ level: 'info', file: join(folder, 'bench.log') });
  const whole: End[] = [];
  /** Of the part that runs, or of the whole. */
  let ends = whole;
  let server: Promise<BenchServer> | undefined;
  let used: BenchServer | undefined;
  let databases = 0;

  const context: OpenContext = {
    seconds: options.seconds,
    shortened: options.shortened,
    only: options.only,
    folder,
    root: options.root,
    signal: options.signal,
    log,
    say: tell,
    progress: (line) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
    },
    defer: (end) => void ends.push(end),
    part: async (work) => {
      ends = [];
      try {
        return await work();
      } finally {
        await endAll(ends);
        ends = whole;
      }
    },
    server: async ({ settings } = {}) => {
      server ??= startServer(settings);
      return server;
    },
    database: async ({ migrate: wanted = true, poolMax = 20 } = {}) => {
      const { url: base } = await context.server();
      const name = `bench_${process.pid}_${++databases}`;
      const administer = async (statement: Sql): Promise<void> => {
        await using admin = adapter(base, 1);
        await admin.query(statement);
      };
      await administer(sql`create database ${raw(name)}`);
      const url = new URL(base);
      url.pathname = `/${name}`;
      const database = adapter(url.href, poolMax);
      await database.start();
      const isOfPart = ends !== whole;
      context.defer(async () => {
        await database.stop();
        if (!isOfPart && used?.embedded !== undefined) return; // the whole server goes away
        await administer(sql`drop database if exists ${raw(name)} with (force)`);
      });
      if (wanted) {
        const sets = [
          coreMigrations,
          ...builtInModules.flatMap(({ name: set, migrations }) => (migrations === undefined ? [] : [{ name: set, folder: migrations }])),
        ];
        await migrate(database, sets);
      }
      return { url: url.href, database };
    },
    usedServer: () => used,
    close: async (failed) => {
      await endAll(whole);
      if (failed) tell(`bench: Its log and data are kept in ${folder}`);
      else await rm(folder, { recursive: true, force: true });
    },
  };

  async function startServer(settings: Readonly<Record<string, string>> = {}): Promise<BenchServer> {
    const given = process.env['MUSTER_BENCH_DATABASE_URL'];
    const embedded =
      given === undefined || given === ''
        ? await startEmbedded({ dataDir: join(folder, 'data'), log, onProgress: (line) => context.progress(line), settings })
        : undefined;
    if (embedded !== undefined) whole.unshift(() => embedded.stop('fast'));
    const url = embedded?.url ?? given ?? '';
    const database = adapter(url, 1);
    await database.start();
    const row = await database.one<{ server_version: string }>(sql`show server_version`);
    await database.stop();
    used = { url, version: row?.server_version ?? 'unknown', ...(embedded === undefined ? {} : { embedded }) };
    return used;
  }

  return context;
}

async function endAll(ends: readonly End[]): Promise<void> {
  for (const end of ends.toReversed()) {
    try {
      await end();
    } catch (error) {
      tell(`bench: Cleaning up failed: ${String(error)}`);
    }
  }
}

function adapter(url: string, poolMax: number): PostgresAdapter {
  return new PostgresAdapter({ url, poolMax, poolMin: 0, applicationName: 'muster bench', log: silentLogger });
}
