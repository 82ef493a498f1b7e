-- Where notifications go, the outbox they leave by, and the ledger of every attempt; see docs/decisions/delivery.md.

-- A channel: its type's settings, its secrets sealed, and what is known of its health (the circuit breaker).
create table muster.channels (
  name           text         primary key check (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$'),
  type           text         not null check (type ~ '^[a-z][a-z0-9_]{0,39}$'),
  config         jsonb        not null default '{}',
  secrets        text,                                    -- sealed JSON; null: it has none
  enabled        boolean      not null default true,
  created_by     text         not null,
  created_at     timestamptz  not null default clock_timestamp(),
  updated_at     timestamptz  not null default clock_timestamp(),
  revision       bigint       not null default 1,         -- counts changes by people, not those of its health
  -- closed: it works. open: nothing is sent until open_until, then one attempt tells whether it works again.
  breaker        text         not null default 'closed' check (breaker in ('closed', 'open')),
  failures       integer      not null default 0,         -- in a row
  failing_since  timestamptz,
  open_until     timestamptz,
  flagged_at     timestamptz,                             -- since when the other channels know that it does not work
  last_error     text,
  last_error_at  timestamptz,
  last_success_at timestamptz
);

-- The outbox: one row a message and channel, written in the transaction that makes the alert what it is. Its id is the
-- idempotency key that receivers get with every attempt.
create table muster.notifications (
  notification_id uuid         primary key default gen_random_uuid(),
  channel         text         not null,
  alert_id        uuid,                                   -- null: about no alert
  incident_id     uuid,
  seq             bigint       not null default 0,        -- of the alert's transition: what comes later goes later
  step            integer      not null default 0,        -- of the escalation
  kind            text         not null check (kind ~ '^[a-z][a-z_]{0,39}$'),
  level           text         not null check (level in ('info', 'warning', 'critical', 'emergency')),
  rank            smallint     not null generated always as
                    (case level when 'emergency' then 0 when 'critical' then 1 when 'warning' then 2 else 3 end) stored,
  payload         jsonb        not null,
  state           text         not null default 'pending'
                    check (state in ('pending', 'sending', 'delivered', 'failed', 'cancelled')),
  attempts        integer      not null default 0,
  next_attempt_at timestamptz  not null default clock_timestamp(),
  claimed_by      text,                                   -- the agent, at claimed_epoch
  claimed_epoch   bigint,
  claimed_until   timestamptz,
  delivered_with  uuid,                                   -- the message that told this one too
  last_error      text,
  created_at      timestamptz  not null default clock_timestamp(),
  finished_at     timestamptz,
  unique (alert_id, seq, channel, step)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
-- What is still to be done, most urgent first: a claim reads its beginning.
create index notifications_open on muster.notifications (channel, rank, created_at) where state in ('pending', 'sending');
-- Whether something of the same alert must go before.
create index notifications_in_order on muster.notifications (channel, alert_id, seq, step) where state in ('pending', 'sending');
create index notifications_by_alert on muster.notifications (alert_id, seq) where alert_id is not null;
create index notifications_by_time on muster.notifications (created_at desc, notification_id);

-- Every attempt, written before it is made: one without an outcome was cut off, and may have arrived.
create table muster.notification_attempts (
  notification_id uuid        not null references muster.notifications on delete cascade,
  attempt         integer     not null,
  agent_id        text        not null,
  epoch           bigint      not null,
  started_at      timestamptz not null default clock_timestamp(),
  finished_at     timestamptz,
  outcome         text        check (outcome in ('delivered', 'retry', 'broken', 'refused', 'failed')),
  status          integer,                                -- as the receiver answered
  duration_ms     integer,
  error           text,
  primary key (notification_id, attempt)
);
