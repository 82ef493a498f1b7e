import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Api } from '../../../http/api.ts';
import { principalOf } from '../../../http/principal.ts';
import { IsoTime, problems, text } from '../../../http/schemas.ts';
import { isoTime } from '../../../http/time.ts';
import type { ModuleServices } from '../../module.ts';
import { acknowledgeIncident, getIncident } from '../alerts/alert-store.ts';
import { AcknowledgeBody, incidentDetailView, IncidentDetailView, IncidentParams } from '../alerts/views.ts';
import { clockOf } from '../oncall/on-call.ts';
import { addNote, noIncident, type IncidentNote } from './note-store.ts';
import { postMortem } from './post-mortem.ts';
import { readStory, timelineOfStory } from './timeline.ts';

const TAG = ['incidents'];

export const NoteView = z
  .object({ note_id: z.guid(), incident_id: z.guid(), at: IsoTime, author: z.string(), text: z.string() })
  .meta({ id: 'IncidentNote' });

export const TimelineView = z
  .object({
    at: IsoTime,
    kind: z.enum(['alert', 'escalation', 'notification', 'healing', 'note']),
    what: z.string().describe('Of its kind: firing, acknowledged, delivered, effective, …'),
    text: z.string(),
    actor: z.string().nullable().describe('null: nobody, it happened'),
    alert_id: z.guid().nullable(),
  })
  .meta({ id: 'TimelineEntry' });

export const noteView = ({ at, author, incidentId, noteId, text: body }: IncidentNote): z.output<typeof NoteView> => ({
  note_id: noteId,
  incident_id: incidentId,
  at: isoTime(at),
  author,
  text: body,
});

/** What people add to incidents, and what incidents tell. */
export function addIncidentRoutes(instance: FastifyInstance, { state, wake }: ModuleServices): void {
  const app = instance as Api;
  const db = state.database;
  const storyOf = async (id: string) => {
    const record = await getIncident(db, id);
    if (record === undefined) throw noIncident(id);
    return readStory(db, record);
  };

  app.get(
    '/incidents/:incident_id/timeline',
    {
      config: { permission: 'incidents:read' },
      schema: {
        tags: TAG,
        summary: 'All that happened in an incident, oldest first: alerts, who was told, escalations, healing, notes',
        params: IncidentParams,
        response: { 200: z.object({ items: z.array(TimelineView) }), ...problems(404) },
      },
    },
    async ({ params }) => ({
      items: timelineOfStory(await storyOf(params.incident_id)).map(({ alertId, at, ...entry }) => ({
        at: isoTime(at),
        alert_id: alertId,
        ...entry,
      })),
    }),
  );

  app.post(
    '/incidents/:incident_id/notes',
    {
      config: { permission: 'incidents:write' },
      schema: {
        tags: TAG,
        summary: 'Add a note to an incident, also to one that is over',
        params: IncidentParams,
        body: z.strictObject({ text: text(1, 10_000), by: text(1, 200).optional().describe('Who says it. Default: who asks') }),
        response: { 201: NoteView, ...problems(404, 409) },
      },
    },
    async (request, reply) => {
      const { by, text: body } = request.body;
      const note = await addNote(db, request.params.incident_id, { author: by ?? principalOf(request).subject, text: body });
      await state.events.append([
        { type: 'incident:noted', data: { incident_id: note.incidentId, note_id: note.noteId, author: note.author } },
      ]);
      wake.hint('events');
      return reply.code(201).send(noteView(note));
    },
  );

  app.post(
    '/incidents/:incident_id/acknowledge',
    {
      config: { permission: 'alerts:write' },
      schema: {
        tags: TAG,
        summary: 'Take all alerts of an incident on that fire and nobody has',
        params: IncidentParams,
        body: AcknowledgeBody,
        response: { 200: IncidentDetailView, ...problems(404, 409) },
      },
    },
    async (request) => {
      const { incident_id: id } = request.params;
      const { by, for: forMs, note } = request.body ?? {};
      await acknowledgeIncident(db, id, { by: by ?? principalOf(request).subject, forMs: forMs ?? null, note });
      wake.hint('alerts');
      wake.hint('events');
      const record = await getIncident(db, id);
      if (record === undefined) throw noIncident(id);
      return incidentDetailView(record, await clockOf(db));
    },
  );

  // Both spellings: people look for either.
  for (const path of ['/incidents/:incident_id/post-mortem', '/incidents/:incident_id/postmortem'] as const)
    app.get(
      path,
      {
        config: { permission: 'incidents:read' },
        schema: {
          tags: TAG,
          summary: 'Export an incident as the beginning of its post-mortem, in Markdown',
          params: IncidentParams,
          response: { 200: { description: 'OK', content: { 'text/markdown': { schema: z.string() } } }, ...problems(404) },
        },
      },
      async ({ params }, reply) => {
        const story = await storyOf(params.incident_id);
        void reply.header('content-disposition', `attachment; filename="post-mortem-${params.incident_id.slice(0, 8)}.md"`);
        return reply.type('text/markdown; charset=utf-8').send(postMortem(story, await clockOf(db)));
      },
    );
}
