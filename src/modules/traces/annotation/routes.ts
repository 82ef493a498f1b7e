import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import type { Api } from '../../../http/api.ts';
import { principalOf, requireAllProjects } from '../../../http/principal.ts';
import { Nothing, problems, text } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { visibleTo } from '../reads/access.ts';
import { isoMicros } from '../reads/filter/timestamp.ts';
import { listProjects } from '../reads/project-store.ts';
import { runsSeenBy } from '../reads/run-access.ts';
import { RUN_TYPES } from '../run/run-type.ts';
import { FeedbackConfigs } from './feedback-configs.ts';
import { MARKS, QueuedRuns, type QueuedRun } from './items.ts';
import { AnnotationQueues, type AnnotationQueue } from './queues.ts';
import { changedRubric, keysOf, readRubric, type RubricItem } from './rubric.ts';

const Key = text(1, 200);
const Fields = {
  description: text(0, 100_000).nullable().optional(),
  instructions: text(0, 100_000).nullable().optional(),
  rubric: z
    .array(z.strictObject({ key: Key, description: text(0, 10_000).optional(), is_required: z.boolean().optional() }))
    .max(100)
    .refine((items) => new Set(items.map(({ key }) => key)).size === items.length, 'names a key twice')
    .optional()
    .describe('The keys of feedback that are asked for'),
};
const Name = text(1, 512);
const OfQueue = z.strictObject({ queue_id: z.uuid() });
const OfItem = OfQueue.extend({ item_id: z.uuid() });
const Page = {
  limit: z.coerce.number().int().min(1).max(100).default(100).describe('Items a page at most'),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
};

const QueueView = z
  .object({
    queue_id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    instructions: z.string().nullable(),
    runs: z.number().describe('Of those that may be seen'),
    waiting: z.number().describe('How many of them nobody has finished'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'TraceQueue', description: 'Runs that people are to look at' });
const queueView = (queue: AnnotationQueue, waiting: number): z.input<typeof QueueView> => ({
  queue_id: queue.queueId,
  name: queue.name,
  description: queue.description,
  instructions: queue.rubricInstructions,
  runs: queue.runs,
  waiting,
  created_at: queue.createdAt.toISOString(),
  updated_at: queue.updatedAt.toISOString(),
});

const WholeQueueView = QueueView.extend({
  rubric: z.array(
    z.object({
      key: z.string(),
      description: z.string().nullable(),
      is_required: z.boolean(),
      meaning: z
        .object({
          type: z.enum(['continuous', 'categorical', 'freeform']),
          min: z.number().nullable(),
          max: z.number().nullable(),
          categories: z.array(z.object({ value: z.number(), label: z.string() })),
        })
        .nullable()
        .describe('null: nobody has said what the key means'),
    }),
  ),
});
const rubricView = ({ isRequired, meaning, ...item }: RubricItem) => ({
  ...item,
  is_required: isRequired,
  meaning: meaning === null ? null : { ...meaning, categories: [...meaning.categories] },
});

const ItemView = z.object({
  item_id: z.string(),
  run_id: z.string(),
  trace_id: z.string(),
  project: z.string(),
  name: z.string().nullable(),
  run_type: z.enum(RUN_TYPES),
  start_time: z.string(),
  added_at: z.iso.datetime(),
  reviewed_at: z.iso.datetime().nullable().describe('When somebody last looked at it'),
  completed_at: z.iso.datetime().nullable(),
  completed_by: z.string().nullable(),
});

/** Queues of runs for people, below /api/v1. */
export function addAnnotationRoutes(app: Api, { state }: Pick<ModuleServices, 'state'>): void {
  const db = state.database;
  const queues = new AnnotationQueues(db);
  const queued = new QueuedRuns(db);
  const configs = new FeedbackConfigs(db);

  const whole = async (queueId: string, request: FastifyRequest): Promise<z.input<typeof WholeQueueView>> => {
    const visible = await visibleTo(request, db);
    const queue = await queues.get(queueId, visible);
    const [waiting, known] = await Promise.all([
      queued.waiting([queueId], visible),
      configs.list({ keys: keysOf(queue.rubricItems) }, { limit: 100, offset: 0 }),
    ]);
    return { ...queueView(queue, waiting.get(queue.queueId) ?? 0), rubric: readRubric(queue.rubricItems, known).map(rubricView) };
  };
  const itemsOf = async (items: readonly QueuedRun[], request: FastifyRequest): Promise<z.input<typeof ItemView>[]> => {
    const projects = await listProjects(db, await visibleTo(request, db));
    const nameOf = new Map(projects.map(({ projectNo, name }) => [projectNo, name]));
    return items.map(({ run, ...item }) => ({
      item_id: item.itemId,
      run_id: run.runId,
      trace_id: run.traceId,
      project: nameOf.get(run.projectNo) ?? '',
      name: run.name,
      run_type: run.runType,
      start_time: isoMicros(run.startTime),
      added_at: item.addedAt.toISOString(),
      reviewed_at: item.reviewedAt?.toISOString() ?? null,
      completed_at: item.completedAt?.toISOString() ?? null,
      completed_by: item.completedBy,
    }));
  };

  app.get(
    '/traces/queues',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['queues'],
        summary: 'List queues of runs that people are to look at, newest first',
        querystring: z.strictObject({ name_contains: Name.optional(), ...Page }),
        response: { 200: z.object({ items: z.array(QueueView) }), ...problems() },
      },
    },
    async (request) => {
      const { name_contains: nameContains, limit, offset } = request.query;
      const visible = await visibleTo(request, db);
      const found = await queues.list({ nameContains }, visible, { limit, offset });
      const waiting = await queued.waiting(
        found.map(({ queueId }) => queueId),
        visible,
      );
      return { items: found.map((queue) => queueView(queue, waiting.get(queue.queueId) ?? 0)) };
    },
  );

  app.post(
    '/traces/queues',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['queues'],
        summary: 'Make a queue',
        body: z.strictObject({ name: Name, ...Fields }),
        response: { 201: WholeQueueView, ...problems(409, 413) },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      requireAllProjects(principal);
      const { name, description, instructions, rubric } = request.body;
      const fields = { name, description, rubricInstructions: instructions, rubricItems: changedRubric('[]', rubric ?? []) };
      const { queueId } = await queues.create(randomUUID(), fields, principal.subject);
      return reply.code(201).send(await whole(queueId, request));
    },
  );

  app.get(
    '/traces/queues/:queue_id',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['queues'],
        summary: 'Show a queue with what it asks for',
        params: OfQueue,
        response: { 200: WholeQueueView, ...problems(404) },
      },
    },
    async (request) => whole(request.params.queue_id, request),
  );

  app.patch(
    '/traces/queues/:queue_id',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['queues'],
        summary: 'Change a queue; what is not named stays',
        params: OfQueue,
        body: z.strictObject({ name: Name.optional(), ...Fields }),
        response: { 200: WholeQueueView, ...problems(404, 409) },
      },
    },
    async (request) => {
      requireAllProjects(principalOf(request));
      const { queue_id: queueId } = request.params;
      const { name, description, instructions, rubric } = request.body;
      const { rubricItems } = await queues.get(queueId, null);
      await queues.change(queueId, {
        name,
        description,
        rubricInstructions: instructions,
        rubricItems: rubric === undefined ? undefined : changedRubric(rubricItems, rubric),
      });
      return whole(queueId, request);
    },
  );

  app.delete(
    '/traces/queues/:queue_id',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['queues'],
        summary: 'Delete a queue; its runs and their feedback stay',
        params: OfQueue,
        response: { 204: Nothing, ...problems(404) },
      },
    },
    async (request, reply) => {
      requireAllProjects(principalOf(request));
      await queues.remove(request.params.queue_id);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/traces/queues/:queue_id/runs',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['queues'],
        summary: 'List the runs of a queue, the one to look at next first',
        params: OfQueue,
        querystring: z.strictObject({ state: z.enum(['open', 'completed']).optional(), ...Page }),
        response: { 200: z.object({ items: z.array(ItemView) }), ...problems(404) },
      },
    },
    async (request) => {
      const visible = await visibleTo(request, db);
      const { queueId } = await queues.get(request.params.queue_id, visible);
      const { state: inState, ...page } = request.query;
      return { items: await itemsOf(await queued.list(queueId, visible, inState, page), request) };
    },
  );

  app.post(
    '/traces/queues/:queue_id/runs',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['queues'],
        summary: 'Add runs to a queue; those that it holds stay where they are',
        params: OfQueue,
        body: z.strictObject({ run_ids: z.array(z.guid()).min(1).max(1_000) }),
        response: { 200: z.object({ runs: z.number().describe('How many of them it holds now') }), ...problems(404, 413) },
      },
    },
    async (request) => {
      const { queueId } = await queues.get(request.params.queue_id, await visibleTo(request, db));
      return { runs: (await queued.add(queueId, await runsSeenBy(request, db, request.body.run_ids))).length };
    },
  );

  app.patch(
    '/traces/queues/:queue_id/runs/:item_id',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['queues'],
        summary: 'Say what became of a run of a queue',
        params: OfItem,
        body: z.strictObject({ state: z.enum(MARKS).describe('skipped: it goes behind all others; open: it is looked at again') }),
        response: { 204: Nothing, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { queue_id: queueId, item_id: itemId } = request.params;
      if (!(await queued.mark(queueId, itemId, await visibleTo(request, db), request.body.state, principalOf(request).subject)))
        throw noItem(itemId);
      return reply.code(204).send(null);
    },
  );

  app.delete(
    '/traces/queues/:queue_id/runs/:item_id',
    {
      config: { permission: 'traces:write' },
      schema: { tags: ['queues'], summary: 'Take a run out of a queue', params: OfItem, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      const { queue_id: queueId, item_id: itemId } = request.params;
      if ((await queued.remove(queueId, [itemId], await visibleTo(request, db))) === 0) throw noItem(itemId);
      return reply.code(204).send(null);
    },
  );
}

const noItem = (itemId: string): MusterError =>
  new MusterError('NOT_FOUND', `the queue holds no item ${itemId}`, {
    remedy: 'List its runs: it may have been taken out, or its run is gone.',
  });
