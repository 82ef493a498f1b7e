import { sql } from '../../../../db/sql.ts';
import type { SharedState } from '../../../../state/shared-state.ts';
import { enqueue } from '../notification.ts';
import { LAST_AWAY } from './fleet-knowledge.ts';
import type { SpoolEntry } from './spool.ts';

/**
 * Puts what a host told without the database into the outbox and its ledger, all or nothing, and tells the same channels that it is
 * back. Hosts that told the same, under the same ids, make one message of it.
 */
export async function reconcile(
  { database, events }: Pick<SharedState, 'database' | 'events'>,
  entries: readonly SpoolEntry[],
  { awayFor, host }: { readonly host: string; readonly awayFor: string | undefined },
): Promise<void> {
  // The later line of an attempt says what came of it.
  const attempts = [...new Map(entries.map((entry) => [`${entry.id} ${entry.attempt}`, entry])).values()];
  const messages = [...new Set(attempts.map(({ id }) => id))].flatMap((id) => {
    const own = attempts.filter((attempt) => attempt.id === id);
    const [first, last] = [own[0], own.at(-1)];
    if (first === undefined || last === undefined) return [];
    const delivered = own.some(({ outcome }) => outcome === 'delivered');
    return [{ ...last, attempts: own.length, state: delivered ? 'delivered' : 'cancelled', created: first.at }];
  });
  await database.transaction(async (tx) => {
    await tx.query(sql`
      insert into muster.notifications (notification_id, channel, alert_id, seq, kind, level, payload, state, attempts, last_error, created_at, finished_at)
      select id, channel, incident, 1, 'firing', level, document, state, attempts, error, to_timestamp(created / 1000), clock_timestamp()
      from jsonb_to_recordset(${JSON.stringify(messages)}::jsonb) as m (id uuid, channel text, incident uuid, level text, document jsonb,
        state text, attempts integer, error text, created float8)
      on conflict do nothing`);
    await tx.query(sql`
      insert into muster.notification_attempts (notification_id, attempt, agent_id, epoch, started_at, finished_at, outcome, status, error)
      select id, attempt, ${`host:${host}`}, 0, to_timestamp(at / 1000), case when outcome is not null then clock_timestamp() end, outcome, status, error
      from jsonb_to_recordset(${JSON.stringify(attempts)}::jsonb) as a (id uuid, attempt integer, at float8, outcome text, status integer, error text)
      where exists (select from muster.notifications n where n.notification_id = a.id)
      on conflict do nothing`);
    // The next time is another incident to all hosts.
    await tx.query(sql`
      insert into muster.system_state (key, value, updated_by)
      values (${LAST_AWAY}, ${JSON.stringify({ host, away_for: awayFor ?? null, incident: messages[0]?.incident ?? null })}::jsonb, ${`host:${host}`})
      on conflict (key) do update set value = excluded.value, updated_by = excluded.updated_by, updated_at = clock_timestamp()`);
    await enqueue(
      tx,
      messages.map(({ channel, created, document, incident }) => ({
        channel,
        kind: 'resolved' as const,
        level: 'emergency' as const,
        alertId: incident,
        seq: 2,
        document: {
          title: 'The database of Muster can be reached again',
          text:
            awayFor === undefined
              ? `Host ${host} lost it at ${new Date(created).toISOString()} and has been started anew since.`
              : `It was away for ${awayFor}, as host ${host} saw it.`,
          ...(document.alert === undefined
            ? {}
            : { alert: { ...document.alert, state: 'resolved' as const, resolved_at: new Date().toISOString() } }),
        },
      })),
    );
  });
  await events.append([{ type: 'database:was_away', data: { host, told: messages.map(({ channel }) => channel) } }]);
}
