import type { BenchContext, Measurement } from '../support/bench.ts';
import { quantile } from '../support/percentiles.ts';
import type { Part } from './part.ts';
import { insertEach, insertForms, peerRate } from './peers.ts';
import { countRuns, KEY, openStage, sendFrom, type Stage } from './stage.ts';
import type { Sending, Sent } from './sender.ts';

const CLIENTS = 8;
const RUNS_A_REQUEST = 100;
/** Of a run of full length: both encodings, then the peers. */
const SECONDS = 600;
const PEER_SECONDS = 20;

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
    {
      id: 'least-ratio',
      title: 'the same of a handler that only cuts forms and inserts each in one statement',
      unit: 'ratio',
      better: 'more',
    },
    { id: 'lost', title: 'acknowledged, but not in the table', unit: 'runs', bar: 0, better: 'less' },
    { id: 'ack-p99', title: 'a request of 100 runs acknowledged, 99th percentile', unit: 'ms', better: 'less' },
  ],
  async run(ctx, scale) {
    const stage = await openStage(ctx, 'ingest');
    const seconds = Math.max(5, SECONDS * scale);
    const warm = await turn(ctx, stage, 'identity', 3);
    const identity = await turn(ctx, stage, 'identity', seconds);
    const gzip = await turn(ctx, stage, 'gzip', seconds);
    const sending = { clients: CLIENTS, seconds: Math.min(PEER_SECONDS, seconds) };
    const plain = await peerRate(ctx, stage, insertEach, sending);
    const least = await peerRate(ctx, stage, insertForms, sending);
    return [
      { figure: 'identity', value: identity.rate, detail: identity.detail },
      { figure: 'gzip', value: gzip.rate, detail: gzip.detail },
      {
        figure: 'ratio',
        value: identity.rate / plain.rate,
        peer: { name: 'Fastify, an INSERT a run', value: 1, isMeasured: true },
        detail: plain.detail,
      },
      { figure: 'least-ratio', value: least.rate / plain.rate, detail: least.detail },
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
