import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { PostgresAdapter } from '../src/db/adapter.ts';
import { sql } from '../src/db/sql.ts';
import { WakeUps } from '../src/db/wake-ups.ts';
import type { Bench } from './support/bench.ts';
import { spreadOf } from './support/percentiles.ts';
import { POLL_MS, machineMs, type Seen } from './support/wake-up-reader.ts';

const PAUSE_MS = 50;
/** Enough polls for a worst case, few enough that the run does not wait for them alone. */
const POLLS = 8;

/**
 * From the return of a COMMIT in one process to the moment another process has read what was committed. The other process
 * is woken by a NOTIFY that leaves after the commit, on another connection, coalesced; or, in the second part, only polls.
 */
export const bench: Bench = {
  name: 'wake-up',
  title: 'Commit in one process until another has read it',
  seconds: 30,
  figures: [
    { id: 'p50', title: 'woken, median', bar: 30, unit: 'ms', better: 'less' },
    { id: 'p99', title: 'woken, 99th percentile', bar: 100, unit: 'ms', better: 'less' },
    { id: 'polling', title: `polling alone (every ${POLL_MS / 1_000} s), worst`, bar: 2_000, unit: 'ms', better: 'less' },
  ],
  async run(ctx) {
    const { url, database } = await ctx.database({ migrate: false });
    await database.query(sql`create table public.posted (id int primary key, at timestamptz not null default clock_timestamp())`);
    const wake = new WakeUps(database, { log: ctx.log });
    await wake.start();
    ctx.defer(() => wake.stop());
    const reader = await startReader(url, (end) => ctx.defer(end));

    const deadline = performance.now() + ctx.seconds * 1_000;
    const woken: number[] = [];
    let id = 0;
    while (performance.now() < deadline) {
      id += 1;
      woken.push(await post(database, reader, id, () => wake.hint('events')));
      ctx.progress(`${woken.length} wake-ups`);
      await delay(Math.random() * 2 * PAUSE_MS, undefined, { signal: ctx.signal });
    }
    const polled: number[] = [];
    for (let n = 0; n < POLLS; n += 1) {
      id += 1;
      polled.push(await post(database, reader, id, () => undefined));
      await delay(Math.random() * POLL_MS, undefined, { signal: ctx.signal });
    }
    const spread = spreadOf(woken);
    return [
      {
        figure: 'p50',
        value: spread.p50,
        raw: woken,
        detail: { ...spread, dropped: wake.status().dropped, byPoll: reader.polls() - polled.length },
      },
      { figure: 'p99', value: spread.p99 },
      { figure: 'polling', value: Math.max(...polled), raw: polled, detail: { ...spreadOf(polled) } },
    ];
  },
};

/** Commits a row, hints, and resolves to the milliseconds until the other process had it. */
async function post(database: PostgresAdapter, reader: Reader, id: number, hint: () => void): Promise<number> {
  await database.transaction((tx) => tx.query(sql`insert into public.posted (id) values (${id})`));
  const committed = machineMs();
  hint();
  return (await reader.sees(id)).at - committed;
}

interface Reader {
  sees(id: number): Promise<Seen>;
  /** How many were found by a poll. */
  polls(): number;
}

/** Another process, compiled beside this file. */
async function startReader(url: string, defer: (end: () => Promise<unknown> | void) => void): Promise<Reader> {
  const program = new URL(`./support/wake-up-reader${extname(import.meta.url)}`, import.meta.url);
  const child = spawn(process.execPath, [fileURLToPath(program), url], { stdio: ['ignore', 'pipe', 'inherit'] });
  defer(() => void child.kill('SIGKILL'));
  const seen = new Map<number, Seen>();
  const waiting = new Map<number, (seen: Seen) => void>();
  let polls = 0;
  const ready = new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the reader ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'ready') return resolve();
      const one = JSON.parse(line) as Seen;
      if (one.how === 'poll') polls += 1;
      const waiter = waiting.get(one.id);
      if (waiter === undefined) seen.set(one.id, one);
      else waiter(one);
    });
  });
  await ready;
  return {
    polls: () => polls,
    sees: (id) => {
      const early = seen.get(id);
      if (early !== undefined) return Promise.resolve(early);
      return new Promise((resolve) => waiting.set(id, resolve));
    },
  };
}
