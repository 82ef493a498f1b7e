import { randomUUID } from 'node:crypto';
import { MusterError } from '../../base/errors.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { named, sql } from '../../db/sql.ts';
import { upsertLatest, type LatestValues, type Newest } from './latest-values.ts';
import type { HostBatch, RejectionReason, Sample, WriteResult } from './metrics.ts';
import { DAY_MS, FUTURE_MS, LATE_MS, WRITE_STATEMENT_MS } from './options.ts';
import { timestampOf } from './pg-time.ts';
import { bySeries, COPY_SAMPLES, encodeSampleCopy } from './sample-copy.ts';
import { refusalOfValue } from './series-key.ts';
import type { SeriesCatalogue } from './series-catalogue.ts';

/** 34 bytes each on the wire: 8.5 MB. */
const LARGEST_BATCH = 250_000;

export interface SampleWriterOptions {
  readonly synchronousCommit: 'on' | 'off';
  readonly detailDays: number;
}

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

/** What of a batch is written, once the database has told the time and the stale agents. */
interface Decision {
  readonly accepted: Uint32Array;
  readonly rejected: WriteResult['rejected'];
  readonly newest: ReadonlyMap<number, Newest>;
  readonly late: ReadonlyMap<number, Stretch>;
}

interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Writes batches of samples: each in one transaction of four statements, whatever its size. */
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
  async write(identity: object, samples: readonly Sample[], host?: Pick<HostBatch, 'hostId' | 'fences'>): Promise<WriteResult> {
    if (samples.length > LARGEST_BATCH) {
      throw new MusterError('TOO_LARGE', `a batch holds at most ${LARGEST_BATCH} samples, not ${samples.length}`);
    }
    // A series is only a name: creating it needs no fence, and the samples under it are refused all the same.
    const series = await this.#series.resolve(samples);
    const ticket = this.#tickets.get(identity) ?? this.#nextTicket();
    this.#tickets.set(identity, ticket);
    const result = await this.#inTransaction(ticket, samples, series, host);
    this.#tickets.delete(identity);
    this.#idle.push({ writerId: ticket.writerId, next: ticket.batch + 1 });
    return result;
  }

  async #inTransaction(
    ticket: Ticket,
    samples: readonly Sample[],
    series: readonly (number | RejectionReason)[],
    host: Pick<HostBatch, 'hostId' | 'fences'> | undefined,
  ): Promise<WriteResult> {
    let unwritten: ReadonlyMap<number, Newest> = new Map();
    let flushing: ReadonlyMap<number, Newest> = new Map();
    try {
      const result = await this.#database.transaction(
        async (tx) => {
          const opened = await open(tx, ticket, host);
          if (!opened.is_new) return ticket.result ?? { written: 0, rejected: [] };
          const decision = this.#decide(samples, series, opened, host);
          ticket.result = { written: decision.accepted.length, rejected: decision.rejected };
          unwritten = decision.newest;
          if (this.#latest.pauseMs === 0) {
            this.#latest.note(decision.newest);
            unwritten = new Map();
            flushing = this.#latest.take();
            await upsertLatest(tx, flushing);
          }
          await writeLate(tx, decision.late);
          if (decision.accepted.length > 0) {
            const ids = Int32Array.from(series, (id) => (typeof id === 'number' ? id : 0));
            await tx.copyBinary(COPY_SAMPLES, encodeSampleCopy(samples, ids, bySeries(ids, decision.accepted)));
          }
          return ticket.result;
        },
        // What comes from outside is acknowledged to somebody, and then it is on disk; a host's own samples may wait for the next flush.
        { synchronousCommit: host === undefined ? 'on' : this.#options.synchronousCommit, statementTimeoutMs: WRITE_STATEMENT_MS },
      );
      this.#latest.note(unwritten);
      return result;
    } catch (error) {
      // What this batch brought is written when it comes again, or, if it was committed after all, by the next rollup.
      this.#latest.note(flushing);
      throw error;
    }
  }

  #nextTicket(): Ticket {
    const writer = this.#idle.pop() ?? { writerId: randomUUID(), next: 1 };
    return { writerId: writer.writerId, batch: writer.next };
  }

  #decide(
    samples: readonly Sample[],
    series: readonly (number | RejectionReason)[],
    { now_ms: now, stale }: OpenedBatch,
    host: Pick<HostBatch, 'fences'> | undefined,
  ): Decision {
    const held = host === undefined ? undefined : new Set(host.fences.map((fence) => fence.agentId as string));
    for (const agent of stale) held?.delete(agent);
    const oldest = now - this.#options.detailDays * DAY_MS;
    const accepted = new Uint32Array(samples.length);
    const rejected: { index: number; reason: RejectionReason }[] = [];
    const newest = new Map<number, Newest>();
    const late = new Map<number, Stretch>();
    let count = 0;
    samples.forEach((sample, index) => {
      const id = series[index] ?? 'bad_name';
      const reason =
        typeof id !== 'number'
          ? id
          : (refusalOfValue(sample) ??
            (held === undefined || sample.agentId === '' || held.has(sample.agentId) ? undefined : 'stale_epoch') ??
            (sample.at <= now + FUTURE_MS && sample.at >= oldest ? undefined : 'bad_time'));
      if (reason !== undefined) rejected.push({ index, reason });
      else if (typeof id === 'number') {
        accepted[count++] = index;
        const known = newest.get(id);
        if (known === undefined || known.at <= sample.at) newest.set(id, { at: sample.at, value: sample.value });
        if (sample.at < now - LATE_MS) {
          const stretch = late.get(id) ?? { from: sample.at, to: sample.at };
          late.set(id, { from: Math.min(stretch.from, sample.at), to: Math.max(stretch.to, sample.at) });
        }
      }
    });
    return { accepted: accepted.subarray(0, count), rejected, newest, late };
  }
}

async function open(tx: Transaction, ticket: Ticket, host: Pick<HostBatch, 'hostId' | 'fences'> | undefined): Promise<OpenedBatch> {
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
async function writeLate(tx: Transaction, late: ReadonlyMap<number, Stretch>): Promise<void> {
  if (late.size === 0) return;
  const stretches = [...late.values()];
  await tx.query(sql`
    insert into muster.rollup_dirty (series_id, from_ts, to_ts)
    select * from unnest(${[...late.keys()]}::int[], ${stretches.map(({ from }) => timestampOf(from))}::timestamptz[],
                         ${stretches.map(({ to }) => timestampOf(to))}::timestamptz[])`);
}
