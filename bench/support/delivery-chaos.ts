import { join } from 'node:path';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { startEmbedded } from '../../src/db/embedded/index.ts';
import { migrate } from '../../src/db/migrate.ts';
import { raw, sql } from '../../src/db/sql.ts';
import { builtInModules } from '../../src/modules/built-in.ts';
import { coreMigrations } from '../../src/state/migrations.ts';
import { POINTS, runDeliveryCourse, type CourseResult } from '../../test/chaos/support/delivery-course.ts';
import type { BenchContext } from './bench.ts';

export interface ChaosSize {
  /** Fleets that run side by side on one server, each with a database, a receiver and processes of its own. */
  readonly fleets: number;
  /** Of all fleets together. */
  readonly messages: number;
  readonly killsAPoint: number;
}

/** 10,000 messages and 100 kills: what a single fleet would take ten minutes for, most of them spent waiting for leases to end. */
export const WHOLE: ChaosSize = { fleets: 4, messages: 10_000, killsAPoint: 20 };

/** Enough to see that all of it works. */
export const SMALL: ChaosSize = { fleets: 2, messages: 800, killsAPoint: 4 };

export interface ChaosResult {
  readonly messages: number;
  readonly kills: number;
  readonly lost: number;
  /** Came more than once, under the same id. */
  readonly duplicates: number;
  /** Came oftener than attempts at them were cut off by a kill, or though nothing of them was committed. */
  readonly unexplained: number;
  readonly seconds: number;
}

/** Kills everything between an alert and its receiver, crashes the server once in the middle, and counts what was lost and what came again. */
export async function runDeliveryChaos(ctx: BenchContext, { fleets, killsAPoint, messages }: ChaosSize = WHOLE): Promise<ChaosResult> {
  const began = performance.now();
  const dataDir = join(ctx.folder, 'chaos');
  let server = await startEmbedded({ dataDir, log: ctx.log });
  ctx.defer(() => server.stop('fast'));
  const { url } = server;
  const urls = await Promise.all(Array.from({ length: fleets }, (_, n) => createDatabase(url, `chaos_${n}`)));

  // One crash for all, when each has come to it; one that fails ends all.
  const failed = new AbortController();
  const signal = AbortSignal.any([ctx.signal, failed.signal]);
  let arrived = 0;
  let crashed: (outcome: Promise<void>) => void = () => undefined;
  const crash = new Promise<void>((resolve, reject) => {
    crashed = resolve;
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  crash.catch(() => undefined); // whoever waits for it hears of it
  const crashServer = async (): Promise<void> => {
    await server.stop('immediate');
    server = await startEmbedded({ dataDir, log: ctx.log });
    if (server.url !== url) throw new Error(`the server came back as ${server.url}`);
  };
  let kills = 0;
  const courses = urls.map(async (own) => {
    const course = runDeliveryCourse({
      url: own,
      messages: messages / fleets,
      killsAPoint: killsAPoint / fleets,
      crash: () => {
        arrived += 1;
        if (arrived === fleets) crashed(crashServer());
        return crash;
      },
      killed: () => {
        kills += 1;
        ctx.progress(`${kills} of ${killsAPoint * POINTS.length} kills`);
      },
      signal,
    });
    course.catch((error: unknown) => failed.abort(error));
    return course;
  });
  await Promise.allSettled(courses);
  const results = await Promise.all(courses);
  const sum = (count: (result: CourseResult) => number): number => results.reduce((total, result) => total + count(result), 0);
  return {
    messages: sum((each) => each.messages),
    kills: sum((each) => each.kills),
    lost: sum(({ lost }) => lost.length),
    duplicates: sum(({ duplicates }) => duplicates),
    unexplained: sum(({ unexplained, untold }) => unexplained.length + untold.length),
    seconds: (performance.now() - began) / 1_000,
  };
}

async function createDatabase(base: string, name: string): Promise<string> {
  await using admin = new PostgresAdapter({ url: base, poolMax: 1, poolMin: 0 });
  await admin.query(sql`create database ${raw(name)}`);
  const url = new URL(base);
  url.pathname = `/${name}`;
  await using database = new PostgresAdapter({ url: url.href, poolMax: 2, poolMin: 0 });
  const modules = builtInModules.flatMap(({ migrations, name: set }) =>
    migrations === undefined ? [] : [{ name: set, folder: migrations }],
  );
  await migrate(database, [coreMigrations, ...modules]);
  return url.href;
}
