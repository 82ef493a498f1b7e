import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MusterError } from '../../../base/errors.ts';
import { principalOf, requireAllProjects } from '../../../http/principal.ts';
import type { ModuleServices } from '../../module.ts';
import { cleanText } from '../intake/pg-text.ts';
import { oneOrMany, parsed, readAnyJson, said, Timestamp, Uuid } from '../langsmith/reads/bodies.ts';
import { V1_FIELDS, v1Fields } from '../langsmith/reads/run-fields.ts';
import { baseOf, showRuns } from '../langsmith/reads/show.ts';
import { TENANT_ID } from '../langsmith/tenant.ts';
import { visibleTo } from '../reads/access.ts';
import { sendJson } from '../reads/answers.ts';
import { listText, objectText } from '../reads/json-text.ts';
import { listProjects } from '../reads/project-store.ts';
import { noRun, runSeenBy, runsSeenBy } from '../reads/run-access.ts';
import { addFeedbackConfigDoors } from './config-doors.ts';
import { FeedbackConfigs, feedbackConfigView } from './feedback-configs.ts';
import { QueuedRuns, type QueuedRun, type ReviewState } from './items.ts';
import { AnnotationQueues, type AnnotationQueue, type QueueFields } from './queues.ts';

const Name = z.string().min(1).max(512).transform(cleanText);
const Text = z.string().max(100_000).transform(cleanText);
const RubricItem = z.looseObject({ feedback_key: z.string().min(1).max(200) });
const Fields = {
  description: Text.nullish(),
  rubric_instructions: Text.nullish(),
  rubric_items: said(z.array(RubricItem).max(100)),
};
const NewQueue = z.looseObject({ id: said(Uuid), name: Name, ...Fields });
const Change = z.object({ name: said(Name), ...Fields });
const Page = {
  limit: z.coerce.number().int().min(1).max(100).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
};
const QueuesQuery = z.object({ ids: said(oneOrMany(Uuid)), name: said(z.string()), name_contains: said(z.string()), ...Page });
const STATES = { needs_my_review: 'open', needs_others_review: 'open', completed: 'completed', archived: 'completed' } as const;
const RunsQuery = z.object({ status: said(z.enum(['needs_my_review', 'needs_others_review', 'completed', 'archived', 'all'])), ...Page });
const NewRuns = z.array(z.union([Uuid, z.object({ run_id: Uuid })])).max(1_000);

const door = (verb: 'read' | 'write', summary: string) => ({
  config: { permission: `traces:${verb}` as const },
  schema: { tags: ['langsmith'], summary },
});
const idIn = (request: FastifyRequest, name: string): string => parsed(z.object({ [name]: Uuid }), request.params)[name] as string;

/** Whoever makes and changes queues: they belong to the whole fleet, so a key that is confined to some projects only fills and reads them. */
function keeperOf(request: FastifyRequest): string {
  const principal = principalOf(request);
  requireAllProjects(principal);
  return principal.subject;
}

/** Queues of runs for people to look at, and what the keys of feedback mean, as LangSmith's SDKs keep them. */
export function addAnnotationDoors(app: FastifyInstance, { state }: Pick<ModuleServices, 'state'>): void {
  const { database: db, secrets } = state;
  const queues = new AnnotationQueues(db);
  const queued = new QueuedRuns(db);
  const configs = new FeedbackConfigs(db);
  readAnyJson(app);
  addFeedbackConfigDoors(app, configs);

  const found = async (request: FastifyRequest) => {
    const visible = await visibleTo(request, db);
    return { visible, queue: await queues.get(idIn(request, 'queue_id'), visible) };
  };
  const shown = async (request: FastifyRequest, items: readonly QueuedRun[]): Promise<readonly string[]> => {
    const projects = await listProjects(db, await visibleTo(request, db));
    const runs = await showRuns(
      items.map(({ run }) => run),
      { db, secrets, base: baseOf(request), projects, fields: V1_FIELDS },
    );
    const itemOf = new Map(items.map((item) => [item.run.runId, item]));
    return runs.map((run) => objectText({ ...v1Fields(run, V1_FIELDS), ...reviewView(itemOf.get(run.run.runId)) }));
  };

  app.get('/langsmith/annotation-queues', door('read', 'Lists annotation queues, newest first'), async (request) => {
    const { ids, name, name_contains: nameContains, limit, offset } = parsed(QueuesQuery, request.query);
    return (await queues.list({ ids, name, nameContains }, await visibleTo(request, db), { limit, offset })).map(queueView);
  });

  app.post('/langsmith/annotation-queues', door('write', 'Makes an annotation queue'), async (request) => {
    const { id, name, description, rubric_instructions, rubric_items, ...extra } = parsed(NewQueue, request.body);
    const fields = { ...storedFields({ description, rubric_instructions, rubric_items }), name, extra: JSON.stringify(extra) };
    return queueView(await queues.create(id ?? randomUUID(), fields, keeperOf(request)));
  });

  app.get('/langsmith/annotation-queues/:queue_id', door('read', 'An annotation queue with its rubric'), async (request) => {
    const { queue } = await found(request);
    const items = JSON.parse(queue.rubricItems) as readonly { readonly feedback_key: string }[];
    const known = await configs.list({ keys: items.map((item) => item.feedback_key) }, { limit: 100, offset: 0 });
    const configOf = new Map(known.map((config) => [config.key, feedbackConfigView(config)]));
    return {
      ...queueView(queue),
      rubric_items: items.map((item) => ({ ...item, feedback_config: configOf.get(item.feedback_key) ?? null })),
    };
  });

  app.patch('/langsmith/annotation-queues/:queue_id', door('write', 'Changes an annotation queue'), async (request) => {
    keeperOf(request);
    const { name, ...fields } = parsed(Change, request.body);
    return queueView(await queues.change(idIn(request, 'queue_id'), { name, ...storedFields(fields) }));
  });

  app.delete('/langsmith/annotation-queues/:queue_id', door('write', 'Deletes an annotation queue; its runs stay'), async (request) => {
    keeperOf(request);
    await queues.remove(idIn(request, 'queue_id'));
    return { message: 'deleted' };
  });

  for (const url of ['/langsmith/annotation-queues/:queue_id/runs', '/langsmith/annotation-queues/:queue_id/runs/by-key'])
    app.post(url, door('write', 'Adds runs to an annotation queue'), async (request) => {
      const { queue } = await found(request);
      const ids = parsed(NewRuns, request.body).map((run) => (typeof run === 'string' ? run : run.run_id));
      const runs = await runsSeenBy(request, db, ids);
      return (await queued.add(queue.queueId, runs)).map(({ itemId, runId, addedAt }) => ({
        id: itemId,
        queue_id: queue.queueId,
        run_id: runId,
        added_at: addedAt.toISOString(),
        last_reviewed_time: null,
      }));
    });

  app.get(
    '/langsmith/annotation-queues/:queue_id/runs',
    door('read', 'The runs of an annotation queue, oldest first'),
    async (request, reply) => {
      const { queue, visible } = await found(request);
      const { status = 'all', limit, offset } = parsed(RunsQuery, request.query);
      // Nobody is "another": a queue has one round of review.
      const items = status === 'needs_others_review' ? [] : await queued.list(queue.queueId, visible, stateOf(status), { limit, offset });
      return sendJson(reply, listText(await shown(request, items)));
    },
  );

  app.get(
    '/langsmith/annotation-queues/:queue_id/run/:index',
    door('read', 'The run at a place of an annotation queue'),
    async (request, reply) => {
      const { queue, visible } = await found(request);
      const { index } = parsed(z.object({ index: z.coerce.number().int().min(0).max(1_000_000) }), request.params);
      const items = await queued.list(queue.queueId, visible, 'open', { limit: 1, offset: index });
      const [text] = await shown(request, items);
      if (text === undefined)
        throw new MusterError('NOT_FOUND', `the queue has no run at ${index} that waits for review`, {
          remedy: 'Places begin at 0; ask for its size.',
        });
      return sendJson(reply, text);
    },
  );

  app.delete('/langsmith/annotation-queues/:queue_id/runs/:queue_run_id', door('write', 'Takes a run out of a queue'), async (request) => {
    const { queue, visible } = await found(request);
    const id = idIn(request, 'queue_run_id');
    if ((await queued.remove(queue.queueId, [id], visible)) === 0) throw noRun(id);
    return { message: 'deleted' };
  });

  app.patch(
    '/langsmith/annotation-queues/:queue_id/runs/:queue_run_id',
    door('write', 'Says when a run was looked at'),
    async (request) => {
      const { visible } = await found(request);
      const id = idIn(request, 'queue_run_id');
      const { last_reviewed_time: reviewed, added_at: added } = parsed(
        z.object({ last_reviewed_time: said(Timestamp), added_at: said(Timestamp) }),
        request.body,
      );
      if (!(await queued.review(id, visible, { reviewedAt: dateOf(reviewed), addedAt: dateOf(added) }))) throw noRun(id);
      return { id };
    },
  );

  app.post(
    '/langsmith/annotation-queues/status/:queue_run_id',
    door('write', 'Says whether the review of a run is done'),
    async (request) => {
      const id = idIn(request, 'queue_run_id');
      const { status } = parsed(z.object({ status: z.string().nullish() }), request.body);
      const completedBy = status?.toLowerCase() === 'completed' ? principalOf(request).subject : null;
      if (!(await queued.review(id, await visibleTo(request, db), { reviewedAt: new Date(), completedBy }))) throw noRun(id);
      return { id, status: status ?? null };
    },
  );

  const size = (path: string, summary: string, state?: ReviewState) =>
    app.get(`/langsmith/annotation-queues/:queue_id/${path}`, door('read', summary), async (request) => {
      const { queue, visible } = await found(request);
      return { size: await queued.count(queue.queueId, visible, state) };
    });
  size('size', 'How many runs of a queue wait for review', 'open');
  size('total_size', 'How many runs a queue holds');
  size('total_archived', 'How many runs of a queue were reviewed', 'completed');

  app.get('/langsmith/annotation-queues/:run_id/queues', door('read', 'The queues that hold a run'), async (request) => {
    const { run, visible } = await runSeenBy(request, db, idIn(request, 'run_id'));
    return (await queues.holding(run.runId, visible)).map(queueView);
  });
}

const stateOf = (status: keyof typeof STATES | 'all'): ReviewState | undefined => (status === 'all' ? undefined : STATES[status]);
const dateOf = (micros: number | undefined): Date | undefined => (micros === undefined ? undefined : new Date(micros / 1_000));

const storedFields = (fields: {
  readonly description?: string | null | undefined;
  readonly rubric_instructions?: string | null | undefined;
  readonly rubric_items?: readonly object[] | undefined;
}): QueueFields => ({
  description: fields.description,
  rubricInstructions: fields.rubric_instructions,
  // What it means is read from its key, whenever the queue is.
  rubricItems:
    fields.rubric_items === undefined
      ? undefined
      : JSON.stringify(fields.rubric_items.map((item) => ({ ...item, feedback_config: undefined }))),
});

const queueView = (queue: AnnotationQueue) => ({
  num_reviewers_per_item: 1,
  enable_reservations: false,
  reservation_minutes: null,
  default_dataset: null,
  source_rule_id: null,
  ...(queue.extra === null ? {} : (JSON.parse(queue.extra) as object)),
  id: queue.queueId,
  tenant_id: TENANT_ID,
  name: queue.name,
  description: queue.description,
  rubric_instructions: queue.rubricInstructions,
  queue_type: 'single',
  total_runs: queue.runs,
  created_at: queue.createdAt.toISOString(),
  updated_at: queue.updatedAt.toISOString(),
});

const reviewView = (item: QueuedRun | undefined) => ({
  queue_run_id: item?.itemId ?? null,
  added_at: item?.addedAt.toISOString() ?? null,
  effective_added_at: item?.addedAt.toISOString() ?? null,
  last_reviewed_time: item?.reviewedAt?.toISOString() ?? null,
  completed_by: item?.completedBy === null || item === undefined ? [] : [item.completedBy],
  reserved_by: [],
});
