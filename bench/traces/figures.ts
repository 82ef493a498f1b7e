import { sql } from '../../src/db/sql.ts';
import type { BenchContext, Measurement } from '../support/bench.ts';
import { quantile } from '../support/percentiles.ts';
import { treeCpuMs } from '../support/processes.ts';
import type { Part } from './part.ts';
import { KEY, openStage, type Stage } from './stage.ts';

const RUNS = 1_000_000;
/** Fewer say nothing of a million. */
const LEAST_RUNS = 200_000;
const DAYS = 7;
const DAY_MS = 86_400_000;
const RUNS_AN_ENTRY = 1_000;
const ASKS = 100;
const COUNTED_WITHIN_MS = 600_000;
const QUANTILES = [0.5, 0.9, 0.95, 0.99] as const;

/** A week of runs counted by the server, then asked for: how fast, and how far from the exact percentiles. */
export const figures: Part = {
  name: 'figures',
  figures: [
    { id: 'stats-p95', title: 'percentiles of 7 days of a project, 95th percentile of the answers', unit: 'ms', bar: 200, better: 'less' },
    { id: 'by-model-p95', title: 'the same by model', unit: 'ms', bar: 200, better: 'less' },
    { id: 'by-user-p95', title: 'the same of the 50 largest of 5,000 users', unit: 'ms', bar: 200, better: 'less' },
    {
      id: 'percentile-error',
      title: 'largest error of p50, p90, p95 and p99 against percentile_disc over the runs',
      unit: 'ratio',
      bar: 0.01,
      better: 'less',
    },
    { id: 'counted', title: 'runs counted a second by one server', unit: 'runs/s', bar: 5_000, better: 'more' },
    { id: 'counting-cpu', title: 'processor time of Muster and PostgreSQL for a run counted', unit: 'µs', better: 'less' },
  ],
  async run(ctx, scale) {
    const stage = await openStage(ctx, 'figures');
    const runs = Math.max(LEAST_RUNS, Math.round(RUNS * Math.min(1, scale)));
    const to = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    // Who counts waits until all of it is there.
    await stage.database.transaction(async (tx) => {
      await tx.query(sql`select pg_advisory_xact_lock(hashtextextended('muster.traces figures', 0))`);
      await fill(stage, runs, to);
    });
    const cpu = treeCpuMs(stage.muster.pid);
    const counting = await counted(stage, ctx);
    const cpuMs = treeCpuMs(stage.muster.pid) - cpu;
    const week = `/api/v1/traces/stats?project=bench&from=${to - DAYS * DAY_MS}&to=${to}`;
    const ask = async (more: string): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < ASKS; i++) times.push((await timed(stage, `${week}${more}`)).ms);
      return quantile(times, 0.95);
    };
    const detail = { runs, rows: await rowsOf(stage) };
    return [
      { figure: 'stats-p95', value: await ask(''), detail },
      { figure: 'by-model-p95', value: await ask('&group_by=model'), detail },
      { figure: 'by-user-p95', value: await ask('&group_by=user'), detail },
      { figure: 'percentile-error', value: await largestError(stage, `${week}&run_type=llm`), detail },
      { figure: 'counted', value: (runs / counting) * 1_000, detail },
      { figure: 'counting-cpu', value: (cpuMs * 1_000) / runs, detail },
    ] satisfies Measurement[];
  },
};

/** Rows as the intake leaves them, a thousand runs a transaction of the feed; latencies of a long tail. */
async function fill({ database }: Stage, runs: number, to: number): Promise<void> {
  await database.query(sql`insert into muster.trace_projects (project_id, name) values (gen_random_uuid(), 'bench')`);
  await database.query(
    sql`create table if not exists muster.trace_runs_k30 partition of muster.trace_runs for values in (30) partition by range (day)`,
  );
  for (let day = 1; day <= DAYS; day++) {
    const date = new Date(to - day * DAY_MS).toISOString().slice(0, 10);
    await database.query({
      text: `create table if not exists muster.trace_runs_k30_${date.replaceAll('-', '')} partition of muster.trace_runs_k30 for values from ('${date}') to ('${date}'::date + 1)`,
      values: [],
    });
    await database.query(sql`
      with made as (
        insert into muster.trace_runs (run_id, trace_id, project_no, day, keep_days, run_type, status, start_time, end_time, first_token_time, name, model,
          provider, user_id, tags, prompt_tokens, completion_tokens, total_tokens, input_cost, output_cost, total_cost, usage)
        select id, id, p.project_no, ${date}::date, 30, 1, case when random() < 0.02 then 2 else 1 end, at, at + took, at + took / 4, 'ChatOpenAI',
          'model-' || (i % 8), 'openai', 'user-' || (i % 5000), array['prod', 'tag-' || (i % 20)], 900, 100, 1000, 0.000135, 0.00006, 0.000195,
          '{"input_token_details":{"cache_read":400},"price":"openai/gpt-4o-mini"}'
        from (
          select i, gen_random_uuid() as id, ${date}::timestamptz at time zone 'UTC' at time zone 'UTC' + random() * interval '24 hours' as at,
            exp(6.5 + 1.1 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())) * interval '1 millisecond' as took
          from generate_series(1, ${Math.round(runs / DAYS)}::int) i
        ) made, muster.trace_projects p where p.name = 'bench'
        returning run_id
      )
      insert into muster.trace_feed (keep_days, day, runs, completed)
      select 30, ${date}::date, array_agg(run_id), array_agg(run_id) from (select run_id, (row_number() over ()) / ${RUNS_AN_ENTRY}::int as entry from made) m
      group by entry`);
  }
  await database.query(sql`analyze muster.trace_runs`);
}

/** How long until nothing waits, in ms. */
async function counted({ database }: Stage, ctx: BenchContext): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < COUNTED_WITHIN_MS) {
    ctx.signal.throwIfAborted();
    const row = await database.one<{ waits: boolean }>(sql`
      select exists (select from muster.trace_feed where (xid, no) > (
        coalesce((select xid from muster.trace_cursors where reader = 'figures'), '0'::xid8),
        coalesce((select no from muster.trace_cursors where reader = 'figures'), 0))) as waits`);
    if (row?.waits === false) return performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the runs were not counted in ten minutes');
}

async function timed({ base }: Stage, path: string): Promise<{ readonly ms: number; readonly body: Record<string, unknown> }> {
  const began = performance.now();
  const answer = await fetch(`${base}${path}`, { headers: { 'x-api-key': KEY } });
  const body = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(body)}`);
  return { ms: performance.now() - began, body };
}

async function largestError(stage: Stage, path: string): Promise<number> {
  const { body } = await timed(stage, path);
  const total = body['total'] as Readonly<Record<string, number>>;
  const exact = await stage.database.one<{ q: readonly number[] }>(sql`
    select percentile_disc(${QUANTILES}::float8[]) within group (order by date_part('epoch', end_time - start_time)) as q from muster.trace_runs`);
  const errors = QUANTILES.map((q, index) => Math.abs((total[`latency_p${q * 100}_seconds`] ?? 0) / (exact?.q[index] ?? Number.NaN) - 1));
  return Math.max(...errors);
}

async function rowsOf({ database }: Stage): Promise<{ readonly rows: number; readonly bytes: number }> {
  const row = await database.one<{ rows: number; bytes: number }>(
    sql`select count(*)::int as rows, pg_total_relation_size('muster.trace_figures')::float8 as bytes from muster.trace_figures`,
  );
  return row ?? { rows: 0, bytes: 0 };
}
