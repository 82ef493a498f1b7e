import type { AgentSql } from '../../../agent/index.ts';
import type { Transaction } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import type { Breaker, BreakerStep, Verdict } from './decision.ts';
import type { OutboxMessage } from './message.ts';
import { enqueue, type NewNotification } from './notification.ts';
import type { Outcome } from './outcome.ts';

/** In whose name messages are claimed: those of a former epoch are free again, whatever their lease says. */
export interface Claimant {
  readonly agentId: string;
  readonly epoch: number;
}

/** A channel as its queue needs it. */
export interface QueuedChannel {
  readonly name: string;
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly sealed: string | null;
}

export interface ClaimedMessage extends OutboxMessage {
  /** This one included. */
  readonly attempts: number;
  readonly ageMs: number;
}

export type Claim =
  | { readonly kind: 'claimed'; readonly channel: QueuedChannel; readonly messages: readonly ClaimedMessage[] }
  /** Nothing is due for so long; undefined: nothing waits at all. */
  | { readonly kind: 'rest'; readonly forMs: number | undefined };

/** What became of a message, to be written down. */
export interface Settlement {
  readonly channel: string;
  readonly id: string;
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
  readonly durationMs: number;
  /** The message that told it, where that was another. */
  readonly with: string | null;
}

/** A claimed message is somebody else's again after this: longer than an attempt may take, and to write down what came of it. */
const LEASE_MS = 60_000;
/** One that waits for so long joins the newest about its alert: people get one message and not its history. */
const JOINS_AFTER_MS = 10_000;

const MESSAGE_COLUMNS = raw(`notification_id as id, kind, level, payload as document, alert_id as "alertId", incident_id as "incidentId",
  seq::float8 as seq, step, attempts, (extract(epoch from created_at) * 1000)::float8 as "createdAt",
  (extract(epoch from clock_timestamp() - created_at) * 1000)::float8 as "ageMs"`);

/** Names of the channels for which something waits. */
export async function channelsWithWork(agentSql: AgentSql): Promise<readonly string[]> {
  const { rows } = await agentSql.read<{ name: string }>(sql`
    select c.name from muster.channels c
    where c.enabled and exists (select from muster.notifications n where n.channel = c.name and n.state in ('pending', 'sending'))`);
  return rows.map(({ name }) => name);
}

/**
 * Claims messages of one channel, the most urgent first, and writes down that they are attempted. Of one alert what comes later
 * waits for what comes before; once that is late, both are claimed together. While the breaker is open: nothing, and when its
 * time is over one message, due or not, of those that were tried least.
 */
export async function claim(agentSql: AgentSql, { agentId, epoch }: Claimant, name: string, most: number, busy: boolean): Promise<Claim> {
  return agentSql.transaction(async (tx) => {
    const channel = await readChannel(tx, name);
    if (channel === undefined) return { kind: 'rest', forMs: undefined };
    const { opensInMs, ...queued } = channel;
    const isProbe = opensInMs !== null;
    // While a probe is under way its end is waited for.
    if (isProbe && (opensInMs > 0 || busy)) return { kind: 'rest', forMs: busy ? undefined : opensInMs };
    // One that its receiver cannot digest must not be the only one that is ever tried.
    const firstOf = isProbe ? raw('n.attempts, n.rank, n.created_at') : raw('n.rank, n.created_at');
    const { rows } = await tx.query<ClaimedMessage>(sql`
      with heads as (
        select n.notification_id, n.alert_id, n.seq, n.step, n.attempts, n.created_at
        from muster.notifications n
        where n.channel = ${name} and n.state in ('pending', 'sending')
          and (n.state = 'pending' or n.claimed_until < clock_timestamp() or (n.claimed_by = ${agentId} and n.claimed_epoch < ${epoch}))
          and (${isProbe} or n.next_attempt_at <= clock_timestamp())
          and not exists (
            select from muster.notifications before
            where before.channel = n.channel and before.alert_id = n.alert_id and before.state in ('pending', 'sending')
              and (before.seq, before.step) < (n.seq, n.step))
        order by ${firstOf}
        limit ${isProbe ? 1 : most}
        for update of n skip locked),
      followers as (
        select f.notification_id
        from muster.notifications f join heads h on f.channel = ${name} and f.alert_id = h.alert_id and (f.seq, f.step) > (h.seq, h.step)
        where f.state = 'pending'
          and (h.attempts > 0 or h.created_at < clock_timestamp() - ${JOINS_AFTER_MS} * interval '1 millisecond')
        for update of f skip locked),
      claimed as (
        update muster.notifications
        set state = 'sending', attempts = attempts + 1, claimed_by = ${agentId}, claimed_epoch = ${epoch},
          claimed_until = clock_timestamp() + ${LEASE_MS} * interval '1 millisecond'
        where notification_id in (select notification_id from heads union all select notification_id from followers)
        returning *),
      ledger as (
        insert into muster.notification_attempts (notification_id, attempt, agent_id, epoch)
        select notification_id, attempts, ${agentId}, ${epoch}::bigint from claimed)
      select ${MESSAGE_COLUMNS} from claimed order by rank, created_at, seq, step`);
    if (rows.length > 0) return { kind: 'claimed', channel: queued, messages: rows };
    return { kind: 'rest', forMs: await nextDueIn(tx, name) };
  });
}

async function readChannel(tx: Transaction, name: string): Promise<(QueuedChannel & { readonly opensInMs: number | null }) | undefined> {
  const { rows } = await tx.query<QueuedChannel & { readonly opensInMs: number | null }>(sql`
    select name, type, config, secrets as sealed,
      case when breaker = 'open' then coalesce(extract(epoch from open_until - clock_timestamp()) * 1000, 0)::float8 end as "opensInMs"
    from muster.channels where name = ${name} and enabled`);
  return rows[0];
}

async function nextDueIn(tx: Transaction, name: string): Promise<number | undefined> {
  const { rows } = await tx.query<{ ms: number | null }>(sql`
    select (extract(epoch from min(case state when 'pending' then next_attempt_at else claimed_until end) - clock_timestamp()) * 1000)::float8 as ms
    from muster.notifications n
    where channel = ${name} and state in ('pending', 'sending') and not exists (
      select from muster.notifications before
      where before.channel = n.channel and before.alert_id = n.alert_id and before.state in ('pending', 'sending')
        and (before.seq, before.step) < (n.seq, n.step))`);
  const forMs = rows[0]?.ms ?? undefined;
  return forMs === undefined ? undefined : Math.max(forMs, 0);
}

/**
 * Writes down what came of attempts: of messages, the ledger, and the health of their channels, all or nothing. Where a claim is no
 * longer this claimant's, nothing changes. `step` decides about the breaker of a channel, outcome by outcome.
 */
export async function settle(
  agentSql: AgentSql,
  { agentId, epoch }: Claimant,
  settlements: readonly Settlement[],
  step: (breaker: Breaker, outcome: Outcome) => BreakerStep,
): Promise<readonly ChannelNews[]> {
  return agentSql.transaction(async (tx) => {
    const names = [...new Set(settlements.map(({ channel }) => channel))].toSorted();
    // In this order everywhere: first the channel, then its messages.
    await tx.query(sql`select from muster.channels where name = any(${names}) order by name for no key update`);
    await writeMessages(tx, { agentId, epoch }, settlements);
    await thinLedger(tx, settlements);
    const news: ChannelNews[] = [];
    for (const name of names) {
      // A message that was told with another counts once.
      const outcomes = settlements.filter(({ channel, with: other }) => channel === name && other === null).map(({ outcome }) => outcome);
      news.push(...(await moveBreaker(tx, name, outcomes, step)));
    }
    for (const { channel, reason, tell } of news) await tellOthers(tx, channel, tell, reason);
    return news;
  });
}

async function writeMessages(tx: Transaction, { agentId, epoch }: Claimant, settlements: readonly Settlement[]): Promise<void> {
  const rows = settlements.map(({ attempt, durationMs, id, outcome, verdict, with: other }) => ({
    id,
    attempt,
    state: verdict.state,
    in_ms: verdict.state === 'pending' ? verdict.inMs : 0,
    outcome: verdict.state === 'failed' ? 'failed' : outcome.kind,
    status: outcome.status ?? null,
    duration_ms: Math.round(durationMs),
    error: verdict.state === 'failed' ? verdict.reason : outcome.kind === 'delivered' ? (outcome.note ?? null) : outcome.reason,
    delivered_with: verdict.state === 'delivered' ? other : null,
  }));
  await tx.query(sql`
    with settled as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as s (id uuid, attempt integer, state text, in_ms float8,
        outcome text, status integer, duration_ms integer, error text, delivered_with uuid)),
    written as (
      update muster.notifications n
      set state = s.state, last_error = s.error, delivered_with = s.delivered_with, claimed_until = null,
        next_attempt_at = clock_timestamp() + s.in_ms * interval '1 millisecond',
        finished_at = case when s.state <> 'pending' then clock_timestamp() end
      from settled s
      where n.notification_id = s.id and n.state = 'sending' and n.claimed_by = ${agentId} and n.claimed_epoch = ${epoch})
    update muster.notification_attempts a
    set finished_at = clock_timestamp(), outcome = s.outcome, status = s.status, duration_ms = s.duration_ms, error = s.error
    from settled s
    where a.notification_id = s.id and a.attempt = s.attempt and a.epoch = ${epoch}`);
}

/** Of one message: how it began, and how it stands. */
const FIRST_ATTEMPTS = 10;
const LAST_ATTEMPTS = 90;

/** A channel that is dead for two days is tried every ten seconds, mostly by the same message: 17,000 attempts. */
async function thinLedger(tx: Transaction, settlements: readonly Settlement[]): Promise<void> {
  const rows = settlements.filter(({ attempt }) => attempt > FIRST_ATTEMPTS + LAST_ATTEMPTS).map(({ attempt, id }) => ({ id, attempt }));
  if (rows.length === 0) return;
  await tx.query(sql`
    delete from muster.notification_attempts a
    using jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as s (id uuid, attempt integer)
    where a.notification_id = s.id and a.attempt > ${FIRST_ATTEMPTS} and a.attempt <= s.attempt - ${LAST_ATTEMPTS}`);
}

/** Something about a channel that the others are to hear. */
export interface ChannelNews {
  readonly channel: string;
  readonly tell: 'failing' | 'works';
  readonly reason: string;
}

/**
 * Tells the others of channels that have not worked for long and are not known for it: a receiver that asks to be left alone for an hour is not
 * tried meanwhile, and what waits for it is not heard.
 */
export async function flagFailing(agentSql: AgentSql, afterMs: number): Promise<readonly ChannelNews[]> {
  return agentSql.transaction(async (tx) => {
    const { rows } = await tx.query<{ channel: string; reason: string }>(sql`
      update muster.channels set flagged_at = clock_timestamp()
      where enabled and flagged_at is null and failing_since < clock_timestamp() - ${afterMs} * interval '1 millisecond'
      returning name as channel, coalesce(last_error, 'it does not answer') as reason`);
    for (const { channel, reason } of rows) await tellOthers(tx, channel, 'failing', reason);
    return rows.map((row) => ({ ...row, tell: 'failing' }));
  });
}

interface BreakerRow {
  readonly open: boolean;
  readonly failures: number;
  readonly failing_for_ms: number | null;
  readonly flagged: boolean;
}

async function moveBreaker(
  tx: Transaction,
  name: string,
  outcomes: readonly Outcome[],
  step: (breaker: Breaker, outcome: Outcome) => BreakerStep,
): Promise<readonly ChannelNews[]> {
  const { rows } = await tx.query<BreakerRow>(sql`
    select breaker = 'open' as open, failures, (extract(epoch from clock_timestamp() - failing_since) * 1000)::float8 as failing_for_ms,
      flagged_at is not null as flagged
    from muster.channels where name = ${name}`);
  const row = rows[0];
  const last = outcomes.at(-1);
  if (row === undefined || last === undefined) return [];
  let breaker: Breaker = { open: row.open, failures: row.failures, failingForMs: row.failing_for_ms, flagged: row.flagged };
  let openForMs: number | null = null;
  let recovered = false;
  const news: ChannelNews[] = [];
  for (const outcome of outcomes) {
    const next = step(breaker, outcome);
    openForMs = next.openForMs;
    recovered ||= next.recovered;
    const reason = outcome.kind === 'delivered' ? '' : outcome.reason;
    if (next.tell !== null) news.push({ channel: name, tell: next.tell, reason });
    breaker = {
      open: next.openForMs !== null,
      failures: next.failures,
      failingForMs: next.failures === 0 ? null : (breaker.failingForMs ?? 0),
      flagged: next.tell === null ? breaker.flagged : next.tell === 'failing',
    };
  }
  const works = breaker.failures === 0;
  const error = outcomes.findLast((outcome) => outcome.kind !== 'delivered');
  const reason = error?.reason ?? null;
  await tx.query(sql`
    update muster.channels
    set breaker = ${breaker.open ? 'open' : 'closed'}, failures = ${breaker.failures},
      open_until = clock_timestamp() + ${openForMs}::float8 * interval '1 millisecond',
      failing_since = case when ${works} then null else coalesce(failing_since, clock_timestamp()) end,
      flagged_at = case when ${breaker.flagged} then coalesce(flagged_at, clock_timestamp()) end,
      last_success_at = case when ${last.kind === 'delivered'} then clock_timestamp() else last_success_at end,
      last_error = coalesce(${reason}::text, last_error),
      last_error_at = case when ${reason}::text is null then last_error_at else clock_timestamp() end
    where name = ${name}`);
  // Whatever waited for it is due now.
  if (recovered)
    await tx.query(sql`
      update muster.notifications set next_attempt_at = clock_timestamp()
      where channel = ${name} and state = 'pending' and next_attempt_at > clock_timestamp()`);
  return news;
}

/** To every other channel that works, as far as anybody knows. */
async function tellOthers(tx: Transaction, channel: string, tell: ChannelNews['tell'], reason: string): Promise<void> {
  const { rows } = await tx.query<{ name: string; waiting: number }>(sql`
    select c.name,
      (select count(*) from muster.notifications n where n.channel = ${channel} and n.state in ('pending', 'sending'))::int as waiting
    from muster.channels c where c.enabled and c.flagged_at is null and c.name <> ${channel}`);
  const notices = rows.map(({ name, waiting }): NewNotification => ({
    channel: name,
    kind: 'channel',
    level: tell === 'failing' ? 'warning' : 'info',
    document:
      tell === 'failing'
        ? {
            title: `Channel "${channel}" does not work`,
            text: `${reason}.\nMessages that wait for it: ${waiting}. They are kept and tried again for two days; mend the channel with \`muster channels\` or PATCH /api/v1/channels/${channel}.`,
            details: { channel, waiting },
          }
        : {
            title: `Channel "${channel}" works again`,
            text: `Messages that waited for it are being sent: ${waiting}.`,
            details: { channel, waiting },
          },
  }));
  await enqueue(tx, notices);
}
