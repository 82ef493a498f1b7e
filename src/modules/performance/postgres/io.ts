import { raw, sql } from '../../../db/sql.ts';
import { onlyRow, REST, type Check } from './server.ts';

interface WriterRow {
  readonly checkpoint: number;
  readonly bgwriter: number;
  /** Since 17 in pg_stat_io only. */
  readonly backend: number | null;
  readonly maxwritten: number;
  readonly allocated: number;
}

/** Who writes the buffers. Backends that must do it themselves wait for it. */
export const backgroundWriter: Check<WriterRow> = {
  name: 'postgres_background_writer',
  tier: '10s',
  statement: (version) =>
    version >= 170_000
      ? sql`
        select c.buffers_written::float8 as checkpoint, w.buffers_clean::float8 as bgwriter, null::float8 as backend,
          w.maxwritten_clean::float8 as maxwritten, w.buffers_alloc::float8 as allocated
        from pg_stat_bgwriter w, pg_stat_checkpointer c`
      : sql`
        select buffers_checkpoint::float8 as checkpoint, buffers_clean::float8 as bgwriter, buffers_backend::float8 as backend,
          maxwritten_clean::float8 as maxwritten, buffers_alloc::float8 as allocated
        from pg_stat_bgwriter`,
  record: (rows, { record }) => {
    const row = onlyRow(rows[0]);
    for (const by of ['checkpoint', 'bgwriter', 'backend'] as const) record('postgres_buffers_written_total', row[by], { by });
    record('postgres_bgwriter_maxwritten_total', row.maxwritten);
    record('postgres_buffers_allocated_total', row.allocated);
  },
};

const OPERATIONS = ['read', 'write', 'extend', 'writeback', 'fsync'] as const;

type IoCount = Readonly<Record<(typeof OPERATIONS)[number], number | null>>;

interface IoRow {
  readonly backend_type: string;
  readonly object: string;
  readonly context: string;
  readonly operations: IoCount;
  readonly bytes: IoCount;
  readonly seconds: IoCount;
  readonly evictions: number | null;
}

/** Kinds of I/O told by name at most. */
const MOST_KINDS = 24;

/** Input and output by who does it, to what and why. Bytes of their own came with 18; before, an operation is op_bytes. */
export const inputOutput: Check<IoRow> = {
  name: 'postgres_io',
  tier: '1m',
  since: 16,
  statement: (version) => {
    const bytes = (operation: 'read' | 'write' | 'extend'): string =>
      version >= 180_000 ? `${operation}_bytes::float8` : `(${operation}s * op_bytes)::float8`;
    return sql`
      select backend_type, object, context,
        jsonb_build_object('read', reads, 'write', writes, 'extend', extends, 'writeback', writebacks, 'fsync', fsyncs) as operations,
        jsonb_build_object('read', ${raw(bytes('read'))}, 'write', ${raw(bytes('write'))}, 'extend', ${raw(bytes('extend'))}) as bytes,
        jsonb_build_object('read', read_time / 1000, 'write', write_time / 1000, 'extend', extend_time / 1000, 'fsync', fsync_time / 1000) as seconds,
        evictions::float8 as evictions
      from pg_stat_io
      where coalesce(reads, 0) + coalesce(writes, 0) + coalesce(extends, 0) + coalesce(fsyncs, 0) + coalesce(evictions, 0) > 0
      order by coalesce(reads, 0) + coalesce(writes, 0) + coalesce(extends, 0) desc limit ${MOST_KINDS}`;
  },
  record: (rows, { record }) => {
    for (const { backend_type, object, context, operations, bytes, seconds, evictions } of rows) {
      const labels = { backend_type, object, context };
      for (const operation of OPERATIONS) {
        // What was never done is no series.
        if ((operations[operation] ?? 0) === 0) continue;
        record('postgres_io_operations_total', operations[operation], { ...labels, operation });
        record('postgres_io_bytes_total', bytes[operation], { ...labels, operation });
        // Without track_io_timing every time is 0: not measured.
        if ((seconds[operation] ?? 0) > 0) record('postgres_io_seconds_total', seconds[operation], { ...labels, operation });
      }
      if ((evictions ?? 0) > 0) record('postgres_io_evictions_total', evictions, labels);
    }
  },
};

interface SlruRow {
  readonly slru: string;
  readonly hits: number;
  readonly reads: number;
}

/** The small caches of transaction states: one that is too small makes every visibility check a read. */
export const slru: Check<SlruRow> = {
  name: 'postgres_slru',
  tier: '1m',
  statement: () =>
    sql`select lower(name) as slru, blks_hit::float8 as hits, blks_read::float8 as reads from pg_stat_slru where blks_hit + blks_read > 0 limit 16`,
  record: (rows, { record }) => {
    for (const { slru: name, hits, reads } of rows) {
      record('postgres_slru_blocks_total', hits, { slru: name, source: 'hit' });
      record('postgres_slru_blocks_total', reads, { slru: name, source: 'read' });
    }
  },
};

interface SizeRow {
  readonly datname: string | null;
  readonly bytes: number;
}

const MOST_DATABASES = 16;

/** Every database of the server that this role may connect to. Grows with the number of files: rare. */
export const databaseSizes: Check<SizeRow> = {
  name: 'postgres_database_sizes',
  tier: 'rare',
  statement: () => sql`
    with sized as (
      select datname, bytes, row_number() over (order by bytes desc, datname) as place from (
        select datname, pg_database_size(oid)::float8 as bytes from pg_database where has_database_privilege(oid, 'connect')
      ) database
    )
    select datname, bytes from sized where place <= ${MOST_DATABASES}
    union all select null, sum(bytes) from sized where place > ${MOST_DATABASES} having count(*) > 0`,
  record: (rows, { record }) => {
    for (const { datname, bytes } of rows) record('postgres_cluster_database_size_bytes', bytes, { datname: datname ?? REST });
  },
};
