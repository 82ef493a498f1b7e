import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { durationMs } from '../../../base/duration.ts';
import { MusterError } from '../../../base/errors.ts';
import type { Api } from '../../../http/api.ts';
import { pageOf as cut, decodeCursor } from '../../../http/cursor.ts';
import { principalOf } from '../../../http/principal.ts';
import { invalid } from '../../../http/problem.ts';
import { CursorText, Limit, Nothing, pageOf, problems, text, Time } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { calendarReports } from './calendar-store.ts';
import { escalateByHand, listEscalations } from './escalation-store.ts';
import { icsOf } from './ics-feed.ts';
import { addNamedRoutes } from './named-routes.ts';
import { clockOf, whoIsOnCall } from './on-call.ts';
import { addOverride, endOverride, listOverrides } from './override-store.ts';
import { policyDocument } from './policy.ts';
import { readRoster } from './roster-store.ts';
import { personDocument, scheduleDocument } from './schedule.ts';
import { peopleOf, policiesOf, putPolicy, putSchedule, schedulesOf } from './set-up.ts';
import { shiftsOf } from './shifts.ts';
import {
  EscalationView,
  escalationView,
  NewOverrideBody,
  OnCallView,
  onCallView,
  overrideView,
  OverrideView,
  PersonView,
  PolicyView,
  ScheduleView,
  shiftView,
  ShiftView,
} from './views.ts';

const ON_CALL = ['on-call'];
const ESCALATIONS = ['escalations'];
const DAY_MS = 86_400_000;
const LONGEST_MS = 366 * DAY_MS;
const ScheduleParams = z.object({ name: text(1, 255).describe('Name of a schedule') });

/** Who is on call, and who is told when nobody takes an alert on. */
export function addOnCallRoutes(instance: FastifyInstance, { state, wake }: ModuleServices): void {
  const app = instance as Api;
  const db = state.database;
  const changed = (): void => wake.hint('alerts');
  const requireSchedule = async (name: string, from: number, to: number) => {
    const schedule = (await readRoster(db, from, to)).schedules.get(name);
    if (schedule === undefined) throw new MusterError('NOT_FOUND', `schedule "${name}" does not exist`);
    return schedule;
  };

  app.get(
    '/on-call',
    {
      config: { permission: 'on-call:read' },
      schema: {
        tags: ON_CALL,
        summary: 'Who is on call now and next, in every schedule',
        response: { 200: z.object({ items: z.array(OnCallView) }), ...problems() },
      },
    },
    async () => {
      const [items, calendars] = await Promise.all([whoIsOnCall(db), calendarReports(db)]);
      return { items: items.map((each) => onCallView(each, calendars.get(each.schedule))) };
    },
  );

  addNamedRoutes(app, db, {
    path: '/on-call/people',
    tag: 'on-call',
    kind: 'person',
    plural: 'people',
    noun: 'on-call',
    body: personDocument,
    view: PersonView,
    store: peopleOf(db),
    put: (document, by, how) => peopleOf(db).put(document, by, how),
    changed,
  });
  addNamedRoutes(app, db, {
    path: '/on-call/schedules',
    tag: 'on-call',
    kind: 'schedule',
    plural: 'schedules',
    noun: 'on-call',
    body: scheduleDocument,
    view: ScheduleView,
    store: schedulesOf(db),
    put: (document, by, how) => putSchedule(db, document, by, how),
    changed,
  });
  addNamedRoutes(app, db, {
    path: '/escalation-policies',
    tag: 'escalations',
    kind: 'escalation policy',
    plural: 'escalation policies',
    noun: 'escalations',
    body: policyDocument,
    view: PolicyView,
    store: policiesOf(db),
    put: (document, by, how) => putPolicy(db, document, by, how),
    changed,
  });

  app.get(
    '/on-call/schedules/:name/shifts',
    {
      config: { permission: 'on-call:read' },
      schema: {
        tags: ON_CALL,
        summary: 'Who is on call from one time to another; gaps are shifts without people',
        params: ScheduleParams,
        querystring: z.strictObject({
          from: Time.optional().describe('Default: now'),
          to: Time.optional().describe('Default: two weeks later; a year at most'),
        }),
        response: { 200: z.object({ items: z.array(ShiftView) }), ...problems(404) },
      },
    },
    async ({ params, query }) => {
      const from = query.from ?? (await clockOf(db));
      const to = query.to ?? from + 14 * DAY_MS;
      if (from >= to) throw invalid([{ pointer: '/query/to', code: 'empty_range', message: 'must lie after `from`' }]);
      if (to - from > LONGEST_MS)
        throw invalid([{ pointer: '/query/to', code: 'too_long', message: 'is more than 366 days after `from`' }]);
      const schedule = await requireSchedule(params.name, from, to);
      return { items: shiftsOf(schedule.document, schedule, from, to).map(shiftView) };
    },
  );

  app.get(
    '/on-call/schedules/:name/calendar.ics',
    {
      config: { permission: 'on-call:read' },
      schema: {
        tags: ON_CALL,
        summary: 'A schedule as a calendar: the last week and the next thirteen',
        params: ScheduleParams,
        response: { 200: { description: 'OK', content: { 'text/calendar': { schema: z.string() } } }, ...problems(404) },
      },
    },
    async ({ params }, reply) => {
      const now = await clockOf(db);
      const [from, to] = [now - 7 * DAY_MS, now + 91 * DAY_MS];
      const schedule = await requireSchedule(params.name, from, to);
      return reply.type('text/calendar; charset=utf-8').send(icsOf(params.name, shiftsOf(schedule.document, schedule, from, to), now));
    },
  );

  app.get(
    '/on-call/schedules/:name/overrides',
    {
      config: { permission: 'on-call:read' },
      schema: {
        tags: ON_CALL,
        summary: 'Overrides of a schedule that are not over, the first to begin first',
        params: ScheduleParams,
        response: { 200: z.object({ items: z.array(OverrideView) }), ...problems(404) },
      },
    },
    async ({ params: { name } }) => {
      if ((await schedulesOf(db).get(name)) === undefined) throw new MusterError('NOT_FOUND', `schedule "${name}" does not exist`);
      return { items: (await listOverrides(db, name)).map(overrideView) };
    },
  );

  app.post(
    '/on-call/schedules/:name/overrides',
    {
      config: { permission: 'on-call:write' },
      schema: {
        tags: ON_CALL,
        summary: 'Let somebody step in for whoever would be on call',
        params: ScheduleParams,
        body: NewOverrideBody,
        response: { 201: OverrideView, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { duration, ends_at: endsAt, person, reason, starts_at: startsAt } = request.body;
      if ((await schedulesOf(db).get(name)) === undefined) throw new MusterError('NOT_FOUND', `schedule "${name}" does not exist`);
      if ((await peopleOf(db).get(person)) === undefined)
        throw invalid([{ pointer: '/person', code: 'unknown', message: `there is no person "${person}"` }]);
      const forMs = duration === undefined ? undefined : durationMs(duration);
      const createdBy = principalOf(request).subject;
      const override = await addOverride(db, { schedule: name, person, startsAt, endsAt, forMs, reason, createdBy });
      await state.events.append([{ type: 'on_call:overridden', data: { ...overrideView(override) } }]);
      return reply.code(201).send(overrideView(override));
    },
  );

  app.delete(
    '/on-call/overrides/:override_id',
    {
      config: { permission: 'on-call:write' },
      schema: {
        tags: ON_CALL,
        summary: 'End an override now',
        params: z.object({ override_id: z.guid() }),
        response: { 204: Nothing, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { override_id: id } = request.params;
      const ended = await endOverride(db, id);
      if (ended === undefined) throw new MusterError('NOT_FOUND', `override ${id} does not exist, or is over`);
      await state.events.append([
        {
          type: 'on_call:override_ended',
          data: { override_id: id, schedule: ended.schedule, person: ended.person, by: principalOf(request).subject },
        },
      ]);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/escalations',
    {
      config: { permission: 'escalations:read' },
      schema: {
        tags: ESCALATIONS,
        summary: 'List escalations with their timers, newest first',
        querystring: z.strictObject({
          limit: Limit,
          cursor: CursorText.optional(),
          state: z.enum(['waiting', 'acknowledged', 'quiet', 'exhausted', 'resolved']).optional(),
          incident_id: z.guid().optional(),
        }),
        response: { 200: pageOf(EscalationView), ...problems() },
      },
    },
    async ({ query: { cursor, incident_id: incidentId, limit, state: only } }) => {
      const [at, id] = (decodeCursor('escalations', cursor) ?? '').split('|');
      const before = at === undefined || id === undefined ? undefined : { at, id };
      const found = await listEscalations(db, { state: only, incidentId }, { limit: limit + 1, before });
      const page = cut('escalations', found, limit, ({ escalationId, place }) => `${place}|${escalationId}`);
      return { items: page.items.map(escalationView), next_cursor: page.nextCursor };
    },
  );

  app.post(
    '/incidents/:incident_id/escalate',
    {
      config: { permission: 'escalations:write' },
      schema: {
        tags: ESCALATIONS,
        summary: 'Escalate an incident by a policy, from its first step on',
        description: 'Whatever level its alerts have. It is held while somebody has them, as any escalation is.',
        params: z.object({ incident_id: z.guid() }),
        body: z.strictObject({ policy: text(1, 100) }),
        response: { 200: EscalationView, ...problems(404) },
      },
    },
    async (request) => {
      const { incident_id: incidentId } = request.params;
      const policy = await policiesOf(db).get(request.body.policy);
      if (policy === undefined)
        throw invalid([{ pointer: '/policy', code: 'unknown', message: `there is no escalation policy "${request.body.policy}"` }]);
      const firstWaitMs = durationMs(policy.definition.steps[0]?.wait ?? '0s');
      if (!(await escalateByHand(db, incidentId, policy.name, firstWaitMs)))
        throw new MusterError('NOT_FOUND', `incident ${incidentId} does not exist, or is over`);
      await state.events.append([
        { type: 'incident:escalated', data: { incident_id: incidentId, policy: policy.name, by: principalOf(request).subject } },
      ]);
      changed();
      const found = (await listEscalations(db, { incidentId }, { limit: 1_000 })).find((each) => each.policy === policy.name);
      if (found === undefined) throw new MusterError('NOT_FOUND', `incident ${incidentId} is over`);
      return escalationView(found);
    },
  );
}
