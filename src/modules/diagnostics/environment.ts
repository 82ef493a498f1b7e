import { constants } from 'node:fs';
import { access, mkdir, open, readFile, rm, stat, statfs } from 'node:fs/promises';
import os from 'node:os';
import { join, resolve } from 'node:path';
import type { AgentContext } from '../../agent/index.ts';
import { messageOf } from '../../base/errors.ts';
import { sql } from '../../db/sql.ts';

/** What the launcher started in. Null: could not be told, or does not apply. */
export interface Environment {
  readonly hostname: string;
  readonly platform: string;
  readonly node_version: string;
  readonly time_zone: string;
  readonly database_time_zone: string;
  readonly clock: ClockOffset;
  /** Null where there is no such folder: with a server of one's own none is needed. */
  readonly data_folder: FolderState | null;
  readonly temporary_folder: FolderState;
  readonly open_files_limit: number | null;
  readonly memory_bytes: number;
  readonly processors: number;
}

export interface FolderState {
  readonly path: string;
  /** Null: a file was written, synced, read back and removed. */
  readonly write_error: string | null;
  readonly available_bytes: number | null;
}

export interface ClockOffset {
  /** This machine's clock less the database's. */
  readonly seconds: number;
  /** Half of the round trip: it may be off by this much either way. */
  readonly uncertainty_seconds: number;
}

const CLOCK_PROBES = 5;

export async function readEnvironment(ctx: Pick<AgentContext, 'sql' | 'clock'>, dataFolder: string): Promise<Environment> {
  const folder = resolve(dataFolder);
  const { rows } = await ctx.sql.read<{ readonly time_zone: string }>(sql`select current_setting('TimeZone') as time_zone`);
  return {
    hostname: os.hostname(),
    platform: `${os.type()} ${os.release()} ${os.arch()}`,
    node_version: process.versions.node,
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    database_time_zone: rows[0]?.time_zone ?? '',
    clock: await measureClock(ctx),
    data_folder: (await isFolder(folder)) ? await folderState(folder) : null,
    temporary_folder: await folderState(os.tmpdir()),
    open_files_limit: await openFilesLimit(),
    memory_bytes: memoryBytes(),
    processors: os.availableParallelism(),
  };
}

/** Of several round trips the quickest says it best: the database's clock was read somewhere in its middle. */
async function measureClock({ sql: database, clock }: Pick<AgentContext, 'sql' | 'clock'>): Promise<ClockOffset> {
  const probes: ClockOffset[] = [];
  for (let probe = 0; probe < CLOCK_PROBES; probe += 1) {
    const before = clock.now();
    const startedAt = performance.now();
    const { rows } = await database.read<{ readonly now: number }>(
      sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`,
    );
    const halfMs = (performance.now() - startedAt) / 2;
    probes.push(offsetOf(before, halfMs, rows[0]?.now ?? Number.NaN));
  }
  return probes.reduce((best, probe) => (probe.uncertainty_seconds < best.uncertainty_seconds ? probe : best));
}

export const offsetOf = (before: number, halfMs: number, database: number): ClockOffset => ({
  seconds: Math.round(before + halfMs - database) / 1_000,
  uncertainty_seconds: Math.ceil(halfMs) / 1_000,
});

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function folderState(path: string): Promise<FolderState> {
  return { path, write_error: await tryWriting(path), available_bytes: await availableBytes(path) };
}

/** Writes, syncs, reads back and removes: what a full disk, a read-only mount or a lost right would refuse. */
async function tryWriting(folder: string): Promise<string | null> {
  const path = join(folder, `.muster-write-check-${process.pid}`);
  try {
    await access(folder, constants.W_OK);
    await mkdir(folder, { recursive: true });
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile('muster');
      await file.sync();
    } finally {
      await file.close();
    }
    const text = await readFile(path, 'utf8');
    return text === 'muster' ? null : 'what was written is not what was read';
  } catch (error) {
    return messageOf(error);
  } finally {
    await rm(path, { force: true });
  }
}

async function availableBytes(path: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    // Unknown stays unknown: null is what the report shows.
    return null;
  }
}

async function openFilesLimit(): Promise<number | null> {
  try {
    const text = /^Max open files +(\S+)/m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1];
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
  } catch {
    // Only Linux tells.
    return null;
  }
}

/** The container's limit, or what the machine has: an unlimited container reports 2^64. */
function memoryBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, os.totalmem()) : os.totalmem();
}
