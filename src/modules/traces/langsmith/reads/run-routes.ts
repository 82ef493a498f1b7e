import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { principalOf } from '../../../../http/principal.ts';
import type { ModuleServices } from '../../../module.ts';
import { isRunType, RUN_TYPES } from '../../run/run-type.ts';
import { visibleTo } from '../../reads/access.ts';
import { sendJson } from '../../reads/answers.ts';
import { listText, objectText } from '../../reads/json-text.ts';
import { listProjects } from '../../reads/project-store.ts';
import { runSeenBy } from '../../reads/run-access.ts';
import { cursorOf, placeOf } from '../../reads/run-place.ts';
import { listRunsOf } from '../../reads/run-search.ts';
import { shareOf, shareTrace, unshare } from '../../reads/share-store.ts';
import { oneOrMany, parsed, said, Timestamp, Uuid } from './bodies.ts';
import { isV1Field, V1_FIELDS, v1Fields } from './run-fields.ts';
import { baseOf, showRuns } from './show.ts';

const MOST = 100;

const Query = z.object({
  session: said(oneOrMany(Uuid)),
  id: said(oneOrMany(Uuid)),
  trace: said(Uuid),
  parent_run: said(Uuid),
  reference_example: said(oneOrMany(Uuid)),
  run_type: said(
    z
      .string()
      .transform((type) => type.toLowerCase())
      .refine(isRunType, `is one of ${RUN_TYPES.join(', ')}`),
  ),
  query: said(z.string().max(1_000)),
  filter: said(z.string()),
  trace_filter: said(z.string()),
  tree_filter: said(z.string()),
  execution_order: said(z.number()),
  is_root: said(z.boolean()),
  error: said(z.boolean()),
  start_time: said(Timestamp),
  end_time: said(Timestamp),
  limit: said(z.number().int().min(1)),
  order: said(z.enum(['asc', 'desc'])),
  select: said(z.array(z.string().max(100)).max(200)),
  cursor: said(z.string().max(4_096)),
});

const door = (permission: 'traces:read' | 'traces:write', summary: string) => ({
  config: { permission },
  schema: { tags: ['langsmith'], summary },
});
const idOf = (request: FastifyRequest): string => parsed(z.object({ run_id: Uuid }), request.params).run_id;

/** Runs, as the first version of LangSmith's API reads them. */
export function addRunReads(app: FastifyInstance, { state }: ModuleServices): void {
  const { database: db, secrets } = state;

  app.get('/langsmith/runs/:run_id', door('traces:read', 'A run'), async (request, reply) => {
    const { run, project } = await runSeenBy(request, db, idOf(request));
    const showing = { db, secrets, base: baseOf(request), projects: [project], fields: V1_FIELDS };
    const [shown] = await showRuns([run], showing);
    return sendJson(reply, objectText(shown === undefined ? {} : v1Fields(shown, V1_FIELDS)));
  });

  app.post(
    '/langsmith/runs/query',
    door('traces:read', 'Runs that fit, newest first; cursors.next gives the next page'),
    async (request, reply) => {
      const query = parsed(Query, request.body);
      const visible = await visibleTo(request, db);
      const projects = await listProjects(db, visible, { ids: query.session });
      const limit = Math.min(query.limit ?? MOST, MOST);
      const runs = await listRunsOf(db, {
        projects: projects.map(({ projectNo }) => projectNo),
        filters: {
          filter: query.filter,
          traceFilter: query.trace_filter,
          treeFilter: query.tree_filter,
          ids: query.id,
          traceId: query.trace,
          parentRunId: query.parent_run,
          referenceExamples: query.reference_example,
          runType: query.run_type,
          // The first step of a trace is its root; of the others nobody counts.
          isRoot: query.is_root ?? (query.execution_order === 1 ? true : undefined),
          hasError: query.error,
        },
        words: query.query,
        from: query.start_time,
        to: query.end_time,
        order: query.order,
        after: placeOf(query.cursor),
        limit: limit + 1,
      });
      const fields = query.select === undefined ? V1_FIELDS : V1_FIELDS_ALWAYS.concat(query.select.filter(isV1Field));
      const shown = await showRuns(runs.slice(0, limit), { db, secrets, base: baseOf(request), projects, fields });
      // Behind the last that fitted into the answer, whatever the limit was.
      const last = shown.at(-1)?.run;
      const next = last !== undefined && runs.at(-1)?.runId !== last.runId ? cursorOf(last) : null;
      return sendJson(
        reply,
        `{"runs":${listText(shown.map((one) => objectText(v1Fields(one, [...new Set(fields)]))))},"cursors":${JSON.stringify({ next, prev: null })}}`,
      );
    },
  );

  app.put(
    '/langsmith/runs/:run_id/share',
    door('traces:write', 'Share the trace of a run: who has the token may read it'),
    async (request) => {
      const { run } = await runSeenBy(request, db, idOf(request));
      const share = await shareTrace(db, run, { by: principalOf(request).subject, expiresAt: null });
      return { run_id: run.runId, share_token: share.token };
    },
  );
  app.get(
    '/langsmith/runs/:run_id/share',
    door('traces:read', 'The token by which a run is shared; null: it is not'),
    async (request, reply) => {
      const { run } = await runSeenBy(request, db, idOf(request));
      const share = await shareOf(db, run.traceId);
      return sendJson(reply, JSON.stringify(share === undefined ? null : { run_id: run.runId, share_token: share.token }));
    },
  );
  app.delete('/langsmith/runs/:run_id/share', door('traces:write', 'Share a run no more'), async (request, reply) => {
    const { run } = await runSeenBy(request, db, idOf(request));
    await unshare(db, run.traceId);
    return reply.code(204).send();
  });
}

/** Python's SDK does not read a run without these, whatever was selected. */
const V1_FIELDS_ALWAYS = V1_FIELDS.filter((field) =>
  [
    'id',
    'name',
    'run_type',
    'status',
    'start_time',
    'end_time',
    'trace_id',
    'dotted_order',
    'session_id',
    'app_path',
    'parent_run_id',
  ].includes(field),
);
