import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../../../base/errors.ts';
import type { ModuleServices } from '../../../module.ts';
import { visibleTo } from '../../reads/access.ts';
import { sendJson } from '../../reads/answers.ts';
import { listFeedback, type FeedbackRecord } from '../../reads/feedback-store.ts';
import { isoMicros } from '../../reads/filter/timestamp.ts';
import { listText, objectText, verbatim } from '../../reads/json-text.ts';
import { listProjects } from '../../reads/project-store.ts';
import type { JsonText } from '../../run/operation.ts';
import { oneOrMany, parsed, said, Uuid } from './bodies.ts';

const Query = z.object({
  run: said(oneOrMany(Uuid)),
  key: said(oneOrMany(z.string().max(512))),
  source: said(oneOrMany(z.string().max(100))),
  session: said(oneOrMany(Uuid)),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});
const door = (summary: string) => ({ config: { permission: 'traces:read' as const }, schema: { tags: ['langsmith'], summary } });

/** What was said of runs, as SDKs read it. */
export function addFeedbackReads(app: FastifyInstance, { state }: ModuleServices): void {
  const { database: db } = state;

  app.get('/langsmith/feedback', door('Feedback, newest first'), async (request, reply) => {
    const { run, key, source, session, limit, offset } = parsed(Query, request.query);
    const visible = await visibleTo(request, db);
    const projects = await listProjects(db, visible);
    const chosen = session === undefined ? undefined : projects.filter(({ projectId }) => session.includes(projectId));
    const found = await listFeedback(
      db,
      visible,
      { runIds: run, keys: key, sources: source, projects: chosen?.map(({ projectNo }) => projectNo) },
      { limit, offset },
    );
    const idOf = new Map(projects.map(({ projectNo, projectId }) => [projectNo, projectId]));
    return sendJson(reply, listText(found.map((one) => feedbackText(one, idOf.get(one.projectNo ?? -1)))));
  });

  app.get('/langsmith/feedback/:feedback_id', door('One piece of feedback'), async (request, reply) => {
    const { feedback_id: id } = parsed(z.object({ feedback_id: Uuid }), request.params);
    const visible = await visibleTo(request, db);
    const [found] = await listFeedback(db, visible, { ids: [id] }, { limit: 1 });
    if (found === undefined) throw new MusterError('NOT_FOUND', `there is no feedback ${id}`);
    const project = (await listProjects(db, visible)).find(({ projectNo }) => projectNo === found.projectNo);
    return sendJson(reply, feedbackText(found, project?.projectId));
  });
}

function feedbackText(feedback: FeedbackRecord, sessionId: string | undefined): JsonText {
  const extra = feedback.extra === null ? {} : (JSON.parse(feedback.extra) as Readonly<Record<string, unknown>>);
  const source = extra['feedback_source'];
  return objectText({
    comparative_experiment_id: null,
    feedback_group_id: null,
    ...extra,
    id: feedback.feedbackId,
    run_id: feedback.runId,
    trace_id: feedback.traceId,
    session_id: sessionId ?? extra['session_id'] ?? null,
    key: feedback.key,
    score: feedback.score,
    value: verbatim(feedback.value),
    comment: feedback.comment,
    correction: verbatim(feedback.correction),
    feedback_source: typeof source === 'object' && source !== null ? source : { type: feedback.source, metadata: {} },
    created_at: isoMicros(feedback.createdAt),
    modified_at: isoMicros(feedback.modifiedAt),
  });
}
