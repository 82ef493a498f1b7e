import type { FastifyRequest } from 'fastify';
import { MusterError } from '../../../base/errors.ts';
import { principalOf, requireAllProjects } from '../../../http/principal.ts';
import { wrong } from '../datasets/query-values.ts';
import { cleanText } from '../intake/pg-text.ts';
import { TENANT_HANDLE } from '../langsmith/tenant.ts';
import type { PromptFields } from './prompt.ts';

const NAME = /^[A-Za-z0-9][\w.-]{0,255}$/;
const LONGEST_TEXT = 100_000;
const MOST_TAGS = 100;
const LONGEST_TAG = 256;

/** Whoever changes prompts: they belong to the whole fleet, so a key that is confined to some projects reads them only. */
export function authorOf(request: FastifyRequest): string {
  const principal = principalOf(request);
  requireAllProjects(principal);
  return principal.subject;
}

/** The name of a prompt, in an address that names its owner too. Throws NOT_FOUND for owners elsewhere: LangChain's public hub is not here. */
export function nameIn(request: FastifyRequest): string {
  const { owner, name } = request.params as { owner: string; name?: string };
  if (name === undefined) return owner;
  if (owner === '-' || owner === TENANT_HANDLE) return name;
  throw new MusterError('NOT_FOUND', `there is no owner ${owner} here`, {
    remedy: `Name prompts without an owner: the public hub of LangChain is not part of this server.`,
  });
}

export function newName(said: unknown): string {
  if (typeof said !== 'string' || !NAME.test(said))
    throw wrong('repo_handle', 'is a name of letters, digits, -, _ and ., at most 256 of them, that begins with a letter or digit');
  return said;
}

/** What a body says of a prompt. */
export const fieldsIn = (said: Readonly<Record<string, unknown>>): PromptFields => ({
  description: textIn(said, 'description'),
  readme: textIn(said, 'readme'),
  tags: said['tags'] === undefined || said['tags'] === null ? undefined : tagsIn(said['tags']),
  isPublic: flagIn(said, 'is_public'),
  isArchived: flagIn(said, 'is_archived'),
});

export function textIn(said: Readonly<Record<string, unknown>>, name: string): string | null | undefined {
  const value = said[name];
  if (value === undefined || value === null) return value;
  if (typeof value !== 'string' || value.length > LONGEST_TEXT) throw wrong(name, `is a text of at most ${LONGEST_TEXT} characters`);
  return cleanText(value);
}

export function tagOf(said: unknown, name: string): string {
  if (typeof said !== 'string' || said === '' || said.length > LONGEST_TAG || said === 'latest' || /[/:\u0000]/.test(said))
    throw wrong(name, `is a text of 1 to ${LONGEST_TAG} characters without / and :, and not latest`);
  return said;
}

function tagsIn(said: unknown): readonly string[] {
  if (!Array.isArray(said) || said.length > MOST_TAGS || said.some((tag) => typeof tag !== 'string' || tag.length > LONGEST_TAG))
    throw wrong('tags', `is a list of at most ${MOST_TAGS} texts`);
  return said.map((tag) => cleanText(tag as string));
}

function flagIn(said: Readonly<Record<string, unknown>>, name: string): boolean | undefined {
  const value = said[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw wrong(name, 'is true or false');
  return value;
}
