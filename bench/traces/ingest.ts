import fastify from 'fastify';
import { sql } from '../../src/db/sql.ts';
import type { BenchContext, Measurement } from '../support/bench.ts';
import { quantile } from '../support/percentiles.ts';
import type { Part } from './part.ts';
import { KEY, openStage, sendFrom, type Stage } from './stage.ts';
import type { Sending, Sent } from './sender.ts';

const CLIENTS = 8;
const RUNS_A_REQUEST = 100;
/** Of a run of full length: both encodings, then the peer. */
const SECONDS = 600;

/**
 * Runs of 1 KB through the multipart door, acknowledged and counted in the table afterwards, sender, server and PostgreSQL on one machine; against
 * a plain Fastify handler that inserts each run it is sent into the same table.
 */
export const ingest: Part = {
  name: 'ingest',
  figures: [
    { id: 'identity', title: 'runs of 1 KB acknowledged and committed, 8 clients', unit: 'runs/s', bar: 5_000, better: 'more' },
    { id: 'gzip', title: 'the same, compressed, begun and ended apart', unit: 'runs/s', bar: 4_000, better: 'more' },
    { id: 'ratio', title: 'rate / rate of a handler that INSERTs each run', unit: 'ratio', bar: 10, better: 'more' },
    { id: 'lost', title: 'acknowledged, but not in the table', unit: 'runs', bar: 0, better: 'less' },
    { id: 'ack-p99', title: 'a request of 100 runs acknowledged, 99th percentile', unit: 'ms', better: 'less' },
  ],
  async run(ctx, scale) {
    const stage = await openStage(ctx, 'ingest');
    const seconds = Math.max(5, SECONDS * scale);
    const warm = await turn(ctx, stage, 'identity', 3);
    const identity = await turn(ctx, stage, 'identity', seconds);
    const gzip = await turn(ctx, stage, 'gzip', seconds);
    const plain = await plainHandler(ctx, stage, Math.min(20, seconds));
    return [
      { figure: 'identity', value: identity.rate, detail: identity.detail },
      { figure: 'gzip', value: gzip.rate, detail: gzip.detail },
      {
        figure: 'ratio',
        value: identity.rate / plain.rate,
        peer: { name: 'Fastify, an INSERT a run', value: 1, isMeasured: true },
        detail: { plain_runs_per_second: plain.rate, ...plain.detail },
      },
      { figure: 'lost', value: warm.lost + identity.lost + gzip.lost },
      { figure: 'ack-p99', value: quantile(identity.sent.latencyMs, 0.99) },
    ] satisfies Measurement[];
  },
};

interface Turn {
  readonly rate: number;
  readonly lost: number;
  readonly sent: Sent;
  readonly detail: Readonly<Record<string, unknown>>;
}

async function turn(ctx: BenchContext, stage: Stage, encoding: Sending['encoding'], seconds: number): Promise<Turn> {
  const before = await countRuns(stage);
  const cpu = stage.cpuMs();
  const sending = {
    base: stage.base,
    key: KEY,
    path: '/langsmith/runs/multipart',
    clients: CLIENTS,
    seconds,
    runsARequest: RUNS_A_REQUEST,
    encoding,
  };
  const sent = await sendFrom(ctx, sending);
  const used = stage.cpuMs();
  const committed = (await countRuns(stage)) - before;
  const micros = (ms: number): number => Math.round((ms * 1_000) / committed);
  return {
    rate: Math.min(committed, sent.acknowledged) / sent.seconds,
    lost: Math.max(0, sent.acknowledged - committed),
    sent,
    detail: {
      seconds: sent.seconds,
      acknowledged: sent.acknowledged,
      committed,
      failures: sent.failures,
      bytes_a_run: Math.round(sent.bytes / Math.max(1, sent.acknowledged)),
      sender_cpu_us_a_run: micros(sent.cpuMs),
      server_cpu_us_a_run: micros(used.server - cpu.server),
      postgres_cpu_us_a_run: micros(used.postgres - cpu.postgres),
      ack_p50_ms: quantile(sent.latencyMs, 0.5),
      ack_p99_ms: quantile(sent.latencyMs, 0.99),
    },
  };
}

async function countRuns({ database }: Stage): Promise<number> {
  return (await database.one<{ n: number }>(sql`select count(*) as n from muster.trace_runs`))?.n ?? 0;
}

/** What one writes first: a route that inserts what it is sent, a statement and a commit a run. */
async function plainHandler(ctx: BenchContext, { database, cpuMs }: Stage, seconds: number): Promise<Pick<Turn, 'rate' | 'detail'>> {
  const app = fastify({ logger: false });
  const place = await database.one<{ keep_days: number; day: string; project_no: number }>(
    sql`select keep_days, day::text as day, project_no from muster.trace_runs limit 1`,
  );
  app.post('/runs', async (request, reply) => {
    const run = request.body as Record<string, string> & { inputs: object; outputs: object; extra: object; end_time: number };
    await database.query(sql`insert into muster.trace_runs (start_time, end_time, run_id, trace_id, project_no, day, keep_days, run_type, status, name, inputs, outputs, extra)
      values (${run['start_time']}, to_timestamp(${run.end_time / 1_000}), ${run['id']}, ${run['trace_id']}, ${place?.project_no}, ${place?.day}, ${place?.keep_days},
        1, 1, ${run['name']}, ${JSON.stringify(run.inputs)}, ${JSON.stringify(run.outputs)}, ${JSON.stringify(run.extra)})`);
    return reply.code(202).send({});
  });
  const base = await app.listen({ host: '127.0.0.1', port: 0 });
  try {
    const own = process.cpuUsage();
    const { postgres } = cpuMs();
    const sent = await sendFrom(ctx, {
      base,
      key: KEY,
      path: '/runs',
      clients: CLIENTS,
      seconds,
      runsARequest: 1,
      encoding: 'identity',
      singly: true,
    });
    const { user, system } = process.cpuUsage(own);
    return {
      rate: sent.acknowledged / sent.seconds,
      detail: {
        plain_failures: sent.failures,
        plain_p99_ms: quantile(sent.latencyMs, 0.99),
        plain_sender_cpu_us_a_run: Math.round((sent.cpuMs * 1_000) / sent.acknowledged),
        plain_handler_cpu_us_a_run: Math.round((user + system) / sent.acknowledged),
        plain_postgres_cpu_us_a_run: Math.round(((cpuMs().postgres - postgres) * 1_000) / sent.acknowledged),
      },
    };
  } finally {
    await app.close();
  }
}
