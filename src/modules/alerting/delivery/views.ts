import { z } from 'zod';
import { IsoTime, JsonObject, text } from '../../../http/schemas.ts';
import { isoTime, isoTimeOrNull } from '../../../http/time.ts';
import type { AnyChannelType } from './channel-type.ts';
import type { ChannelRecord, Settings } from './channel-store.ts';
import { CHANNEL_TYPES } from './channels/index.ts';
import type { AttemptRecord, NotificationRecord } from './notification-store.ts';
import { NOTIFICATION_STATES } from './notification-store.ts';
import { LEVELS } from './notification.ts';

export const ChannelName = text(1, 100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'begins with a letter or digit and holds only these and _ . -')
  .describe('Name of a channel');

type Kind = (typeof CHANNEL_TYPES)[number];

/** The body that makes a channel of one type: its name, its type, and the settings of that type beside them. */
const bodyOf = (kind: Kind) =>
  z.strictObject({
    name: ChannelName,
    type: z.literal(kind.type).describe(kind.summary),
    enabled: z.boolean().default(true),
    ...kind.settings.shape,
  });

const [first, ...rest] = CHANNEL_TYPES.map(bodyOf);
export const NewChannelBody = z
  .discriminatedUnion('type', [first as NonNullable<typeof first>, ...rest])
  .meta({ id: 'NewChannel', examples: [{ name: 'ops', type: 'webhook', url: 'https://hooks.example.com/muster', secret: 'whsec_…' }] });

export const ChannelChangeBody = z.looseObject({ enabled: z.boolean().optional() }).meta({
  id: 'ChannelChange',
  description: 'The settings to change, as when it was made; null takes one away',
  examples: [{ enabled: false }],
});

export const ChannelView = z
  .object({
    name: z.string(),
    type: z.string(),
    target: z.string().nullable().describe('Where it leads, without secrets; null: its settings cannot be opened here'),
    enabled: z.boolean(),
    settings: JsonObject.describe('Those that are no secrets'),
    sealed: z.boolean().describe('It has settings that are kept sealed and never shown'),
    health: z.object({
      state: z.enum(['works', 'failing', 'unknown']).describe('unknown: nothing was sent yet'),
      failures: z.number().int().describe('In a row'),
      failing_since: IsoTime.nullable(),
      next_attempt_at: IsoTime.nullable().describe('The breaker is open until then'),
      last_error: z.string().nullable(),
      last_error_at: IsoTime.nullable(),
      last_success_at: IsoTime.nullable(),
    }),
    waiting: z.number().int().describe('Messages that wait for it'),
    created_by: z.string(),
    created_at: IsoTime,
    updated_at: IsoTime,
    revision: z.number().int(),
  })
  .meta({ id: 'Channel' });

export const FreshChannelView = ChannelView.extend({
  made: z.record(z.string(), z.string()).optional().describe('Secrets that were made for it: shown this once'),
}).meta({ id: 'FreshChannel' });

export function channelView(
  channel: ChannelRecord,
  type: AnyChannelType | undefined,
  opened: Settings | undefined,
): z.output<typeof ChannelView> {
  const state = channel.failingSince !== null ? 'failing' : channel.lastSuccessAt !== null ? 'works' : 'unknown';
  return {
    name: channel.name,
    type: channel.type,
    target: opened === undefined || type === undefined ? null : type.target(opened as never),
    enabled: channel.enabled,
    settings: { ...channel.config },
    sealed: channel.sealed !== null,
    health: {
      state,
      failures: channel.failures,
      failing_since: isoTimeOrNull(channel.failingSince),
      next_attempt_at: channel.breakerOpen ? isoTimeOrNull(channel.openUntil) : null,
      last_error: channel.lastError,
      last_error_at: isoTimeOrNull(channel.lastErrorAt),
      last_success_at: isoTimeOrNull(channel.lastSuccessAt),
    },
    waiting: channel.waiting,
    created_by: channel.createdBy,
    created_at: isoTime(channel.createdAt),
    updated_at: isoTime(channel.updatedAt),
    revision: channel.revision,
  };
}

const AttemptView = z.object({
  attempt: z.number().int(),
  agent_id: z.string(),
  epoch: z.number().int(),
  started_at: IsoTime,
  finished_at: IsoTime.nullable(),
  outcome: z.string().nullable().describe('delivered, retry, broken, refused, failed; null: under way, or cut off: it may have arrived'),
  status: z.number().int().nullable().describe('As the receiver answered'),
  duration_ms: z.number().int().nullable(),
  error: z.string().nullable(),
});

export const NotificationView = z
  .object({
    notification_id: z.guid().describe('Also the webhook-id of every attempt'),
    channel: z.string(),
    alert_id: z.guid().nullable(),
    incident_id: z.guid().nullable(),
    seq: z.number().int(),
    step: z.number().int(),
    kind: z.string(),
    level: z.enum(LEVELS),
    document: z.unknown(),
    state: z.enum(NOTIFICATION_STATES),
    attempts: z.number().int(),
    next_attempt_at: IsoTime.nullable(),
    delivered_with: z.guid().nullable().describe('The message that told this one too'),
    last_error: z.string().nullable(),
    created_at: IsoTime,
    finished_at: IsoTime.nullable(),
    ledger: z.array(AttemptView).describe('The last 20 attempts, oldest first'),
  })
  .meta({ id: 'Notification' });

export function notificationView(record: NotificationRecord): z.output<typeof NotificationView> {
  return {
    notification_id: record.notification_id,
    channel: record.channel,
    alert_id: record.alert_id,
    incident_id: record.incident_id,
    seq: record.seq,
    step: record.step,
    kind: record.kind,
    level: record.level,
    document: record.document,
    state: record.state,
    attempts: record.attempts,
    next_attempt_at: isoTimeOrNull(record.next_attempt_at),
    delivered_with: record.delivered_with,
    last_error: record.last_error,
    created_at: isoTime(record.created_at),
    finished_at: isoTimeOrNull(record.finished_at),
    ledger: record.ledger.map(attemptView),
  };
}

const attemptView = (attempt: AttemptRecord): z.output<typeof AttemptView> => ({
  ...attempt,
  started_at: isoTime(attempt.started_at),
  finished_at: isoTimeOrNull(attempt.finished_at),
});
