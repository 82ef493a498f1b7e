import { randomUUID } from 'node:crypto';
import { MusterError } from '../../base/errors.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { named, sql } from '../../db/sql.ts';
import { decide, type LateStretch } from './batch-decision.ts';
import { upsertLatest, type LatestValues, type Newest } from './latest-values.ts';
import type { HostBatch, Sample, WriteResult } from './metrics.ts';
import { WRITE_STATEMENT_MS } from './options.ts';
import { timestampOf } from './pg-time.ts';
import { COPY_SAMPLES, encodeSampleCopy } from './sample-copy.ts';
import type { SeriesCatalogue } from './series-catalogue.ts';

/** 42 bytes each on the wire: 10.5 MB. */
const LARGEST_BATCH = 250_000;

export interface SampleWriterOptions {
  readonly synchronousCommit: 'on' | 'off';
  readonly detailDays: number;
  readonly onNewest?: (() => void) | undefined;
}

type Host = Pick<HostBatch, 'hostId' | 'fences'>;

/** A number for a batch, unique under its writer; a writer has one batch under way. */
interface Ticket {
  readonly writerId: string;
  readonly batch: number;
  /** What the last attempt would report, once its transaction had got that far. */
  result?: WriteResult;
}

interface OpenedBatch {
  readonly is_new: boolean;
  readonly now_ms: number;
  readonly stale: readonly string[];
}

/** Writes batches of samples: each in one transaction of two statements, whatever its size, and now and then one more for `latest`. */
export class SampleWriter {
  readonly #database: Database;
  readonly #series: SeriesCatalogue;
  readonly #latest: LatestValues;
  readonly #options: SampleWriterOptions;
  /** Writers without a batch under way; as many as there were batches at once. */
  readonly #idle: { readonly writerId: string; next: number }[] = [];
  /** Batches that failed, or are in doubt: written again under the same ticket. A writer with such a batch takes no other. */
  readonly #tickets = new WeakMap<object, Ticket>();

  constructor(database: Database, series: SeriesCatalogue, latest: LatestValues, options: SampleWriterOptions) {
    this.#database = database;
    this.#series = series;
    this.#latest = latest;
    this.#options = options;
  }

  /** `identity` is the object that names the batch when it comes again. */
  async write(identity: object, samples: readonly Sample[], host?: Host): Promise<WriteResult> {
    if (samples.length > LARGEST_BATCH) {
      throw new MusterError('TOO_LARGE', `a batch holds at most ${LARGEST_BATCH} samples, not ${samples.length}`);
    }
    if (samples.length === 0) return { written: 0, rejected: [] };
    // A series is only a name: creating it needs no fence, and the samples under it are refused all the same.
    const ids = await this.#series.resolve(samples);
    const ticket = this.#tickets.get(identity) ?? this.#nextTicket();
    this.#tickets.set(identity, ticket);
    const result = await this.#inTransaction(ticket, samples, ids, host);
    this.#tickets.delete(identity);
    this.#idle.push({ writerId: ticket.writerId, next: ticket.batch + 1 });
    return result;
  }

  #nextTicket(): Ticket {
    const writer = this.#idle.pop() ?? { writerId: randomUUID(), next: 1 };
    return { writerId: writer.writerId, batch: writer.next };
  }

  async #inTransaction(ticket: Ticket, samples: readonly Sample[], ids: Int32Array, host: Host | undefined): Promise<WriteResult> {
    let taken: ReadonlyMap<number, Newest> = new Map();
    let unnoted: Uint32Array = new Uint32Array();
    let bringsNewest = false;
    try {
      const result = await this.#database.transaction(
        async (tx) => {
          const opened = await open(tx, ticket, host);
          if (!opened.is_new) return ticket.result ?? { written: 0, rejected: [] };
          const held = heldAgents(host, opened.stale);
          const decision = decide(samples, ids, { now: opened.now_ms, detailDays: this.#options.detailDays, held });
          ticket.result = { written: decision.order.length, rejected: decision.rejected };
          const isDue = this.#latest.pauseMs === 0;
          bringsNewest = isDue || this.#latest.goAhead(decision.newest.length);
          if (isDue) taken = this.#latest.take();
          if (bringsNewest) await upsertLatest(tx, together(taken, samples, ids, decision.newest));
          else unnoted = decision.newest;
          await writeLate(tx, decision.late);
          if (decision.order.length > 0) await tx.copyBinary(COPY_SAMPLES, encodeSampleCopy(samples, ids, decision.order));
          return ticket.result;
        },
        { synchronousCommit: this.#options.synchronousCommit, statementTimeoutMs: WRITE_STATEMENT_MS },
      );
      if (bringsNewest) this.#options.onNewest?.();
      for (const place of unnoted) {
        const sample = samples[place];
        if (sample !== undefined) this.#latest.note(ids[place] ?? 0, sample.at, sample.value);
      }
      return result;
    } catch (error) {
      this.#latest.giveBack(taken);
      throw error;
    }
  }
}

/** What was pending and what this batch brings: the latter is not pending before it is committed. */
function together(
  pending: ReadonlyMap<number, Newest>,
  samples: readonly Sample[],
  ids: Int32Array,
  newest: Uint32Array,
): ReadonlyMap<number, Newest> {
  const all = new Map(pending);
  for (const place of newest) {
    const sample = samples[place];
    const series = ids[place] ?? 0;
    if (sample !== undefined && sample.at >= (all.get(series)?.at ?? Number.NEGATIVE_INFINITY)) all.set(series, sample);
  }
  return all;
}

function heldAgents(host: Host | undefined, stale: readonly string[]): ReadonlySet<string> | undefined {
  if (host === undefined) return undefined;
  const held = new Set<string>(host.fences.map((fence) => fence.agentId));
  for (const agent of stale) held.delete(agent);
  return held;
}

async function open(tx: Transaction, ticket: Ticket, host: Host | undefined): Promise<OpenedBatch> {
  const { rows } = await tx.query<OpenedBatch>(
    named(
      'muster_open_sample_batch',
      sql`select is_new, now_ms, stale from muster.open_sample_batch(${ticket.writerId}, ${ticket.batch}, ${host?.hostId ?? null},
            ${host?.fences.map((fence) => fence.agentId) ?? []}::text[], ${host?.fences.map((fence) => fence.epoch) ?? []}::bigint[])`,
    ),
  );
  const opened = rows[0];
  if (opened === undefined) throw new MusterError('INTERNAL', 'muster.open_sample_batch gave no row');
  return opened;
}

/** In the transaction of the samples: whoever sees the one sees the other. */
async function writeLate(tx: Transaction, late: readonly LateStretch[]): Promise<void> {
  if (late.length === 0) return;
  await tx.query(sql`
    insert into muster.rollup_dirty (series_id, from_ts, to_ts)
    select * from unnest(${late.map(({ series }) => series)}::int[], ${late.map(({ from }) => timestampOf(from))}::timestamptz[],
                         ${late.map(({ to }) => timestampOf(to))}::timestamptz[])`);
}
