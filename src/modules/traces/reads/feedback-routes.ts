import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import type { Api } from '../../../http/api.ts';
import { decodeCursor, encodeCursor } from '../../../http/cursor.ts';
import { principalOf } from '../../../http/principal.ts';
import { CursorText, pageOf, problems, text } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { intakeOf } from '../intake/index.ts';
import { visibleTo } from './access.ts';
import { sendJson } from './answers.ts';
import { listFeedback, type FeedbackRecord } from './feedback-store.ts';
import { listText, objectText, verbatim } from './json-text.ts';
import { many } from './query-schemas.ts';
import { projectsNamed, runSeenBy } from './run-access.ts';
import { feedbackFields, FeedbackView } from './run-view.ts';

const Name = text(1, 512);
const LIST = 'traces/feedback';
const Query = z.strictObject({
  run_id: z.guid().optional(),
  key: Name.optional(),
  source: z.enum(['api', 'app', 'model', 'heuristic']).optional(),
  project: many(Name).describe('By name or id; repeat it for more. Default: all'),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: CursorText.optional(),
});
const NewFeedback = z.strictObject({
  run_id: z.guid(),
  key: text(1, 200),
  score: z.number().min(-1e9).max(1e9).optional(),
  value: z.unknown().optional(),
  comment: text(0, 10_000).optional(),
  correction: z.unknown().optional(),
});

/** What people say of runs, for the dashboard. */
export function addFeedbackRoutes(app: Api, services: ModuleServices): void {
  const { database: db } = services.state;
  const intake = intakeOf(services);

  app.get(
    '/traces/feedback',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'List feedback, newest first',
        querystring: Query,
        response: { 200: pageOf(FeedbackView), ...problems(404) },
      },
    },
    async (request, reply) => {
      const { run_id: runId, key, source, project, limit, cursor } = request.query;
      const visible = await visibleTo(request, db);
      const projects = await projectsNamed(db, project, visible);
      const filter = {
        runIds: runId === undefined ? undefined : [runId.toLowerCase()],
        keys: key === undefined ? undefined : [key],
        sources: source === undefined ? undefined : [source],
        projects: project === undefined ? undefined : projects.map(({ projectNo }) => projectNo),
      };
      const found = await listFeedback(db, visible, filter, { limit: limit + 1, after: placeOf(cursor) });
      const nameOf = new Map(projects.map(({ projectNo, name }) => [projectNo, name]));
      const page = found.slice(0, limit);
      const items = page.map((one) => feedbackText(one, nameOf.get(one.projectNo ?? -1) ?? null));
      const last = page.at(-1);
      const next = found.length > limit && last !== undefined ? encodeCursor(LIST, `${last.createdAt} ${last.feedbackId}`) : null;
      return sendJson(reply, `{"items":${listText(items)},"next_cursor":${JSON.stringify(next)}}`);
    },
  );

  app.post(
    '/traces/feedback',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['traces'],
        summary: 'Say something of a run',
        body: NewFeedback,
        response: { 201: FeedbackView, ...problems(404, 413) },
      },
    },
    async (request, reply) => {
      const { run_id: runId, key, score, value, comment, correction } = request.body;
      const { run, project } = await runSeenBy(request, db, runId);
      const feedbackId = randomUUID();
      await intake.submit({
        source: 'langsmith',
        operations: [],
        feedback: [
          {
            feedbackId,
            runId: run.runId,
            traceId: run.traceId,
            key,
            score,
            value: value === undefined || value === null ? undefined : JSON.stringify(value),
            comment,
            correction: correction === undefined || correction === null ? undefined : JSON.stringify(correction),
            source: 'app',
            extra: JSON.stringify({ created_by: principalOf(request).subject }),
          },
        ],
        mayWrite: principalOf(request).projects,
      });
      const [written] = await listFeedback(db, null, { ids: [feedbackId] }, { limit: 1 });
      if (written === undefined) throw new MusterError('INTERNAL', 'the feedback was not kept');
      return sendJson(reply.code(201), feedbackText(written, project.name));
    },
  );
}

const feedbackText = (feedback: FeedbackRecord, project: string | null): string =>
  objectText({ ...feedbackFields(feedback, project), value: verbatim(feedback.value), correction: verbatim(feedback.correction) });

function placeOf(cursor: string | undefined): { readonly createdAt: number; readonly feedbackId: string } | undefined {
  const place = decodeCursor(LIST, cursor);
  if (place === undefined) return undefined;
  const [, createdAt = '', feedbackId = ''] = /^(\d{1,16}) ([0-9a-f-]{36})$/.exec(place) ?? [];
  if (feedbackId === '') throw new MusterError('BAD_CURSOR', 'the cursor does not belong to this list');
  return { createdAt: Number(createdAt), feedbackId };
}
