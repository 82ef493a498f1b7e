-- Every score with what it is made of, as long as it was so: the row with no end is how a subject stands now. So "why 62?" is
-- one row, and "what changed since 09:00?" the difference of two.
create table muster.health_scores (
  subject     text         not null check (length(subject) between 1 and 300),
  since       timestamptz  not null,
  until       timestamptz,                                -- null: it still is so; a time in which nobody judged is in no row
  score       float8       check (score between 0 and 100), -- null: nothing is known, or it is paused
  band        text         not null check (band in ('healthy', 'degraded', 'unhealthy', 'critical', 'unknown', 'paused')),
  level       text         check (level in ('info', 'warning', 'critical', 'emergency')),
  coverage    float8       not null check (coverage between 0 and 1),
  findings    jsonb        not null default '[]',          -- with the points each takes
  unknown     jsonb        not null default '[]',          -- checks without data, with why
  caps        jsonb        not null default '[]',          -- what holds the score down besides the findings
  components  jsonb        not null default '[]',          -- of the fleet: its groups
  primary key (subject, since),
  check (until >= since)
) with (fillfactor = 80);
create unique index health_scores_now on muster.health_scores (subject) where until is null;
create index health_scores_by_end on muster.health_scores (until) where until is not null;
