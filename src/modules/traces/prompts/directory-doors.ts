import type { FastifyInstance } from 'fastify';
import { principalOf } from '../../../http/principal.ts';
import { objectIn, QueryValues, wrong } from '../datasets/query-values.ts';
import { bodyOf } from '../langsmith/request.ts';
import type { Commits } from './commits.ts';
import { door } from './door.ts';
import { commitView } from './langsmith-views.ts';
import { noPrompt, type Prompt } from './prompt.ts';
import type { Prompts } from './prompts.ts';
import { authorOf, nameIn } from './said.ts';

const HUB = '/langsmith/v1/platform/hub/repos/:owner/:name/directories';
const MOST_FILES = 1_000;

type Files = Readonly<Record<string, unknown>>;

/** The files of agents and skills: each version holds all of them, a push says what changed. */
export function addDirectoryDoors(app: FastifyInstance, prompts: Prompts, commits: Commits): void {
  const directory = async (name: string, subject: string): Promise<Prompt> => {
    const found = await prompts.get(name, subject);
    if (found.kind === 'prompt') throw noPrompt(name);
    return found;
  };

  app.get(HUB, door('read', 'Pulls the files of an agent or a skill'), async (request) => {
    const found = await directory(nameIn(request), principalOf(request).subject);
    const { commitId, hash, manifest } = await commits.get(found, new QueryValues(request).text('commit') ?? 'latest');
    return { commit_id: commitId, commit_hash: hash, files: filesOf(manifest) };
  });

  app.post(`${HUB}/commits`, door('write', 'Pushes files of an agent or a skill; null removes one'), async (request) => {
    const createdBy = authorOf(request);
    const { files, parent_commit: parent } = objectIn(await bodyOf(request));
    if (typeof files !== 'object' || files === null || !Object.values(files).every(isFile))
      throw wrong('files', 'are {"path": {"type": "file", "content": "…"}} or null each');
    const found = await directory(nameIn(request), createdBy);
    const before = found.lastHash === null ? {} : filesOf((await commits.get(found, found.lastHash)).manifest);
    const after = Object.fromEntries(Object.entries({ ...before, ...files }).filter(([, file]) => file !== null));
    if (Object.keys(after).length > MOST_FILES) throw wrong('files', `are at most ${MOST_FILES}`);
    const commit = await commits.add(found, {
      manifest: JSON.stringify({ files: after }),
      // Of the version they were added to: another that came meanwhile is not overwritten.
      parent: typeof parent === 'string' ? parent : (found.lastHash ?? undefined),
      createdBy,
    });
    return { commit: commitView(found, commit) };
  });

  app.delete(HUB, door('write', 'Deletes an agent or a skill'), async (request, reply) => {
    const { name } = await directory(nameIn(request), authorOf(request));
    await prompts.remove(name);
    return reply.code(204).send();
  });
}

/** Flat, so that it can be written again however deep what was sent is. */
const isFile = (file: unknown): boolean =>
  file === null || (typeof file === 'object' && Object.values(file).every((value) => value === null || typeof value !== 'object'));

const filesOf = (manifest: string): Files => (JSON.parse(manifest) as { readonly files: Files }).files;
