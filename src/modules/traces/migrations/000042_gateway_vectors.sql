-- What the question of a kept answer means, for whoever asks nearly the same. The bucket is a hash of all else in the request: only within it
-- questions are compared. It goes with its answer.
create table muster.gateway_vectors (
  key        bytea       primary key references muster.gateway_answers on delete cascade,
  bucket     bytea       not null,
  vector     bytea       not null,           -- of length 1: float32, little-endian
  created_at timestamptz not null default clock_timestamp()
);
create index gateway_vectors_by_bucket on muster.gateway_vectors (bucket, created_at);
