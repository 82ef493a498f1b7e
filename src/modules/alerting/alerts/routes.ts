import type { FastifyInstance } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import { sql } from '../../../db/sql.ts';
import type { Api } from '../../../http/api.ts';
import { decodeCursor, pageOf as cut } from '../../../http/cursor.ts';
import { principalOf } from '../../../http/principal.ts';
import { Nothing, PageQuery, pageOf, problems } from '../../../http/schemas.ts';
import { requireRow } from '../../../state/rows.ts';
import type { ModuleServices } from '../../module.ts';
import {
  acknowledge,
  getAlert,
  getIncident,
  listAlerts,
  listIncidents,
  noAlert,
  timelineOf,
  toldOf,
  unacknowledge,
} from './alert-store.ts';
import { addSilence, addWindow, deleteWindow, endSilence, getSilence, listSilences, listWindows } from './quiet-store.ts';
import {
  AcknowledgeBody,
  alertDetailView,
  AlertDetailView,
  AlertParams,
  AlertQuery,
  alertView,
  AlertView,
  incidentDetailView,
  IncidentDetailView,
  IncidentParams,
  IncidentQuery,
  incidentView,
  IncidentView,
  NewSilenceBody,
  NewWindowBody,
  SilenceParams,
  SilenceQuery,
  silenceView,
  SilenceView,
  UnacknowledgeBody,
  WindowParams,
  windowView,
  WindowView,
} from './views.ts';

const ALERTS = ['alerts'];
const INCIDENTS = ['incidents'];
const QUIET = ['silences'];
const SILENCES = 'silences';
const WINDOWS = 'maintenance-windows';

/** Alerts and incidents to see and take on, silences and windows to set. */
export function addAlertRoutes(instance: FastifyInstance, { state, wake }: ModuleServices): void {
  const app = instance as Api;
  const db = state.database;
  const clock = async (): Promise<number> =>
    requireRow(await db.one<{ now: number }>(sql`select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`), 'the time').now;
  /** Alerts change: their agent looks, and so do dashboards. */
  const changed = (): void => {
    wake.hint('alerts');
    wake.hint('events');
  };
  const detail = async (alertId: string) => {
    const [alert, timeline, told, now] = await Promise.all([
      getAlert(db, alertId),
      timelineOf(db, [alertId]),
      toldOf(db, [alertId]),
      clock(),
    ]);
    if (alert === undefined) throw noAlert(alertId);
    return alertDetailView(alert, timeline, told, now);
  };

  app.get(
    '/alerts',
    {
      config: { permission: 'alerts:read' },
      schema: {
        tags: ALERTS,
        summary: 'List alerts, newest first',
        querystring: AlertQuery,
        response: { 200: pageOf(AlertView), ...problems() },
      },
    },
    async ({ query }) => {
      const { agent_id: agentId, incident_id: incidentId, cursor, limit, ...filter } = query;
      const after = decodeCursor('alerts', cursor);
      const [page, now] = await Promise.all([listAlerts(db, { ...filter, agentId, incidentId }, { limit, cursor: after }), clock()]);
      return { items: page.items.map((alert) => alertView(alert, now)), next_cursor: wrapped('alerts', page.nextCursor) };
    },
  );

  app.get(
    '/alerts/:alert_id',
    {
      config: { permission: 'alerts:read' },
      schema: {
        tags: ALERTS,
        summary: 'Show an alert with its timeline and what was told of it',
        params: AlertParams,
        response: { 200: AlertDetailView, ...problems(404) },
      },
    },
    async ({ params }) => detail(params.alert_id),
  );

  app.post(
    '/alerts/:alert_id/acknowledge',
    {
      config: { permission: 'alerts:write' },
      schema: {
        tags: ALERTS,
        summary: 'Take an alert on',
        description:
          'It is told no more until it is over, gets another level, or the time given in `for` has passed; then it is told again.',
        params: AlertParams,
        body: AcknowledgeBody,
        response: { 200: AlertDetailView, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { alert_id: alertId } = request.params;
      const { by, for: forMs, note } = request.body ?? {};
      await acknowledge(db, alertId, { by: by ?? principalOf(request).subject, forMs: forMs ?? null, note });
      changed();
      return detail(alertId);
    },
  );

  app.post(
    '/alerts/:alert_id/unacknowledge',
    {
      config: { permission: 'alerts:write' },
      schema: {
        tags: ALERTS,
        summary: 'Give an alert back; it is told again',
        params: AlertParams,
        body: UnacknowledgeBody,
        response: { 200: AlertDetailView, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { alert_id: alertId } = request.params;
      await unacknowledge(db, alertId, principalOf(request).subject, request.body?.note);
      changed();
      return detail(alertId);
    },
  );

  app.get(
    '/silences',
    {
      config: { permission: 'silences:read' },
      schema: {
        tags: QUIET,
        summary: 'List silences, the last to end first',
        querystring: SilenceQuery,
        response: { 200: pageOf(SilenceView), ...problems() },
      },
    },
    async ({ query: { active, cursor, limit } }) => {
      const [endsAt, id] = (decodeCursor(SILENCES, cursor) ?? '').split('|');
      const before = endsAt === undefined || id === undefined ? undefined : { endsAt, id };
      const page = cut(
        SILENCES,
        await listSilences(db, { active }, { limit: limit + 1, before }),
        limit,
        ({ place, silenceId }) => `${place}|${silenceId}`,
      );
      return { items: page.items.map(silenceView), next_cursor: page.nextCursor };
    },
  );

  app.post(
    '/silences',
    {
      config: { permission: 'silences:write' },
      schema: {
        tags: QUIET,
        summary: 'Keep alerts quiet for a while',
        description: 'Alerts whose labels match all matchers are not told. What still fires at the end is told then.',
        body: NewSilenceBody,
        response: { 201: SilenceView, ...problems() },
      },
    },
    async (request, reply) => {
      const { duration, ends_at: endsAt, matchers, reason, starts_at: startsAt } = request.body;
      const silence = await addSilence(db, {
        matchers,
        reason,
        createdBy: principalOf(request).subject,
        startsAt,
        endsAt,
        forMs: duration,
      });
      await state.events.append([{ type: 'silence:created', data: { ...silenceView(silence) } }]);
      changed();
      void reply.header('location', `/api/v1/silences/${silence.silenceId}`);
      return reply.code(201).send(silenceView(silence));
    },
  );

  app.get(
    '/silences/:silence_id',
    {
      config: { permission: 'silences:read' },
      schema: { tags: QUIET, summary: 'Show a silence', params: SilenceParams, response: { 200: SilenceView, ...problems(404) } },
    },
    async ({ params }) => silenceView(await foundSilence(params.silence_id)),
  );

  app.delete(
    '/silences/:silence_id',
    {
      config: { permission: 'silences:write' },
      schema: { tags: QUIET, summary: 'End a silence now', params: SilenceParams, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      const { silence_id: silenceId } = request.params;
      const by = principalOf(request).subject;
      if (await endSilence(db, silenceId, by)) {
        await state.events.append([{ type: 'silence:ended', data: { silence_id: silenceId, by } }]);
        changed();
      } else await foundSilence(silenceId);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/maintenance-windows',
    {
      config: { permission: 'maintenance-windows:read' },
      schema: {
        tags: QUIET,
        summary: 'List maintenance windows',
        querystring: PageQuery,
        response: { 200: pageOf(WindowView), ...problems() },
      },
    },
    async ({ query: { cursor, limit } }) => {
      const after = decodeCursor(WINDOWS, cursor);
      const [windows, now] = await Promise.all([listWindows(db, { limit: limit + 1, after }), clock()]);
      const page = cut(WINDOWS, windows, limit, ({ windowId }) => windowId);
      return { items: page.items.map((window) => windowView(window, now)), next_cursor: page.nextCursor };
    },
  );

  app.post(
    '/maintenance-windows',
    {
      config: { permission: 'maintenance-windows:write' },
      schema: {
        tags: QUIET,
        summary: 'Plan work: once, or again and again',
        description: 'Give starts_at and ends_at, or cron and duration with a time_zone. What still fires at the end is told then.',
        body: NewWindowBody,
        response: { 201: WindowView, ...problems() },
      },
    },
    async (request, reply) => {
      const { cron, duration, ends_at: endsAt, matchers, name, reason, starts_at: startsAt, time_zone: timeZone } = request.body;
      const when =
        cron !== undefined && duration !== undefined
          ? { cron, timeZone, durationMs: duration }
          : { startsAt: startsAt ?? 0, endsAt: endsAt ?? 0 };
      const window = await addWindow(db, { name, matchers, reason, createdBy: principalOf(request).subject, when });
      const view = windowView(window, await clock());
      await state.events.append([{ type: 'maintenance_window:created', data: { ...view } }]);
      changed();
      return reply.code(201).send(view);
    },
  );

  app.delete(
    '/maintenance-windows/:window_id',
    {
      config: { permission: 'maintenance-windows:write' },
      schema: { tags: QUIET, summary: 'Delete a maintenance window', params: WindowParams, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      const { window_id: windowId } = request.params;
      const by = principalOf(request).subject;
      if (!(await deleteWindow(db, windowId, by))) throw new MusterError('NOT_FOUND', `maintenance window ${windowId} does not exist`);
      await state.events.append([{ type: 'maintenance_window:deleted', data: { window_id: windowId, by } }]);
      changed();
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/incidents',
    {
      config: { permission: 'incidents:read' },
      schema: {
        tags: INCIDENTS,
        summary: 'List incidents, newest first',
        querystring: IncidentQuery,
        response: { 200: pageOf(IncidentView), ...problems() },
      },
    },
    async ({ query: { cursor, limit, state: only } }) => {
      const page = await listIncidents(db, { state: only }, { limit, cursor: decodeCursor('incidents', cursor) });
      return { items: page.items.map(incidentView), next_cursor: wrapped('incidents', page.nextCursor) };
    },
  );

  app.get(
    '/incidents/:incident_id',
    {
      config: { permission: 'incidents:read' },
      schema: {
        tags: INCIDENTS,
        summary: 'Show an incident with its alerts, its timeline and what was told',
        params: IncidentParams,
        response: { 200: IncidentDetailView, ...problems(404) },
      },
    },
    async ({ params }) => incidentDetailView(await foundIncident(params.incident_id), await clock()),
  );

  const foundSilence = async (id: string) => {
    const silence = await getSilence(db, id);
    if (silence === undefined) throw new MusterError('NOT_FOUND', `silence ${id} does not exist`);
    return silence;
  };
  const foundIncident = async (id: string) => {
    const record = await getIncident(db, id);
    if (record === undefined) throw new MusterError('NOT_FOUND', `incident ${id} does not exist`);
    return record;
  };
}

/** A place in a list, as clients get it. */
function wrapped(list: string, place: string | null): string | null {
  return place === null ? null : cut(list, [place, place], 1, (each) => each).nextCursor;
}
