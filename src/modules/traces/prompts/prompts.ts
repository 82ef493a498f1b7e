import { randomUUID } from 'node:crypto';
import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { raw, sql } from '../../../db/sql.ts';
import { noPrompt, type Prompt, type PromptFields, type PromptKind } from './prompt.ts';

const MOST_PROMPTS = 10_000;

const COLUMNS = raw(`p.prompt_id as "promptId", p.name, p.kind, p.description, p.readme, p.tags, p.is_public as "isPublic",
  p.is_archived as "isArchived", p.created_at as "createdAt", p.updated_at as "updatedAt",
  (select count(*)::int from muster.trace_prompt_commits c where c.prompt_id = p.prompt_id) as commits,
  (select c.hash from muster.trace_prompt_commits c where c.prompt_id = p.prompt_id order by c.number desc limit 1) as "lastHash",
  (select count(*)::int from muster.trace_prompt_likes l where l.prompt_id = p.prompt_id) as likes`);

export interface PromptQuery {
  readonly kind: PromptKind;
  readonly isArchived?: boolean | undefined;
  readonly isPublic?: boolean | undefined;
  readonly hasCommits?: boolean | undefined;
  /** All of them. */
  readonly tags?: readonly string[] | undefined;
  /** In the name or the description. */
  readonly text?: string | undefined;
  readonly sort: 'updatedAt' | 'createdAt' | 'name' | 'likes';
  readonly isAscending: boolean;
  readonly limit: number;
  readonly offset: number;
}

const SORTS = { updatedAt: 'p.updated_at', createdAt: 'p.created_at', name: 'p.name', likes: '11' } as const;

/** Prompts by their names. `subject` is whoever asks. */
export class Prompts {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Throws CONFLICT where the name is taken, TOO_LARGE where there are too many. */
  async create(name: string, kind: PromptKind, fields: PromptFields, subject: string): Promise<Prompt> {
    const made = await this.#db.one(sql`
      insert into muster.trace_prompts (prompt_id, name, kind, description, readme, tags, is_public, is_archived, created_by)
      select ${randomUUID()}::uuid, ${name}, ${kind}, ${fields.description ?? null}, ${fields.readme ?? null}, ${fields.tags ?? []}::text[],
        ${fields.isPublic ?? false}, ${fields.isArchived ?? false}, ${subject}
      where (select count(*) from muster.trace_prompts) < ${MOST_PROMPTS}
      on conflict (name) do nothing returning prompt_id`);
    const found = await this.find(name, subject);
    if (found === undefined)
      throw new MusterError('TOO_LARGE', `there are ${MOST_PROMPTS} prompts already`, { remedy: 'Delete some that nobody needs.' });
    if (made === undefined)
      throw new MusterError('CONFLICT', `there is a ${found.kind} ${name} already`, { remedy: 'Push a new version of it instead.' });
    return found;
  }

  async find(name: string, subject: string): Promise<Prompt | undefined> {
    return this.#db.one<Prompt>(sql`select ${COLUMNS},
      exists (select from muster.trace_prompt_likes l where l.prompt_id = p.prompt_id and l.subject = ${subject}) as "isLiked"
      from muster.trace_prompts p where p.name = ${name}`);
  }

  /** Throws NOT_FOUND. */
  async get(name: string, subject: string): Promise<Prompt> {
    const found = await this.find(name, subject);
    if (found === undefined) throw noPrompt(name);
    return found;
  }

  async list(query: PromptQuery, subject: string): Promise<{ readonly prompts: readonly Prompt[]; readonly total: number }> {
    const { isArchived = null, isPublic = null, hasCommits = null, tags = null, text = null } = query;
    const { rows } = await this.#db.query<Prompt & { total: number }>(sql`select ${COLUMNS},
        exists (select from muster.trace_prompt_likes l where l.prompt_id = p.prompt_id and l.subject = ${subject}) as "isLiked",
        count(*) over ()::int as total
      from muster.trace_prompts p
      where p.kind = ${query.kind}
        and (${isArchived}::boolean is null or p.is_archived = ${isArchived})
        and (${isPublic}::boolean is null or p.is_public = ${isPublic})
        and (${hasCommits}::boolean is null
          or ${hasCommits} = exists (select from muster.trace_prompt_commits c where c.prompt_id = p.prompt_id))
        and (${tags}::text[] is null or p.tags @> ${tags}::text[])
        and (${text}::text is null or strpos(lower(p.name || ' ' || coalesce(p.description, '')), lower(${text})) > 0)
      order by ${raw(`${SORTS[query.sort]} ${query.isAscending ? 'asc' : 'desc'}`)}, p.prompt_id limit ${query.limit} offset ${query.offset}`);
    return { prompts: rows, total: rows[0]?.total ?? 0 };
  }

  /** Throws NOT_FOUND. */
  async change(name: string, fields: PromptFields, subject: string): Promise<Prompt> {
    const said = (value: unknown): boolean => value !== undefined;
    await this.#db.query(sql`update muster.trace_prompts set
        description = case when ${said(fields.description)} then ${fields.description ?? null} else description end,
        readme = case when ${said(fields.readme)} then ${fields.readme ?? null} else readme end,
        tags = coalesce(${fields.tags ?? null}::text[], tags),
        is_public = coalesce(${fields.isPublic ?? null}::boolean, is_public),
        is_archived = coalesce(${fields.isArchived ?? null}::boolean, is_archived),
        updated_at = date_trunc('milliseconds', clock_timestamp())
      where name = ${name}`);
    return this.get(name, subject);
  }

  /** With all its versions. Throws NOT_FOUND. */
  async remove(name: string): Promise<void> {
    const { count } = await this.#db.query(sql`delete from muster.trace_prompts where name = ${name}`);
    if (count === 0) throw noPrompt(name);
  }

  /** How many like it then. Throws NOT_FOUND. */
  async like(name: string, subject: string, likes: boolean): Promise<number> {
    const { promptId } = await this.get(name, subject);
    await this.#db.query(
      likes
        ? sql`insert into muster.trace_prompt_likes (prompt_id, subject) values (${promptId}, ${subject}) on conflict do nothing`
        : sql`delete from muster.trace_prompt_likes where prompt_id = ${promptId} and subject = ${subject}`,
    );
    return (await this.get(name, subject)).likes;
  }
}
