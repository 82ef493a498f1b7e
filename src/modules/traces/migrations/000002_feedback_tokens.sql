-- Addresses by which the user of an application judges one answer, without a key: the token is it. Only its hash is kept.
create table muster.trace_feedback_tokens (
  token_id    uuid        primary key,
  token_hash  bytea       not null unique,
  run_id      uuid        not null,
  key         text        not null,
  created_by  text        not null,
  created_at  timestamptz not null default clock_timestamp(),
  expires_at  timestamptz not null
);
create index trace_feedback_tokens_by_run on muster.trace_feedback_tokens (run_id);

-- Feedback that came before its run: once that is there, its project is filled in.
create index trace_feedback_without_run on muster.trace_feedback (run_id) where project_no is null and run_id is not null;
