import { setTimeout as delay } from 'node:timers/promises';
import { sql } from '../src/db/sql.ts';
import type { Database } from '../src/db/database.ts';
import { WakeUps } from '../src/db/wake-ups.ts';
import { HttpServer, buildServer } from '../src/server/app.ts';
import { createAccess } from '../src/state/access.ts';
import { createSharedState } from '../src/state/create-shared-state.ts';
import type { Bench } from './support/bench.ts';
import { runLoad } from './support/http-client.ts';
import { spreadOf } from './support/percentiles.ts';

const AGENTS = 1_000;
const PER_SECOND = 200;
const BEAT_MS = 2_000;
/** Beats are spread over the two seconds, so that the state of some agent is never older than this: age beyond it is the API's. */
const TURN_MS = 25;
const KEY = 'bench-bootstrap-key';

/**
 * The latest state of 1,000 agents in one page, asked for 200 times a second over keep-alive connections by another process,
 * while every agent beats every two seconds. Server, client and PostgreSQL share the machine. A request's time runs from
 * when it was due, to the last byte of its 0.7 MB.
 */
export const bench: Bench = {
  name: 'api-agents',
  title: `GET /api/v1/agents?limit=${AGENTS}, ${AGENTS} agents in one page, ${PER_SECOND} requests/s`,
  seconds: 60,
  figures: [
    { id: 'p95', title: 'answer complete, 95th percentile', bar: 20, unit: 'ms', better: 'less' },
    { id: 'stale', title: 'oldest state ever given, arrival included', bar: 500, unit: 'ms', better: 'less' },
    { id: 'p50', title: 'answer complete, median', unit: 'ms', better: 'less' },
    { id: 'p99', title: 'answer complete, 99th percentile', unit: 'ms', better: 'less' },
    { id: 'server-cpu', title: 'server process, CPU', unit: '% of a core', better: 'less' },
    { id: 'client-cpu', title: 'client process, CPU', unit: '% of a core', better: 'less' },
  ],
  async run(ctx) {
    const { database } = await ctx.database();
    const wake = new WakeUps(database, { log: ctx.log });
    await wake.start();
    ctx.defer(() => wake.stop());
    const state = createSharedState(database, { wake });
    await state.agents.ensure(
      Array.from({ length: AGENTS }, (_, n) => ({
        agentId: idOf(n),
        name: `Load ${n}`,
        type: 'load',
        config: { every: '30s', threshold: n },
        metadata: { team: 'bench', purpose: 'stands for an agent' },
      })),
    );
    await database.query(sql`delete from muster.agents where agent_type = 'slot'`);
    const app = await buildServer({
      state,
      access: createAccess(database),
      wake,
      modules: [],
      types: [],
      log: ctx.log,
      version: 'bench',
      bootstrapKey: KEY,
      webRoot: null,
    });
    const server = new HttpServer({ app, host: '127.0.0.1', port: 0 });
    await server.start();
    ctx.defer(() => server.stop());
    const beats = new AbortController();
    const beating = beat(database, beats.signal);

    const before = process.cpuUsage();
    const started = performance.now();
    const report = await runLoad(ctx, {
      base: `http://127.0.0.1:${server.port}`,
      key: KEY,
      paths: [`/api/v1/agents?limit=${AGENTS}`],
      perSecond: PER_SECOND,
      seconds: ctx.seconds,
      warmUpSeconds: 2,
      parseEvery: 20,
    });
    const cpu = process.cpuUsage(before);
    const elapsedMs = performance.now() - started;
    beats.abort();
    await beating;
    if (Object.keys(report.failures).length > 0) throw new Error(`requests failed: ${JSON.stringify(report.failures)}`);
    if (report.itemsMin !== AGENTS) throw new Error(`a page held ${report.itemsMin} agents, not ${AGENTS}`);
    const spread = spreadOf(report.latencyMs);
    const stale = spreadOf(report.staleMs);
    const detail = { ...spread, bytesAnAnswer: Math.round(report.bytes / report.latencyMs.length), connections: report.connections };
    return [
      { figure: 'p95', value: spread.p95, raw: report.latencyMs, detail },
      { figure: 'stale', value: stale.max, detail: { ...stale, turnMs: TURN_MS } },
      { figure: 'p50', value: spread.p50 },
      { figure: 'p99', value: spread.p99 },
      { figure: 'server-cpu', value: (cpu.user + cpu.system) / 10 / elapsedMs, detail: { beatsToo: true } },
      { figure: 'client-cpu', value: report.cpuMs / 10 / ctx.seconds },
    ];
  },
};

/** Every agent once in two seconds, some of them every turn. Not waiting for the disk, as hosts do not for their samples. */
async function beat(database: Database, signal: AbortSignal): Promise<void> {
  const turns = BEAT_MS / TURN_MS;
  const agents = Array.from({ length: turns }, (_, turn) =>
    Array.from({ length: AGENTS }, (__, n) => idOf(n)).filter((___, n) => n % turns === turn),
  );
  for (let turn = 0; !signal.aborted; turn = (turn + 1) % turns) {
    await database.transaction(
      (tx) =>
        tx.query(sql`
          update muster.agent_leases set last_heartbeat_at = clock_timestamp(), status = 'running', health_score = 100, run_count = run_count + 1
          where agent_id = any(${agents[turn]}::text[])`),
      { synchronousCommit: 'off' },
    );
    await delay(TURN_MS, undefined, { signal }).catch(() => undefined);
  }
}

const idOf = (n: number): string => `load_${String(n).padStart(4, '0')}`;
