import { z } from 'zod';
import { LEVELS } from '../delivery/notification.ts';
import { IsoTime, text } from '../../../http/schemas.ts';
import { isoTime, isoTimeOrNull } from '../../../http/time.ts';
import type { CalendarReport } from './calendar-store.ts';
import type { EscalationRecord } from './escalation-store.ts';
import type { NamedRecord } from './named-store.ts';
import type { OnCall } from './on-call.ts';
import { policyDocument } from './policy.ts';
import { personDocument, scheduleDocument, Name, lengthOfTime } from './schedule.ts';
import type { Override, Shift } from './shifts.ts';

const kept = { revision: z.number().int(), updated_at: IsoTime, updated_by: z.string() };

export const PersonView = z.object({ ...personDocument.shape, ...kept }).meta({ id: 'Person' });
export const ScheduleView = z.object({ ...scheduleDocument.shape, ...kept }).meta({ id: 'OnCallSchedule' });
export const PolicyView = z.object({ ...policyDocument.shape, ...kept }).meta({ id: 'EscalationPolicy' });

/** A document with how it is kept. */
export const namedView = <Document>({ definition, revision, updatedAt, updatedBy }: NamedRecord<Document>) => ({
  ...definition,
  revision,
  updated_at: isoTime(updatedAt),
  updated_by: updatedBy,
});

export const ShiftView = z
  .object({
    from: IsoTime,
    to: IsoTime,
    people: z.array(z.string()),
    by: z.string().nullable().describe('The layer, override or calendar; null: nobody is on call, a gap'),
  })
  .meta({ id: 'Shift' });

const CalendarReportView = z
  .object({
    read_at: IsoTime.nullable(),
    tried_at: IsoTime.nullable(),
    error: z.string().nullable().describe('Why it cannot be read now; what was read last holds'),
    events: z.number().int(),
    unknown: z.array(z.string()).describe('Names in it that are nobody’s here'),
  })
  .meta({ id: 'CalendarReport' });

export const OnCallView = z
  .object({
    schedule: z.string(),
    time_zone: z.string(),
    now: ShiftView.nullable().describe('null: nobody, a gap'),
    next: ShiftView.nullable().describe('null: nobody within two months'),
    gap_seconds: z.number().describe('Time without anybody within the next two weeks'),
    calendar: CalendarReportView.nullable(),
  })
  .meta({ id: 'OnCall' });

export const OverrideView = z
  .object({
    override_id: z.guid(),
    schedule: z.string(),
    person: z.string(),
    starts_at: IsoTime,
    ends_at: IsoTime,
    reason: z.string(),
    created_by: z.string(),
  })
  .meta({ id: 'OnCallOverride' });

const InstantText = z.iso.datetime({ offset: true }).transform((value) => Date.parse(value));
export const NewOverrideBody = z
  .strictObject({
    person: Name,
    starts_at: InstantText.optional().describe('Default: now'),
    ends_at: InstantText.optional(),
    duration: lengthOfTime('1m', '366d').optional().describe('Instead of ends_at'),
    reason: text(0, 2_000).default(''),
  })
  .superRefine((body, context) => {
    if ((body.ends_at === undefined) === (body.duration === undefined))
      context.addIssue({ code: 'custom', path: ['ends_at'], message: 'give either ends_at or duration: an override always ends' });
    else if (body.ends_at !== undefined && body.ends_at <= (body.starts_at ?? Date.now()))
      context.addIssue({ code: 'custom', path: ['ends_at'], message: 'must lie after its beginning' });
  })
  .meta({ id: 'NewOnCallOverride', examples: [{ person: 'lee', duration: '4h', reason: 'dentist' }] });

export const EscalationView = z
  .object({
    escalation_id: z.guid(),
    incident_id: z.guid(),
    incident: z.string().describe('Its title'),
    policy: z.string(),
    by_hand: z.boolean(),
    state: z
      .enum(['waiting', 'acknowledged', 'quiet', 'exhausted', 'resolved'])
      .describe('waiting for its next step; held while somebody has it or it is kept quiet; exhausted after the last step'),
    level: z.enum(LEVELS),
    next_step: z.number().int().nullable().describe('Counted from 1'),
    round: z.number().int().describe('Counted from 1'),
    steps_taken: z.number().int(),
    started_at: IsoTime,
    due_at: IsoTime.nullable(),
    updated_at: IsoTime,
  })
  .meta({ id: 'Escalation' });

export const shiftView = ({ by, from, people, to }: Shift): z.output<typeof ShiftView> => ({
  from: isoTime(from),
  to: isoTime(to),
  people: [...people],
  by,
});

export const onCallView = (
  { gapsMs, next, now, schedule, timeZone }: OnCall,
  calendar: CalendarReport | undefined,
): z.output<typeof OnCallView> => ({
  schedule,
  time_zone: timeZone,
  now: now === null ? null : shiftView(now),
  next: next === null ? null : shiftView(next),
  gap_seconds: Math.round(gapsMs / 1_000),
  calendar:
    calendar === undefined
      ? null
      : {
          read_at: isoTimeOrNull(calendar.readAt),
          tried_at: isoTimeOrNull(calendar.triedAt),
          error: calendar.error,
          events: calendar.events,
          unknown: [...calendar.unknown],
        },
});

export const overrideView = (override: Override): z.output<typeof OverrideView> => ({
  override_id: override.overrideId,
  schedule: override.schedule,
  person: override.person,
  starts_at: isoTime(override.startsAt),
  ends_at: isoTime(override.endsAt),
  reason: override.reason,
  created_by: override.createdBy,
});

export const escalationView = (escalation: EscalationRecord): z.output<typeof EscalationView> => ({
  escalation_id: escalation.escalationId,
  incident_id: escalation.incidentId,
  incident: escalation.title,
  policy: escalation.policy,
  by_hand: escalation.byHand,
  state: escalation.state,
  level: escalation.level,
  next_step: escalation.state === 'waiting' ? escalation.step + 1 : null,
  round: escalation.round + 1,
  steps_taken: escalation.taken,
  started_at: isoTime(escalation.startedAt),
  due_at: isoTimeOrNull(escalation.dueAt),
  updated_at: isoTime(escalation.updatedAt),
});
