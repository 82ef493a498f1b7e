-- Full-text search: an index of our own in segments, because a GIN index on the words of a run costs several times the bytes and the time,
-- and gives no order by time. A segment is immutable and holds the words of up to some 30,000 runs of one day; small ones are merged. It lies in the
-- same partitions as its runs, and is dropped with them.

create table muster.trace_search_segments (
  keep_days  smallint    not null,
  day        date        not null,
  segment_no bigint      not null generated always as identity,
  runs_count int         not null,
  newest     timestamptz not null,
  oldest     timestamptz not null,
  runs       bytea       not null,   -- newest first, 28 bytes each: run_id, start_time in microseconds (big-endian), project_no
  words      text        not null,   -- sorted, one a line
  firsts     bytea       not null,   -- of every block of postings: the place of its first word, 4 bytes big-endian each
  primary key (segment_no, keep_days, day)
) partition by list (keep_days);
alter table muster.trace_search_segments alter column runs set storage external;

-- For every word in turn: in how many runs it stands, and in which: places in `runs`, as varints of their differences.
create table muster.trace_search_postings (
  keep_days  smallint not null,
  day        date     not null,
  segment_no bigint   not null,
  block      int      not null,
  data       bytea    not null,
  primary key (segment_no, block, keep_days, day)
) partition by list (keep_days);
alter table muster.trace_search_postings alter column data set storage external;
