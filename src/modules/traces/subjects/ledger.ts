import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { requireRow } from '../../../state/rows.ts';
import type { Removed } from './erase.ts';

/** A receipt: that something was erased, what, when and by whom. It holds a pseudonym, and the ids of traces that are no more. */
export interface Erasure {
  readonly erasureId: string;
  readonly kind: string;
  readonly subject: string;
  readonly requestedBy: string;
  /** Milliseconds since 1970. */
  readonly requestedAt: number;
  readonly finishedAt: number | null;
  readonly removed: Removed;
  readonly traces: readonly string[];
}

interface Row {
  readonly erasure_id: string;
  readonly kind: string;
  readonly subject: string;
  readonly requested_by: string;
  readonly requested_at: number;
  readonly finished_at: number | null;
  readonly removed: Removed;
  readonly traces: readonly string[];
}

const COLUMNS = sql`erasure_id, kind, subject, requested_by, (extract(epoch from requested_at) * 1000)::float8 as requested_at,
  (extract(epoch from finished_at) * 1000)::float8 as finished_at, removed, traces`;

/** The ledger of erasures. */
export class ErasureLedger {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Before anything is erased: so that it is known where it was broken off. */
  async begin(kind: string, subject: string, requestedBy: string): Promise<string> {
    const row = await this.#db.one<{ erasure_id: string }>(
      sql`insert into muster.trace_erasures (kind, subject, requested_by) values (${kind}, ${subject}, ${requestedBy}) returning erasure_id`,
    );
    return requireRow(row, 'the receipt of an erasure').erasure_id;
  }

  async finish(erasureId: string, traces: readonly string[], removed: Removed): Promise<Erasure> {
    const row = await this.#db.one<Row>(sql`
      update muster.trace_erasures set finished_at = clock_timestamp(), removed = ${JSON.stringify(removed)}::jsonb, traces = ${traces}::uuid[]
      where erasure_id = ${erasureId} returning ${COLUMNS}`);
    return erasure(requireRow(row, 'the receipt of an erasure'));
  }

  /** Newest first. */
  async list(limit: number): Promise<readonly Erasure[]> {
    const { rows } = await this.#db.query<Row>(sql`select ${COLUMNS} from muster.trace_erasures order by no desc limit ${limit}`);
    return rows.map(erasure);
  }
}

const erasure = (row: Row): Erasure => ({
  erasureId: row.erasure_id,
  kind: row.kind,
  subject: row.subject,
  requestedBy: row.requested_by,
  requestedAt: row.requested_at,
  finishedAt: row.finished_at,
  removed: row.removed,
  traces: row.traces,
});
