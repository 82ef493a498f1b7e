import { z } from 'zod';
import type { Database } from '../../../db/database.ts';
import type { Api } from '../../../http/api.ts';
import { mayUseProject, principalOf } from '../../../http/principal.ts';
import { IsoTime, JsonObject, Nothing, problems, text } from '../../../http/schemas.ts';
import { visibleTo } from './access.ts';
import { isoMicros } from './filter/timestamp.ts';
import { addProject, changeProject, findProject, lastRuns, listProjects, removeProject, type ProjectRecord } from './project-store.ts';
import { noProject } from './run-access.ts';
import { isoOrNull } from './run-view.ts';
import { MusterError } from '../../../base/errors.ts';

const ProjectView = z
  .object({
    project_id: z.guid(),
    name: z.string(),
    description: z.string().nullable(),
    extra: z.unknown().describe('What its client said of it; null: nothing'),
    reference_dataset_id: z.guid().nullable(),
    created_at: IsoTime,
    modified_at: IsoTime,
    ended_at: IsoTime.nullable(),
    last_run_at: IsoTime.nullable().describe('When its newest run began'),
  })
  .meta({ id: 'TraceProject', description: 'A project: the runs of one application, or of one experiment' });

const Name = text(1, 512);
const Params = z.strictObject({ project: Name.describe('Its name or id') });
const Said = {
  description: text(0, 10_000).optional(),
  extra: JsonObject.optional(),
};
const NewProject = z.strictObject({ name: Name, ...Said });
const Change = z.strictObject({ name: Name.optional(), ...Said });

/** Projects, for people and the dashboard. */
export function addProjectRoutes(app: Api, db: Database): void {
  app.get(
    '/traces/projects',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['traces'],
        summary: 'List projects, newest first',
        querystring: z.strictObject({ name_contains: Name.optional(), limit: z.coerce.number().int().min(1).max(1_000).default(1_000) }),
        response: { 200: z.object({ items: z.array(ProjectView) }), ...problems() },
      },
    },
    async (request) => {
      const { name_contains: nameContains, limit } = request.query;
      const projects = await listProjects(db, await visibleTo(request, db), { nameContains }, { limit, offset: 0 });
      const last = await lastRuns(
        db,
        projects.map(({ projectNo }) => projectNo),
      );
      return { items: projects.map((project) => projectView(project, last.get(project.projectNo))) };
    },
  );

  app.post(
    '/traces/projects',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['traces'],
        summary: 'Add a project; one that runs name and nobody added is made with its first run',
        body: NewProject,
        response: { 201: ProjectView, ...problems(409, 413) },
      },
    },
    async (request, reply) => {
      const { name, description, extra } = request.body;
      if (!mayUseProject(principalOf(request), name)) throw new MusterError('FORBIDDEN', 'this key is for other projects');
      const project = await addProject(
        db,
        { name, description, extra: extra === undefined ? undefined : JSON.stringify(extra) },
        { upsert: false },
      );
      return reply.code(201).send(projectView(project, undefined));
    },
  );

  app.get(
    '/traces/projects/:project',
    {
      config: { permission: 'traces:read' },
      schema: { tags: ['traces'], summary: 'Show a project', params: Params, response: { 200: ProjectView, ...problems(404) } },
    },
    async (request) => {
      const project = await findProject(db, request.params.project, await visibleTo(request, db));
      if (project === undefined) throw noProject(request.params.project);
      return projectView(project, (await lastRuns(db, [project.projectNo])).get(project.projectNo));
    },
  );

  app.patch(
    '/traces/projects/:project',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['traces'],
        summary: 'Change what is said of a project; its runs stay its own under another name',
        params: Params,
        body: Change,
        response: { 200: ProjectView, ...problems(404, 409, 413) },
      },
    },
    async (request) => {
      const { project: named } = request.params;
      const found = await findProject(db, named, await visibleTo(request, db));
      const { name, description, extra } = request.body;
      const changed =
        found === undefined
          ? undefined
          : await changeProject(db, found.projectNo, { name, description, extra: extra === undefined ? undefined : JSON.stringify(extra) });
      if (changed === undefined) throw noProject(named);
      return projectView(changed, (await lastRuns(db, [changed.projectNo])).get(changed.projectNo));
    },
  );

  app.delete(
    '/traces/projects/:project',
    {
      config: { permission: 'traces:manage' },
      schema: {
        tags: ['traces'],
        summary: 'Remove a project: its runs are found no more, and deleted soon',
        params: Params,
        response: { 204: Nothing, ...problems(404) },
      },
    },
    async (request, reply) => {
      const { project: named } = request.params;
      const found = await findProject(db, named, await visibleTo(request, db));
      if (found === undefined || !(await removeProject(db, found.projectNo))) throw noProject(named);
      return reply.code(204).send(null);
    },
  );
}

export const projectView = (project: ProjectRecord, lastRun: number | undefined): z.input<typeof ProjectView> => ({
  project_id: project.projectId,
  name: project.name,
  description: project.description,
  extra: project.extra === null ? null : jsonOf(project.extra),
  reference_dataset_id: project.referenceDatasetId,
  created_at: isoMicros(project.createdAt),
  modified_at: isoMicros(project.modifiedAt),
  ended_at: isoOrNull(project.endedAt),
  last_run_at: isoOrNull(lastRun ?? null),
});

function jsonOf(textual: string): unknown {
  try {
    return JSON.parse(textual);
  } catch {
    return textual; // it came so
  }
}
