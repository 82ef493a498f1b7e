import { createHash, randomUUID } from 'node:crypto';
import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { raw, sql, type Sql } from '../../../db/sql.ts';
import type { JsonText } from '../run/operation.ts';
import { noCommit, noPrompt, type Commit, type WholeCommit } from './prompt.ts';

const MOST_COMMITS = 10_000;
const MOST_TAGS = 200;

const COLUMNS = raw(`c.commit_id as "commitId", c.hash, before.commit_id as "parentId", before.hash as "parentHash", c.description,
  c.created_at as "createdAt"`);
const FROM = raw(`muster.trace_prompt_commits c
  left join muster.trace_prompt_commits before on before.prompt_id = c.prompt_id and before.number = c.number - 1`);

export interface NewCommit {
  readonly manifest: JsonText;
  /** A hash, or its beginning: the version this one was made from. Undefined: whichever is the last. */
  readonly parent?: string | undefined;
  readonly description?: string | undefined;
  readonly createdBy: string;
}

/** The versions of prompts: a line each, whose hashes depend on all that was before. */
export class Commits {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Adds a version behind the last one. Throws NOT_FOUND where the prompt is gone; CONFLICT where nothing changed, or where `parent` is not the
   * last version any more: somebody else was faster.
   */
  async add(prompt: { readonly promptId: string; readonly name: string }, { manifest, parent, ...said }: NewCommit): Promise<WholeCommit> {
    const { promptId, name } = prompt;
    return this.#db.transaction(async (tx) => {
      // Two that push at once queue here.
      const { rows: locked } = await tx.query(sql`select from muster.trace_prompts where prompt_id = ${promptId} for update`);
      if (locked.length === 0) throw noPrompt(name);
      const {
        rows: [last],
      } = await tx.query<{ commitId: string; hash: string; number: number; manifest: JsonText }>(sql`
        select commit_id as "commitId", hash, number, manifest from muster.trace_prompt_commits where prompt_id = ${promptId}
        order by number desc limit 1`);
      if (parent !== undefined && last?.hash.startsWith(parent) !== true)
        throw new MusterError('CONFLICT', `version ${parent} is not the last one of ${name}`, {
          remedy: 'Pull the last version, bring your changes into it, and push again.',
        });
      if (last?.manifest === manifest)
        throw new MusterError('CONFLICT', `nothing to commit: ${name} has not changed since its last version`, {
          remedy: 'The last version is what you pushed; there is nothing to do.',
        });
      if ((last?.number ?? 0) >= MOST_COMMITS)
        throw new MusterError('TOO_LARGE', `${name} has ${MOST_COMMITS} versions already`, { remedy: 'Go on in a new prompt.' });
      const hash = createHash('sha256')
        .update(`${last?.hash ?? ''}\n${manifest}`)
        .digest('hex');
      const commitId = randomUUID();
      const {
        rows: [made],
      } = await tx.query<{ createdAt: Date }>(sql`
        insert into muster.trace_prompt_commits (commit_id, prompt_id, number, hash, manifest, description, created_by)
        values (${commitId}, ${promptId}, ${(last?.number ?? 0) + 1}, ${hash}, ${manifest}, ${said.description ?? null}, ${said.createdBy})
        returning created_at as "createdAt"`);
      await tx.query(
        sql`update muster.trace_prompts set updated_at = date_trunc('milliseconds', clock_timestamp()) where prompt_id = ${promptId}`,
      );
      return {
        commitId,
        hash,
        parentId: last?.commitId ?? null,
        parentHash: last?.hash ?? null,
        description: said.description ?? null,
        createdAt: made?.createdAt ?? new Date(),
        manifest,
      };
    });
  }

  /** The newest first. */
  async list(
    promptId: string,
    page: { readonly limit: number; readonly offset: number },
  ): Promise<{ readonly commits: readonly Commit[]; readonly total: number }> {
    const { rows } = await this.#db.query<Commit & { total: number }>(sql`
      select ${COLUMNS}, count(*) over ()::int as total from ${FROM} where c.prompt_id = ${promptId}
      order by c.number desc limit ${page.limit} offset ${page.offset}`);
    return { commits: rows, total: rows[0]?.total ?? 0 };
  }

  /** A version by `latest`, a tag, or the beginning of its hash. Throws NOT_FOUND. */
  async get({ promptId, name }: { readonly promptId: string; readonly name: string }, version: string): Promise<WholeCommit> {
    const found =
      version === 'latest'
        ? await this.#one(promptId, sql`true`)
        : ((await this.#tagged(promptId, version)) ?? (await this.#byHash(promptId, version)));
    if (found === undefined) throw noCommit(name, version);
    return found;
  }

  async #tagged(promptId: string, tag: string): Promise<WholeCommit | undefined> {
    return this.#one(
      promptId,
      sql`c.commit_id = (select t.commit_id from muster.trace_prompt_tags t where t.prompt_id = ${promptId} and t.tag = ${tag})`,
    );
  }

  async #byHash(promptId: string, version: string): Promise<WholeCommit | undefined> {
    return /^[0-9a-f]{8,64}$/i.test(version) ? this.#one(promptId, sql`starts_with(c.hash, ${version.toLowerCase()})`) : undefined;
  }

  async #one(promptId: string, where: Sql): Promise<WholeCommit | undefined> {
    return this.#db.one<WholeCommit>(
      sql`select ${COLUMNS}, c.manifest from ${FROM} where c.prompt_id = ${promptId} and ${where} order by c.number desc limit 1`,
    );
  }

  async tags(promptId: string): Promise<readonly CommitTag[]> {
    const { rows } = await this.#db.query<CommitTag>(sql`select t.tag, t.commit_id as "commitId", c.hash, t.created_at as "createdAt",
        t.updated_at as "updatedAt"
      from muster.trace_prompt_tags t join muster.trace_prompt_commits c using (commit_id) where t.prompt_id = ${promptId} order by t.tag`);
    return rows;
  }

  /** Puts a tag on a version, from wherever it was. Throws NOT_FOUND where this prompt has no such version, TOO_LARGE. */
  async tag({ promptId, name }: { readonly promptId: string; readonly name: string }, tag: string, commitId: string): Promise<CommitTag> {
    const { count } = await this.#db.query(sql`
      insert into muster.trace_prompt_tags (prompt_id, tag, commit_id)
      select ${promptId}::uuid, ${tag}, c.commit_id from muster.trace_prompt_commits c where c.prompt_id = ${promptId} and c.commit_id = ${commitId}
      on conflict (prompt_id, tag) do update set commit_id = excluded.commit_id, updated_at = date_trunc('milliseconds', clock_timestamp())`);
    if (count === 0) throw noCommit(name, commitId);
    const tags = await this.tags(promptId);
    const put = tags.find((one) => one.tag === tag);
    if (put === undefined) throw noCommit(name, tag);
    if (tags.length <= MOST_TAGS) return put;
    await this.untag(promptId, tag);
    throw new MusterError('TOO_LARGE', `${name} has ${MOST_TAGS} tags already`, { remedy: 'Remove some that nobody needs.' });
  }

  /** Whether it was there. */
  async untag(promptId: string, tag: string): Promise<boolean> {
    return (await this.#db.query(sql`delete from muster.trace_prompt_tags where prompt_id = ${promptId} and tag = ${tag}`)).count > 0;
  }
}

export interface CommitTag {
  readonly tag: string;
  readonly commitId: string;
  readonly hash: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
