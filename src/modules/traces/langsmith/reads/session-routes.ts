import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Database } from '../../../../db/database.ts';
import type { ModuleServices } from '../../../module.ts';
import { visibleTo } from '../../reads/access.ts';
import { sendJson } from '../../reads/answers.ts';
import { isoMicros } from '../../reads/filter/timestamp.ts';
import { listText } from '../../reads/json-text.ts';
import { decodeCursor, encodeCursor } from '../../../../http/cursor.ts';
import { mayUseProject, principalOf } from '../../../../http/principal.ts';
import { MusterError } from '../../../../base/errors.ts';
import {
  addProject,
  changeProject,
  findProject,
  lastRuns,
  listProjects,
  removeProject,
  type ProjectRecord,
} from '../../reads/project-store.ts';
import { noProject } from '../../reads/run-access.ts';
import { TENANT_HANDLE, TENANT_ID } from '../tenant.ts';
import { Flag, oneOrMany, parsed, said, Timestamp, Uuid } from './bodies.ts';
import { projectStats } from './project-stats.ts';
import { sessionText, typeOf } from './session-view.ts';

const Name = z.string().min(1).max(512);
const Page = z.object({
  id: said(oneOrMany(Uuid)),
  name: said(Name),
  name_contains: said(z.string().max(512)),
  reference_dataset: said(oneOrMany(Uuid)),
  reference_dataset_id: said(oneOrMany(Uuid)),
  reference_free: said(Flag),
  metadata: said(z.string().max(16_384)),
  include_stats: said(Flag),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
  page_size: said(z.coerce.number().int().min(1).max(1_000)),
  cursor: said(z.string().max(1_000)),
});
const Said = {
  description: said(z.string().max(10_000)),
  extra: said(z.record(z.string(), z.unknown())),
  reference_dataset_id: said(Uuid),
};
const NewSession = z.object({ id: said(Uuid), name: said(Name), start_time: said(Timestamp), ...Said });
const Change = z.object({ name: said(Name), end_time: said(Timestamp), ...Said });

const door = (permission: 'traces:read' | 'traces:write' | 'traces:manage', summary: string) => ({
  config: { permission },
  schema: { tags: ['langsmith'], summary },
});
const LIST = 'langsmith/sessions';

/** Projects, which LangSmith calls sessions, and what SDKs ask of the workspace. */
export function addSessionRoutes(app: FastifyInstance, { state }: ModuleServices): void {
  const { database: db } = state;
  const find = async (request: FastifyRequest): Promise<ProjectRecord> => {
    const { session_id: id } = parsed(z.object({ session_id: z.string() }), request.params);
    const found = await findProject(db, id, await visibleTo(request, db));
    if (found === undefined) throw noProject(id);
    return found;
  };

  app.get('/langsmith/sessions', door('traces:read', 'Projects, newest first'), async (request, reply) => {
    const page = parsed(Page, request.query);
    const projects = await sessionsOf(db, request, page, page);
    return sendJson(reply, await texts(db, projects, page.include_stats ?? false));
  });

  app.get('/langsmith/v2/sessions', door('traces:read', 'Projects, newest first'), async (request, reply) => {
    const page = parsed(Page, request.query);
    const limit = page.page_size ?? page.limit;
    const place = decodeCursor(LIST, page.cursor) ?? '0';
    if (!/^\d{1,7}$/.test(place)) throw new MusterError('BAD_CURSOR', 'the cursor does not belong to this list');
    const projects = await sessionsOf(db, request, page, { limit: limit + 1, offset: Number(place) });
    const items = await texts(db, projects.slice(0, limit), page.include_stats ?? false);
    const next = projects.length > limit ? encodeCursor(LIST, String(Number(place) + limit)) : null;
    return sendJson(reply, `{"items":${items},"next_cursor":${JSON.stringify(next)}}`);
  });

  app.post(
    '/langsmith/sessions',
    door('traces:write', 'Add a project; with upsert=true change the one of that name'),
    async (request, reply) => {
      const { upsert } = parsed(z.object({ upsert: said(Flag) }), request.query);
      const { id, name = `project ${new Date().toISOString()}`, start_time: startTime, ...fields } = parsed(NewSession, request.body);
      if (!mayUseProject(principalOf(request), name)) throw new MusterError('FORBIDDEN', 'this key is for other projects');
      const project = await addProject(
        db,
        { projectId: id, name, startTime: startTime === undefined ? undefined : isoMicros(startTime), ...storedFields(fields) },
        { upsert: upsert ?? false },
      );
      return sendJson(reply, sessionText(project, undefined, { type: typeOf(project) }));
    },
  );

  app.get('/langsmith/sessions/:session_id', door('traces:read', 'A project'), async (request, reply) => {
    const { include_stats: includeStats } = parsed(z.object({ include_stats: said(Flag) }), request.query);
    const [one] = await textsOf(db, [await find(request)], includeStats ?? false);
    return sendJson(reply, one ?? 'null');
  });

  app.patch('/langsmith/sessions/:session_id', door('traces:write', 'Change what is said of a project'), async (request, reply) => {
    const project = await find(request);
    const { name, end_time: endTime, ...fields } = parsed(Change, request.body);
    if (name !== undefined && !mayUseProject(principalOf(request), name))
      throw new MusterError('FORBIDDEN', 'this key is for other projects');
    const changed = await changeProject(db, project.projectNo, {
      name,
      endTime: endTime === undefined ? undefined : isoMicros(endTime),
      ...storedFields(fields),
    });
    if (changed === undefined) throw noProject(project.name);
    return sendJson(reply, sessionText(changed, undefined, { type: typeOf(changed) }));
  });

  app.delete(
    '/langsmith/sessions/:session_id',
    door('traces:manage', 'Remove a project: its runs are found no more'),
    async (request, reply) => {
      await removeProject(db, (await find(request)).projectNo);
      return reply.code(202).send({ message: 'Project deleted' });
    },
  );

  app.get('/langsmith/settings', door('traces:read', 'The workspace'), async () => ({
    id: TENANT_ID,
    display_name: 'Muster',
    created_at: WORKSPACE_SINCE,
    tenant_handle: TENANT_HANDLE,
  }));
  for (const url of ['/langsmith/workspaces', '/langsmith/tenants'])
    app.get(url, door('traces:read', 'The workspaces: one'), async () => [
      {
        id: TENANT_ID,
        display_name: 'Muster',
        tenant_handle: TENANT_HANDLE,
        created_at: WORKSPACE_SINCE,
        is_personal: false,
        is_deleted: false,
      },
    ]);
}

/** Of no meaning here; SDKs parse it. */
const WORKSPACE_SINCE = '2026-01-01T00:00:00Z';

type PageQuery = z.output<typeof Page>;

const sessionsOf = async (
  db: Database,
  request: FastifyRequest,
  query: PageQuery,
  page: { readonly limit: number; readonly offset: number },
): Promise<readonly ProjectRecord[]> =>
  listProjects(
    db,
    await visibleTo(request, db),
    {
      ids: query.id,
      name: query.name,
      nameContains: query.name_contains,
      referenceDatasetIds: query.reference_dataset ?? query.reference_dataset_id,
      referenceFree: query.reference_free,
      metadata: query.metadata,
    },
    page,
  );

const texts = async (db: Database, projects: readonly ProjectRecord[], includesStats: boolean): Promise<string> =>
  listText(await textsOf(db, projects, includesStats));

async function textsOf(db: Database, projects: readonly ProjectRecord[], includesStats: boolean): Promise<readonly string[]> {
  const last = await lastRuns(
    db,
    projects.map(({ projectNo }) => projectNo),
  );
  const stats = includesStats ? await projectStats(db, projects) : new Map<number, never>();
  return projects.map((project) =>
    sessionText(project, last.get(project.projectNo), { type: typeOf(project), trace_tier: 'longlived', ...stats.get(project.projectNo) }),
  );
}

const storedFields = (fields: {
  readonly description?: string | undefined;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  readonly reference_dataset_id?: string | undefined;
}) => ({
  description: fields.description,
  extra: fields.extra === undefined ? undefined : JSON.stringify(fields.extra),
  referenceDatasetId: fields.reference_dataset_id,
});
