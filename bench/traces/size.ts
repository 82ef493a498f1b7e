import { sql } from '../../src/db/sql.ts';
import type { Part } from './part.ts';
import { Corpus, MULTIPART, multipartOf } from './corpus.ts';
import { KEY, openStage, type Stage } from './stage.ts';

const RUNS = 50_000;
const RUNS_A_REQUEST = 100;
/** Sent at once. */
const CLIENTS = 4;

/** What a run of 1 KB takes on disk: half of its text is one of twenty system prompts. Figures, feed and search index are not in it. */
export const size: Part = {
  name: 'size',
  figures: [{ id: 'bytes', title: 'stored for a run of 1 KB, indexes included', unit: 'bytes', bar: 1_229, better: 'less' }],
  async run(ctx, scale) {
    const stage = await openStage(ctx, 'size');
    const corpus = new Corpus(2);
    const wanted = Math.max(5_000, Math.round(RUNS * Math.min(1, scale * 10)));
    let sent = 0;
    let bytes = 0;
    const client = async (): Promise<void> => {
      while (sent < wanted) {
        sent += RUNS_A_REQUEST;
        const runs = Array.from({ length: RUNS_A_REQUEST }, () => corpus.next());
        for (const { fields, inputs, outputs, extra } of runs) bytes += JSON.stringify({ ...fields, inputs, outputs, extra }).length;
        await post(stage, multipartOf(runs, { separate: false }));
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    const stored = await storedBytes(stage);
    const runs = stored.rows;
    return [
      {
        figure: 'bytes',
        value: (stored.runs + stored.blobs) / runs,
        detail: {
          runs,
          sent_bytes_a_run: Math.round(bytes / runs),
          table: stored.heap / runs,
          indexes: stored.indexes / runs,
          blobs: stored.blobs / runs,
          feed: stored.feed / runs,
        },
      },
    ];
  },
};

async function post({ base }: Stage, body: Buffer): Promise<void> {
  const answer = await fetch(`${base}/langsmith/runs/multipart`, {
    method: 'POST',
    headers: { 'x-api-key': KEY, 'content-type': MULTIPART },
    body: new Uint8Array(body),
  });
  if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
}

interface Stored {
  readonly rows: number;
  readonly runs: number;
  readonly heap: number;
  readonly indexes: number;
  readonly blobs: number;
  readonly feed: number;
}

async function storedBytes({ database }: Stage): Promise<Stored> {
  const row = await database.one<Stored>(sql`
    select (select count(*)::int from muster.trace_runs) as rows,
      (select sum(pg_total_relation_size(relid))::float8 from pg_partition_tree('muster.trace_runs')) as runs,
      (select sum(pg_table_size(relid))::float8 from pg_partition_tree('muster.trace_runs')) as heap,
      (select sum(pg_indexes_size(relid))::float8 from pg_partition_tree('muster.trace_runs') where isleaf) as indexes,
      (select sum(pg_total_relation_size(relid))::float8 from pg_partition_tree('muster.trace_blobs')) as blobs,
      pg_total_relation_size('muster.trace_feed')::float8 as feed`);
  if (row === undefined) throw new Error('the server did not tell the sizes');
  return row;
}
