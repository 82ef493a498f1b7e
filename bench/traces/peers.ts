import fastify, { type FastifyInstance } from 'fastify';
import type { PostgresAdapter } from '../../src/db/adapter.ts';
import { sql } from '../../src/db/sql.ts';
import { BinaryArray, OID } from '../../src/modules/traces/intake/binary-array.ts';
import type { BenchContext } from '../support/bench.ts';
import { quantile } from '../support/percentiles.ts';
import type { Sending } from './sender.ts';
import { KEY, sendFrom, type Stage } from './stage.ts';

/** Handlers beside which the intake is measured. They write into the table that it wrote into before. */
export interface Peer {
  readonly sending: Pick<Sending, 'path' | 'runsARequest' | 'singly'>;
  readonly listen: (app: FastifyInstance, database: PostgresAdapter, place: Place) => void;
}

export interface PeerRate {
  readonly rate: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Where the runs of the corpus lie. */
interface Place {
  readonly keep_days: number;
  readonly day: string;
  readonly project_no: number;
}

interface SentRun {
  readonly id: string;
  readonly trace_id: string;
  readonly name: string;
  readonly start_time: string;
  readonly end_time: number;
}

/** What one writes first: a route that inserts what it is sent, a statement and a commit a run. */
export const insertEach: Peer = {
  sending: { path: '/run', runsARequest: 1, singly: true },
  listen(app, database, place) {
    app.post('/run', async (request, reply) => {
      const run = request.body as SentRun & { readonly inputs: object; readonly outputs: object; readonly extra: object };
      await database.query(sql`insert into muster.trace_runs (start_time, end_time, run_id, trace_id, project_no, day, keep_days, run_type, status, name, inputs, outputs, extra)
        values (${run.start_time}, to_timestamp(${run.end_time / 1_000}), ${run.id}, ${run.trace_id}, ${place.project_no}, ${place.day}, ${place.keep_days},
          1, 1, ${run.name}, ${JSON.stringify(run.inputs)}, ${JSON.stringify(run.outputs)}, ${JSON.stringify(run.extra)})`);
      return reply.code(202).send({});
    });
  },
};

/**
 * The least that can take LangSmith's forms at all: it cuts a form into its parts and inserts its runs in one statement. No key is checked, nothing
 * is redacted, priced, recognised as a repetition or told to anybody; a run that is sent twice is an error. What the intake is slower than this is
 * the price of what it does, and what this is slower than ten times `insertEach` no intake can make up.
 */
export const insertForms: Peer = {
  sending: { path: '/form', runsARequest: 100 },
  listen(app, database, place) {
    app.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
    app.post('/form', { bodyLimit: 50_000_000 }, async (request, reply) => {
      const parts = partsOf(request.body as Buffer);
      const runs = [...parts].flatMap(([name, text]) => (name.indexOf('.') === name.lastIndexOf('.') ? [JSON.parse(text) as SentRun] : []));
      const column = (type: keyof typeof OID, put: (array: BinaryArray, run: SentRun) => void): Buffer => {
        const array = new BinaryArray(OID[type]);
        for (const run of runs) put(array, run);
        return array.finish();
      };
      const part = (name: string): Buffer => column('text', (array, run) => array.text(parts.get(`post.${run.id}.${name}`)));
      await database.query({
        name: 'bench: insert forms',
        text: INSERT_FORM,
        values: [
          column('timestamptz', (array, run) => array.time(Date.parse(run.start_time) * 1_000)),
          column('timestamptz', (array, run) => array.time(run.end_time * 1_000)),
          column('uuid', (array, run) => array.uuid(run.id)),
          column('uuid', (array, run) => array.uuid(run.trace_id)),
          place.project_no,
          place.day,
          place.keep_days,
          column('text', (array, run) => array.text(run.name)),
          part('inputs'),
          part('outputs'),
          part('extra'),
        ],
      });
      return reply.code(202).send({});
    });
  },
};

const INSERT_FORM = `insert into muster.trace_runs (start_time, end_time, run_id, trace_id, project_no, day, keep_days, run_type, status, name, inputs, outputs, extra)
  select start_time, end_time, run_id, trace_id, $5::int, $6::date, $7::smallint, 1, 1, name, inputs, outputs, extra
  from unnest($1::timestamptz[], $2::timestamptz[], $3::uuid[], $4::uuid[], $8::text[], $9::text[], $10::text[], $11::text[])
    as t(start_time, end_time, run_id, trace_id, name, inputs, outputs, extra)`;

/** Each part's text by its name. The parts say how long they are. */
function partsOf(body: Buffer): ReadonlyMap<string, string> {
  const parts = new Map<string, string>();
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n\r\n', at);
    if (end === -1) return parts;
    const head = body.toString('latin1', at, end);
    const length = Number(/length=(\d+)/.exec(head)?.[1]);
    const name = /name="([^"]+)"/.exec(head)?.[1];
    if (name === undefined || !(length > 0)) throw new Error(`a part without its name or length: ${head}`);
    at = end + 4 + length;
    parts.set(name, body.toString('utf8', end + 4, at));
  }
}

/** What the peer takes in for so long, from as many clients as the intake had. */
export async function peerRate(
  ctx: BenchContext,
  { database, cpuMs }: Stage,
  peer: Peer,
  { clients, seconds }: { readonly clients: number; readonly seconds: number },
): Promise<PeerRate> {
  const place = await database.one<Place>(sql`select keep_days, day::text as day, project_no from muster.trace_runs limit 1`);
  if (place === undefined) throw new Error('the intake wrote nothing');
  const app = fastify({ logger: false });
  peer.listen(app, database, place);
  const base = await app.listen({ host: '127.0.0.1', port: 0 });
  try {
    const sending = { ...peer.sending, base, key: KEY, clients, encoding: 'identity' as const };
    await sendFrom(ctx, { ...sending, seconds: 2 });
    const own = process.cpuUsage();
    const { postgres } = cpuMs();
    const sent = await sendFrom(ctx, { ...sending, seconds });
    const { user, system } = process.cpuUsage(own);
    const micros = (ms: number): number => Math.round((ms * 1_000) / sent.acknowledged);
    return {
      rate: sent.acknowledged / sent.seconds,
      detail: {
        rate: sent.acknowledged / sent.seconds,
        failures: sent.failures,
        ack_p99_ms: quantile(sent.latencyMs, 0.99),
        sender_cpu_us_a_run: micros(sent.cpuMs),
        handler_cpu_us_a_run: micros((user + system) / 1_000),
        postgres_cpu_us_a_run: micros(cpuMs().postgres - postgres),
      },
    };
  } finally {
    await app.close();
  }
}
