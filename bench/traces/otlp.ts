import type { BenchContext } from '../support/bench.ts';
import { quantile } from '../support/percentiles.ts';
import type { Part } from './part.ts';
import { countRuns, KEY, openStage, sendFrom, type Stage } from './stage.ts';

const CLIENTS = 4;
const SPANS_A_REQUEST = 512;
/** Of a run of full length. */
const SECONDS = 300;

/** Spans of OpenTelemetry, a chat of 1 KB each, in protobuf as exporters batch them: acknowledged, and counted in the table afterwards. */
export const otlp: Part = {
  name: 'otlp',
  figures: [
    {
      id: 'spans',
      title: 'spans acknowledged and committed, OTLP protobuf in batches of 512',
      unit: 'spans/s',
      bar: 8_000,
      better: 'more',
    },
    { id: 'spans-lost', title: 'acknowledged, but not in the table', unit: 'spans', bar: 0, better: 'less' },
    { id: 'spans-ack-p99', title: 'a request of 512 spans acknowledged, 99th percentile', unit: 'ms', better: 'less' },
  ],
  async run(ctx, scale) {
    const stage = await openStage(ctx, 'otlp');
    await turn(ctx, stage, 3);
    const { sent, committed, serverMs, postgresMs } = await turn(ctx, stage, Math.max(5, SECONDS * scale));
    return [
      {
        figure: 'spans',
        value: Math.min(committed, sent.acknowledged) / sent.seconds,
        detail: {
          seconds: sent.seconds,
          acknowledged: sent.acknowledged,
          committed,
          failures: sent.failures,
          bytes_a_span: Math.round(sent.bytes / Math.max(1, sent.acknowledged)),
          sender_cpu_us_a_span: Math.round((sent.cpuMs * 1_000) / committed),
          server_cpu_us_a_span: Math.round((serverMs * 1_000) / committed),
          postgres_cpu_us_a_span: Math.round((postgresMs * 1_000) / committed),
          ack_p50_ms: quantile(sent.latencyMs, 0.5),
        },
      },
      { figure: 'spans-lost', value: Math.max(0, sent.acknowledged - committed) },
      { figure: 'spans-ack-p99', value: quantile(sent.latencyMs, 0.99) },
    ];
  },
};

async function turn(ctx: BenchContext, stage: Stage, seconds: number) {
  const before = await countRuns(stage);
  const cpu = stage.cpuMs();
  const sent = await sendFrom(ctx, {
    base: stage.base,
    key: KEY,
    path: '/v1/traces',
    clients: CLIENTS,
    seconds,
    runsARequest: SPANS_A_REQUEST,
    encoding: 'identity',
    as: 'spans',
  });
  const used = stage.cpuMs();
  return {
    sent,
    committed: (await countRuns(stage)) - before,
    serverMs: used.server - cpu.server,
    postgresMs: used.postgres - cpu.postgres,
  };
}
