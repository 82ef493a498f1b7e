-- What the public sees: components, and how each stood, from when to when. Time that is in no interval is unknown.

create table muster.status_components (
  key         text        primary key,
  name        text        not null,
  position    integer     not null,
  optional    boolean     not null default false,       -- not shown while there is nothing to it, as jobs where nobody has any
  created_at  timestamptz not null default clock_timestamp(),
  retired_at  timestamptz                               -- it is shown no more; its past is kept for when it comes back
);

-- The newest interval of a component is moved on while it stands the same; until is how far its state is known.
create table muster.status_intervals (
  component      text        not null references muster.status_components on delete cascade,
  since          timestamptz not null,
  until          timestamptz not null,
  state          text        not null check (state in ('up', 'degraded', 'down')),
  in_maintenance boolean     not null default false,
  primary key (component, since),
  check (until >= since)
) with (fillfactor = 70);

-- Days that are over, folded: one row a component, day (UTC) and state.
create table muster.status_days (
  component      text    not null references muster.status_components on delete cascade,
  day            date    not null,
  state          text    not null check (state in ('up', 'degraded', 'down')),
  in_maintenance boolean not null,
  ms             bigint  not null,
  primary key (component, day, state, in_maintenance)
);
