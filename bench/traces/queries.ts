import { setTimeout as delay } from 'node:timers/promises';
import { sql } from '../../src/db/sql.ts';
import { FeedReader } from '../../src/modules/traces/feed/feed-reader.ts';
import type { BenchContext, Figure, Measurement } from '../support/bench.ts';
import { quantile } from '../support/percentiles.ts';
import { Corpus, MULTIPART, multipartOf } from './corpus.ts';
import type { Part } from './part.ts';
import { KEY, openStage, sendFrom, type Stage } from './stage.ts';

/** Of a run of full length; never less than a tenth of a hundredth of it tells anything. */
const RUNS = 1_000_000;
const LEAST_RUNS = 50_000;
const DAYS = 7;
const DAY_MS = 86_400_000;
const RUNS_A_REQUEST = 200;
const CLIENTS = 4;
const ASKED = 60;
const INGEST_PER_SECOND = 1_000;

interface Question {
  readonly id: string;
  readonly title: string;
  /** A new one each time, so that no cache of answers can help. */
  readonly path: (n: number, from: string, rare: readonly string[]) => string;
  /** Items that the answer must have. Default: 1. */
  readonly least?: number;
}

const PROJECT = 'project=bench';
const COMMON = ['children', 'paper', 'picture', 'mother', 'answer', 'father', 'country', 'night', 'water', 'house'];

const QUESTIONS: readonly Question[] = [
  { id: 'list', title: 'the newest 50 of a project', path: (n) => `/traces/runs?${PROJECT}&limit=${50 + (n % 3)}` },
  {
    id: 'filter',
    title: 'the newest 50 that took longer than 1.9 s',
    path: (n) => `/traces/runs?${PROJECT}&limit=50&filter=${encodeURIComponent(`and(eq(run_type,"llm"),gt(latency,${1.9 + n / 10_000}))`)}`,
  },
  { id: 'percentiles', title: 'percentiles over 7 days', path: (_, from) => `/traces/stats?${PROJECT}&from=${from}` },
  {
    id: 'search-word',
    title: 'full text: a word that many runs hold',
    path: (n) => `/traces/runs?${PROJECT}&limit=50&q=${COMMON[n % COMMON.length] ?? ''}`,
  },
  {
    id: 'search-rare',
    title: 'full text: a part of a word that one run holds',
    path: (n, _, rare) => `/traces/runs?${PROJECT}&limit=50&q=${rare[n % rare.length] ?? ''}`,
  },
  {
    id: 'search-none',
    title: 'full text: what no run holds',
    path: (n) => `/traces/runs?${PROJECT}&limit=50&q=${encodeURIComponent(`zq${n}zq`)}`,
    least: 0,
  },
  {
    id: 'filter-user',
    title: 'the runs of a user who has one',
    path: (n, _, rare) => `/traces/runs?${PROJECT}&limit=50&user=${userOf(rare[n % rare.length] ?? '')}`,
  },
  {
    id: 'filter-metadata',
    title: 'the runs with a tag and an entry of metadata that one has',
    path: (n, _, rare) => {
      const order = rare[n % rare.length] ?? '';
      const filter = `and(has(tags,"${tagOf(order)}"),eq(metadata_key,"order"),eq(metadata_value,"${order}"),lt(latency,60))`;
      return `/traces/runs?${PROJECT}&limit=50&filter=${encodeURIComponent(filter)}`;
    },
  },
  {
    id: 'filter-none',
    title: 'the runs of a model that nobody asked',
    path: (n) => `/traces/runs?${PROJECT}&limit=50&model=model-${n}`,
    least: 0,
  },
];

const userOf = (order: string): string => `user-${order}`;
const tagOf = (order: string): string => `order:${order}`;

const figuresOf = ({ id, title }: Question): readonly Figure[] => [
  { id, title: `${title}, p95`, unit: 'ms', bar: 200, better: 'less' },
  { id: `${id}-busy`, title: `the same while 1,000 runs/s come in, p95`, unit: 'ms', bar: 200, better: 'less' },
];

/** Answers over 1,000,000 runs of a week, that came in by the multipart door. */
export const queries: Part = {
  name: 'queries',
  figures: [
    ...QUESTIONS.flatMap(figuresOf),
    { id: 'queries-percentile-error', title: 'the largest error of a percentile against all rows', unit: '%', bar: 1, better: 'less' },
    { id: 'search-bytes', title: 'the index of words, a run', unit: 'bytes', bar: 800, better: 'less' },
    { id: 'index-rate', title: 'runs indexed while nothing else is done', unit: 'runs/s', better: 'more' },
  ],
  async run(ctx, scale) {
    const stage = await openStage(ctx, 'queries');
    const runs = Math.max(LEAST_RUNS, Math.round(RUNS * Math.min(1, scale)));
    const rare = await fill(ctx, stage, runs);
    const waiting = await behind(stage);
    const caughtUpAfter = await caughtUp(ctx, stage);
    await stage.database.query(sql`analyze`);
    const from = new Date(Date.now() - DAYS * DAY_MS).toISOString();
    const quiet = await askAll(ctx, stage, from, rare);
    const sending = sendFrom(ctx, {
      base: stage.base,
      key: KEY,
      path: '/langsmith/runs/multipart',
      clients: CLIENTS,
      seconds: 60,
      runsARequest: 50,
      encoding: 'gzip',
      runsPerSecond: INGEST_PER_SECOND,
    });
    const busy = await askAll(ctx, stage, from, rare);
    await sending;
    return [
      ...quiet.map(({ id, p95, p50 }): Measurement => ({ figure: id, value: p95, detail: { runs, p50_ms: p50 } })),
      ...busy.map(({ id, p95, p50 }): Measurement => ({ figure: `${id}-busy`, value: p95, detail: { p50_ms: p50 } })),
      { figure: 'queries-percentile-error', value: await percentileError(stage, from) },
      { figure: 'search-bytes', value: await indexBytes(stage, runs) },
      {
        figure: 'index-rate',
        value: waiting / Math.max(1, caughtUpAfter),
        detail: { behind_after_filling: waiting, caught_up_after_s: caughtUpAfter },
      },
    ];
  },
};

/**
 * Sends runs that began in the last week, oldest first. Gives back parts of words that stand in one run each, of the oldest; these runs alone have a user, a
 * tag and an entry of metadata, named after the word.
 */
async function fill(ctx: BenchContext, { base }: Stage, runs: number): Promise<readonly string[]> {
  const corpus = new Corpus(7);
  const rare: string[] = [];
  const [first, step] = [Date.now() - DAYS * DAY_MS + 60_000, (DAYS * DAY_MS - 120_000) / runs];
  let made = 0;
  const client = async (): Promise<void> => {
    while (made < runs) {
      ctx.signal.throwIfAborted();
      const begun = made;
      made += RUNS_A_REQUEST;
      const batch = Array.from({ length: RUNS_A_REQUEST }, (_, n) => corpus.next(Math.round(first + (begun + n) * step)));
      const marked = batch.map((run) => {
        const word = `order${run.id.replaceAll('-', '').slice(0, 12)}`;
        const said = { ...run, outputs: { ...run.outputs, order: word } };
        if (rare.length >= ASKED) return said;
        const order = word.slice(2);
        rare.push(order);
        const { metadata } = run.extra as { readonly metadata: object };
        return {
          ...said,
          fields: { ...run.fields, tags: [tagOf(order)] },
          extra: { ...run.extra, metadata: { ...metadata, user_id: userOf(order), order } },
        };
      });
      const reply = await fetch(`${base}/langsmith/runs/multipart`, {
        method: 'POST',
        headers: { 'x-api-key': KEY, 'content-type': MULTIPART },
        body: new Uint8Array(multipartOf(marked, { separate: false })),
        signal: ctx.signal,
      });
      if (reply.status !== 202) throw new Error(`the multipart door answered ${reply.status}: ${await reply.text()}`);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return rare;
}

const READERS = ['search', 'figures'];

/** Runs that the index has not come to. */
async function behind({ database }: Stage): Promise<number> {
  const row = await database.one<{ n: number }>(sql`
    select coalesce(sum(cardinality(runs)), 0)::int8 as n from muster.trace_feed
    where (xid, no) > (coalesce((select xid from muster.trace_cursors where reader = 'search'), '0'), coalesce((select no from muster.trace_cursors where reader = 'search'), 0))`);
  return row?.n ?? 0;
}

/** Waits for those who follow the feed; seconds. */
async function caughtUp(ctx: BenchContext, { database }: Stage): Promise<number> {
  const began = performance.now();
  for (;;) {
    const lags = await Promise.all(READERS.map((reader) => new FeedReader(database, reader).lag()));
    if (lags.every(({ entries }) => entries === 0)) return (performance.now() - began) / 1_000;
    await delay(500, undefined, { signal: ctx.signal });
  }
}

async function askAll(ctx: BenchContext, stage: Stage, from: string, rare: readonly string[]) {
  const times = new Map(QUESTIONS.map(({ id }) => [id, [] as number[]]));
  for (let n = 0; n < ASKED; n += 1) {
    for (const { id, path, least = 1 } of QUESTIONS) {
      const began = performance.now();
      const reply = await fetch(`${stage.base}/api/v1${path(n, from, rare)}`, {
        headers: { authorization: `Bearer ${KEY}` },
        signal: ctx.signal,
      });
      const answer = (await reply.json()) as { readonly items?: readonly unknown[] };
      times.get(id)?.push(performance.now() - began);
      if (reply.status !== 200 || (answer.items?.length ?? -1) < least)
        throw new Error(`${path(n, from, rare)} answered ${reply.status} ${JSON.stringify(answer).slice(0, 300)}`);
    }
  }
  // The first of a kind meets nothing in memory: it counts like every other.
  return QUESTIONS.map(({ id }) => ({ id, p95: quantile(times.get(id) ?? [], 0.95), p50: quantile(times.get(id) ?? [], 0.5) }));
}

/** In percent of the exact value, the worst of the percentiles of latency. */
async function percentileError(stage: Stage, from: string): Promise<number> {
  const reply = await fetch(`${stage.base}/api/v1/traces/stats?${PROJECT}&from=${from}`, { headers: { authorization: `Bearer ${KEY}` } });
  const { total, from: since, to } = (await reply.json()) as { total: Record<string, number>; from: string; to: string };
  const exact = await stage.database.one<Record<string, number>>(sql`
    select percentile_disc(0.5) within group (order by seconds) as p50, percentile_disc(0.9) within group (order by seconds) as p90,
      percentile_disc(0.95) within group (order by seconds) as p95, percentile_disc(0.99) within group (order by seconds) as p99
    from (select extract(epoch from end_time - start_time)::float8 as seconds from muster.trace_runs
          where start_time >= ${since}::timestamptz and start_time < ${to}::timestamptz) latencies`);
  return Math.max(...['p50', 'p90', 'p95', 'p99'].map((p) => Math.abs((total[`latency_${p}_seconds`] ?? 0) / (exact?.[p] ?? 0) - 1) * 100));
}

async function indexBytes({ database }: Stage, runs: number): Promise<number> {
  const row = await database.one<{ bytes: number }>(sql`
    select coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'muster' and c.relkind = 'r' and c.relname like 'trace\\_search\\_%'`);
  return (row?.bytes ?? 0) / runs;
}
