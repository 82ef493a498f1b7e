import type { FastifyInstance, FastifyRequest } from 'fastify';
import { principalOf } from '../../../http/principal.ts';
import type { ModuleServices } from '../../module.ts';
import { idOf, objectIn, QueryValues, wrong } from '../datasets/query-values.ts';
import { membersOf } from '../json/slices.ts';
import { sendJson } from '../reads/answers.ts';
import { objectText, verbatim } from '../reads/json-text.ts';
import { bodyOf } from '../langsmith/request.ts';
import { Commits } from './commits.ts';
import { addDirectoryDoors } from './directory-doors.ts';
import { door } from './door.ts';
import { commitView, promptView, tagView } from './langsmith-views.ts';
import { withoutModel } from './manifest.ts';
import { noCommit, PROMPT_KINDS, type PromptKind } from './prompt.ts';
import { Prompts } from './prompts.ts';
import { authorOf, fieldsIn, nameIn, newName, tagOf, textIn } from './said.ts';

const MOST_BYTES = 8 * 1_048_576;
const MOST = 100;
const SORTS = { updated_at: 'updatedAt', created_at: 'createdAt', name: 'name', num_likes: 'likes' } as const;

const asked = (request: FastifyRequest): string => principalOf(request).subject;
const saidBy = async (request: FastifyRequest): Promise<Readonly<Record<string, unknown>>> => objectIn(await bodyOf(request));
const pageOf = (query: QueryValues) => ({ limit: query.whole('limit', MOST, MOST), offset: query.whole('offset', 0, 1_000_000) });

/** Prompts as LangSmith's SDKs and LangChain's hub push and pull them, in a scope of their own: bodies are read as they come. */
export function addPromptDoors(app: FastifyInstance, { state }: Pick<ModuleServices, 'state'>): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MOST_BYTES }, async (_request: FastifyRequest, body: Buffer) => body);
  const prompts = new Prompts(state.database);
  const commits = new Commits(state.database);
  const seen = (request: FastifyRequest) => prompts.get(nameIn(request), asked(request));

  app.get('/langsmith/repos', door('read', 'Lists prompts'), async (request) => {
    const query = new QueryValues(request);
    const flag = (name: string): boolean | undefined => {
      const text = query.text(name);
      return text === undefined ? undefined : text.toLowerCase() === 'true';
    };
    const sort = query.text('sort_field') ?? '';
    const { prompts: found, total } = await prompts.list(
      {
        kind: kindOf(query.text('repo_type')),
        isArchived: flag('is_archived'),
        isPublic: flag('is_public'),
        hasCommits: flag('has_commits'),
        tags: query.list('tags'),
        text: query.text('query'),
        sort: Object.hasOwn(SORTS, sort) ? SORTS[sort as keyof typeof SORTS] : 'updatedAt',
        isAscending: query.text('sort_direction') === 'asc',
        ...pageOf(query),
      },
      asked(request),
    );
    return { repos: found.map(promptView), total };
  });

  app.post('/langsmith/repos', door('write', 'Makes a prompt'), async (request) => {
    const said = await saidBy(request);
    return {
      repo: promptView(await prompts.create(newName(said['repo_handle']), kindOf(said['repo_type']), fieldsIn(said), authorOf(request))),
    };
  });

  app.get('/langsmith/repos/:owner/:name', door('read', 'Reads what is said of a prompt'), async (request) => ({
    repo: promptView(await seen(request)),
  }));

  app.patch('/langsmith/repos/:owner/:name', door('write', 'Changes what is said of a prompt'), async (request) => {
    const subject = authorOf(request);
    const { name } = await seen(request);
    return { repo: promptView(await prompts.change(name, fieldsIn(await saidBy(request)), subject)) };
  });

  app.delete('/langsmith/repos/:owner/:name', door('write', 'Deletes a prompt with all its versions'), async (request) => {
    authorOf(request);
    await prompts.remove(nameIn(request));
    // Older clients read an answer.
    return { message: 'deleted' };
  });

  app.post('/langsmith/likes/:owner/:name', door('write', 'Likes a prompt, or no more'), async (request) => ({
    likes: await prompts.like(nameIn(request), asked(request), (await saidBy(request))['like'] !== false),
  }));

  // The second as the 0.3 line of the JavaScript SDK asks.
  for (const url of ['/langsmith/commits/:owner/:name', '/langsmith/commits/:owner'])
    app.get(url, door('read', 'Lists the versions of a prompt, newest first'), async (request) => {
      const prompt = await seen(request);
      const { commits: found, total } = await commits.list(prompt.promptId, pageOf(new QueryValues(request)));
      return { commits: found.map((commit) => commitView(prompt, commit)), total };
    });

  app.post('/langsmith/commits/:owner/:name', door('write', 'Pushes a version of a prompt'), async (request) => {
    const createdBy = authorOf(request);
    const text = (await bodyOf(request)).toString('utf8');
    const said = objectIn(Buffer.from(text));
    if (typeof said['manifest'] !== 'object' || said['manifest'] === null) throw wrong('manifest', 'is a JSON object');
    const place = membersOf(text)?.findLast(({ key }) => key === 'manifest');
    const parent = said['parent_commit'];
    if (parent !== undefined && parent !== null && (typeof parent !== 'string' || parent.length < 8 || parent.length > 64))
      throw wrong('parent_commit', 'is 8 to 64 digits of the hash of a version');
    const prompt = await seen(request);
    const commit = await commits.add(prompt, {
      manifest: text.slice(place?.start, place?.end),
      parent: parent ?? undefined,
      description: textIn(said, 'description') ?? undefined,
      createdBy,
    });
    return { commit: commitView(prompt, commit) };
  });

  app.get('/langsmith/commits/:owner/:name/:version', door('read', 'Pulls a version of a prompt'), async (request, reply) => {
    const prompt = await seen(request);
    const { version } = request.params as { version: string };
    const { manifest, ...commit } = await commits.get(prompt, version);
    const includesModel = new QueryValues(request).text('include_model')?.toLowerCase() === 'true';
    return sendJson(
      reply,
      objectText({
        ...commitView(prompt, commit),
        manifest: verbatim(includesModel ? manifest : withoutModel(manifest)),
        examples: [],
        is_draft: false,
      }),
    );
  });

  app.get('/langsmith/repos/:owner/:name/tags', door('read', 'Lists the tags of a prompt'), async (request) => {
    const { promptId } = await seen(request);
    return (await commits.tags(promptId)).map((tag) => tagView(promptId, tag));
  });

  app.post('/langsmith/repos/:owner/:name/tags', door('write', 'Puts a tag on a version, from wherever it was'), async (request) => {
    authorOf(request);
    const said = await saidBy(request);
    const prompt = await seen(request);
    const tag = await commits.tag(prompt, tagOf(said['tag_name'], 'tag_name'), idOf(said['commit_id'], 'commit_id'));
    return tagView(prompt.promptId, tag);
  });

  app.patch('/langsmith/repos/:owner/:name/tags/:tag', door('write', 'Moves a tag to another version'), async (request) => {
    authorOf(request);
    const said = await saidBy(request);
    const prompt = await seen(request);
    const tag = tagOf((request.params as { tag: string }).tag, 'tag');
    return tagView(prompt.promptId, await commits.tag(prompt, tag, idOf(said['commit_id'], 'commit_id')));
  });

  app.delete('/langsmith/repos/:owner/:name/tags/:tag', door('write', 'Removes a tag'), async (request, reply) => {
    authorOf(request);
    const prompt = await seen(request);
    const { tag } = request.params as { tag: string };
    if (!(await commits.untag(prompt.promptId, tag))) throw noCommit(prompt.name, tag);
    return reply.code(204).send();
  });

  addDirectoryDoors(app, prompts, commits);
}

function kindOf(said: unknown): PromptKind {
  if (said === undefined || said === null) return 'prompt';
  const kind = PROMPT_KINDS.find((one) => one === said);
  if (kind === undefined) throw wrong('repo_type', `is one of ${PROMPT_KINDS.join(', ')}`);
  return kind;
}
