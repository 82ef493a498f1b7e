import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Api } from '../../../http/api.ts';
import { principalOf } from '../../../http/principal.ts';
import { JsonObject, Nothing, problems, text } from '../../../http/schemas.ts';
import type { ModuleServices } from '../../module.ts';
import { Commits, type CommitTag } from './commits.ts';
import { noCommit, noPrompt, type Commit, type Prompt } from './prompt.ts';
import { Prompts } from './prompts.ts';
import { authorOf, tagOf } from './said.ts';
import { templateOf } from './template.ts';

const Name = text(1, 256);
const OfPrompt = z.strictObject({ prompt: Name });
const OfVersion = OfPrompt.extend({ version: text(1, 256).describe('latest, a tag, or at least 8 digits of its hash') });
const OfTag = OfPrompt.extend({ tag: text(1, 256) });
const Page = {
  limit: z.coerce.number().int().min(1).max(100).default(100).describe('Items a page at most'),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
};

const PromptView = z
  .object({
    name: z.string(),
    description: z.string().nullable(),
    readme: z.string().nullable(),
    tags: z.array(z.string()),
    is_archived: z.boolean(),
    versions: z.number(),
    last_hash: z.string().nullable().describe('null: it has no version yet'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'TracePrompt', description: 'A prompt as programs push and pull it, in versions that never change' });
const promptView = (prompt: Prompt): z.input<typeof PromptView> => ({
  name: prompt.name,
  description: prompt.description,
  readme: prompt.readme,
  tags: [...prompt.tags],
  is_archived: prompt.isArchived,
  versions: prompt.commits,
  last_hash: prompt.lastHash,
  created_at: prompt.createdAt.toISOString(),
  updated_at: prompt.updatedAt.toISOString(),
});

const VersionView = z.object({
  hash: z.string(),
  parent_hash: z.string().nullable(),
  description: z.string().nullable(),
  tags: z.array(z.string()).describe('Those that are on this version now'),
  created_at: z.iso.datetime(),
});
const versionView = (commit: Commit, tags: readonly CommitTag[]): z.input<typeof VersionView> => ({
  hash: commit.hash,
  parent_hash: commit.parentHash,
  description: commit.description,
  tags: tags.flatMap((each) => (each.commitId === commit.commitId ? [each.tag] : [])),
  created_at: commit.createdAt.toISOString(),
});

const Part = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('json'), value: z.unknown() }),
]);
const TemplateView = z.object({
  format: z.string().describe('How variables are written in it: f-string or mustache'),
  variables: z.array(z.string()),
  messages: z.array(
    z.object({
      role: z.string().describe('system, human, ai, tool, or another; placeholder: messages are put in there'),
      variable: z.string().optional().describe('Of a placeholder: which messages'),
      parts: z.array(Part),
    }),
  ),
  schema: z.unknown().describe('The JSON schema of what is to come back, of a structured prompt'),
  model: z.string().nullable().describe('Pushed together with the prompt'),
});
const WholeVersionView = VersionView.extend({
  template: TemplateView.nullable().describe('null: it is nothing that LangChain calls a prompt'),
  manifest: JsonObject.describe('As it was pushed'),
});

/** Prompts below /api/v1: what the SDKs pushed, to be read by people. */
export function addPromptRoutes(app: Api, { state }: Pick<ModuleServices, 'state'>): void {
  const prompts = new Prompts(state.database);
  const commits = new Commits(state.database);
  const seen = async (request: FastifyRequest<{ Params: { prompt: string } }>): Promise<Prompt> => {
    const { prompt: name } = request.params;
    const found = await prompts.get(name, principalOf(request).subject);
    // The directory of an agent or a skill is of files: it has no messages.
    if (found.kind !== 'prompt') throw noPrompt(name);
    return found;
  };

  app.get(
    '/traces/prompts',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['prompts'],
        summary: 'List prompts, those that changed last first',
        querystring: z.strictObject({
          q: text(1, 256).optional().describe('In the name or the description'),
          tag: text(1, 256).optional(),
          archived: z.enum(['true', 'false']).default('false'),
          ...Page,
        }),
        response: { 200: z.object({ items: z.array(PromptView), total: z.number() }), ...problems() },
      },
    },
    async (request) => {
      const { q, tag, archived, limit, offset } = request.query;
      const { prompts: found, total } = await prompts.list(
        {
          kind: 'prompt',
          isArchived: archived === 'true',
          tags: tag === undefined ? undefined : [tag],
          text: q,
          sort: 'updatedAt',
          isAscending: false,
          limit,
          offset,
        },
        principalOf(request).subject,
      );
      return { items: found.map(promptView), total };
    },
  );

  app.get(
    '/traces/prompts/:prompt',
    {
      config: { permission: 'traces:read' },
      schema: { tags: ['prompts'], summary: 'Show a prompt', params: OfPrompt, response: { 200: PromptView, ...problems(404) } },
    },
    async (request) => promptView(await seen(request)),
  );

  app.delete(
    '/traces/prompts/:prompt',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['prompts'],
        summary: 'Delete a prompt with all its versions',
        params: OfPrompt,
        response: { 204: Nothing, ...problems(404) },
      },
    },
    async (request, reply) => {
      authorOf(request);
      await prompts.remove((await seen(request)).name);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/traces/prompts/:prompt/versions',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['prompts'],
        summary: 'List the versions of a prompt, newest first',
        params: OfPrompt,
        querystring: z.strictObject(Page),
        response: { 200: z.object({ items: z.array(VersionView), total: z.number() }), ...problems(404) },
      },
    },
    async (request) => {
      const { promptId } = await seen(request);
      const [{ commits: found, total }, tags] = await Promise.all([commits.list(promptId, request.query), commits.tags(promptId)]);
      return { items: found.map((commit) => versionView(commit, tags)), total };
    },
  );

  app.get(
    '/traces/prompts/:prompt/versions/:version',
    {
      config: { permission: 'traces:read' },
      schema: {
        tags: ['prompts'],
        summary: 'Show a version of a prompt: its messages, and the manifest as it was pushed',
        params: OfVersion,
        response: { 200: WholeVersionView, ...problems(404) },
      },
    },
    async (request) => {
      const prompt = await seen(request);
      const [commit, tags] = await Promise.all([commits.get(prompt, request.params.version), commits.tags(prompt.promptId)]);
      const manifest = JSON.parse(commit.manifest) as Record<string, unknown>;
      return { ...versionView(commit, tags), template: readable(manifest), manifest };
    },
  );

  app.put(
    '/traces/prompts/:prompt/tags/:tag',
    {
      config: { permission: 'traces:write' },
      schema: {
        tags: ['prompts'],
        summary: 'Put a tag on a version of a prompt, from wherever it was: who pulls by the tag gets that version from then on',
        params: OfTag,
        body: z.strictObject({ version: text(1, 256).describe('latest, another tag, or at least 8 digits of its hash') }),
        response: { 200: z.object({ tag: z.string(), hash: z.string() }), ...problems(404, 413) },
      },
    },
    async (request) => {
      authorOf(request);
      const prompt = await seen(request);
      const { commitId } = await commits.get(prompt, request.body.version);
      const { tag, hash } = await commits.tag(prompt, tagOf(request.params.tag, 'tag'), commitId);
      return { tag, hash };
    },
  );

  app.delete(
    '/traces/prompts/:prompt/tags/:tag',
    {
      config: { permission: 'traces:write' },
      schema: { tags: ['prompts'], summary: 'Remove a tag', params: OfTag, response: { 204: Nothing, ...problems(404) } },
    },
    async (request, reply) => {
      authorOf(request);
      const { promptId, name } = await seen(request);
      if (!(await commits.untag(promptId, request.params.tag))) throw noCommit(name, request.params.tag);
      return reply.code(204).send(null);
    },
  );
}

function readable(manifest: unknown): z.input<typeof TemplateView> | null {
  const template = templateOf(manifest);
  if (template === undefined) return null;
  const { variables, messages, ...rest } = template;
  return { ...rest, variables: [...variables], messages: messages.map(({ parts, ...message }) => ({ ...message, parts: [...parts] })) };
}
