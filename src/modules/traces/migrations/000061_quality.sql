-- Which runs are judged by rules, and what came of it.

create table muster.trace_judging (
  project_no  int         primary key,             -- 0: where a project says nothing
  share       float8      not null check (share between 0 and 1), -- of its completed runs of models
  checks      text[],                              -- null: all
  keep_passes boolean     not null,                -- as feedback, too; they are counted in any case
  updated_by  text        not null,
  updated_at  timestamptz not null default clock_timestamp()
);

-- Scores by the hour in which they were given. Written in the transaction that moves the cursor: each run counts once.
create table muster.trace_score_hours (
  project_no int         not null,
  key        text        not null,                 -- '': runs that the rules left out
  hour       timestamptz not null,
  n          int         not null,
  sum        float8      not null,
  failures   int         not null,
  primary key (project_no, key, hour)
) with (fillfactor = 70);
create index trace_score_hours_by_hour on muster.trace_score_hours (hour);
