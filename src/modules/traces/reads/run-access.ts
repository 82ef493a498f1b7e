import type { FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { visibleTo } from './access.ts';
import { findProject, listProjects, type ProjectRecord } from './project-store.ts';
import type { RunRecord } from './run-record.ts';
import { getRun, type Visible } from './run-store.ts';

export const noRun = (runId: string): MusterError => new MusterError('NOT_FOUND', `there is no run ${runId}`);

/** A run that whoever asks may see, with its project. Throws NOT_FOUND, whether it is not there or not for them. */
export async function runSeenBy(
  request: FastifyRequest,
  db: Database,
  runId: string,
): Promise<{ readonly run: RunRecord; readonly project: ProjectRecord; readonly visible: Visible }> {
  const visible = await visibleTo(request, db);
  const run = await getRun(db, runId.toLowerCase(), visible);
  const project = await projectOf(db, run, visible);
  if (run === undefined || project === undefined) throw noRun(runId);
  return { run, project, visible };
}

/** Runs that whoever asks may see, each once. Throws NOT_FOUND for the first that is not there, or not for them. */
export async function runsSeenBy(request: FastifyRequest, db: Database, runIds: readonly string[]): Promise<readonly RunRecord[]> {
  const visible = await visibleTo(request, db);
  const projects = new Set((await listProjects(db, visible)).map(({ projectNo }) => projectNo));
  const runs = [];
  for (const runId of new Set(runIds.map((id) => id.toLowerCase()))) {
    const run = await getRun(db, runId, visible);
    if (run === undefined || !projects.has(run.projectNo)) throw noRun(runId);
    runs.push(run);
  }
  return runs;
}

export async function projectOf(db: Database, run: RunRecord | undefined, visible: Visible): Promise<ProjectRecord | undefined> {
  if (run === undefined) return undefined;
  return (await listProjects(db, visible)).find(({ projectNo }) => projectNo === run.projectNo);
}

/** All that are named, or all there are. Throws NOT_FOUND for a name that nobody has, or that is not for them. */
export async function projectsNamed(
  db: Database,
  names: readonly string[] | undefined,
  visible: Visible,
): Promise<readonly ProjectRecord[]> {
  if (names === undefined) return listProjects(db, visible);
  return Promise.all(
    [...new Set(names)].map(async (name) => {
      const project = await findProject(db, name, visible);
      if (project === undefined) throw noProject(name);
      return project;
    }),
  );
}

export const noProject = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `there is no project ${name}`, { remedy: '`muster traces projects` shows those there are.' });
