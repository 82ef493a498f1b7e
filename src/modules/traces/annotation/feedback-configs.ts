import { randomUUID } from 'node:crypto';
import { MusterError } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { TENANT_ID } from '../langsmith/tenant.ts';
import type { JsonText } from '../run/operation.ts';

const MOST_CONFIGS = 1_000;

/** What a key of feedback means: between which numbers it lies, or which categories it has. */
export interface FeedbackConfig {
  readonly key: string;
  readonly configId: string;
  /** An object: type, min, max, categories. */
  readonly config: JsonText;
  readonly isLowerBetter: boolean | null;
  readonly isEnforced: boolean;
  readonly modifiedAt: Date;
}

export interface FeedbackConfigFields {
  readonly config?: JsonText | undefined;
  readonly isLowerBetter?: boolean | undefined;
  readonly isEnforced?: boolean | undefined;
}

const COLUMNS = sql`key, config_id as "configId", config, lower_is_better as "isLowerBetter", is_enforced as "isEnforced", modified_at as "modifiedAt"`;

/** One a key. */
export class FeedbackConfigs {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The same again changes nothing. Throws CONFLICT where the key means something else already, TOO_LARGE where there are too many. */
  async create(key: string, fields: FeedbackConfigFields & { readonly config: JsonText }): Promise<FeedbackConfig> {
    await this.#db.query(sql`
      insert into muster.trace_feedback_configs (key, config_id, config, lower_is_better, is_enforced)
      select ${key}, ${randomUUID()}::uuid, ${fields.config}, ${fields.isLowerBetter ?? null}::boolean, ${fields.isEnforced ?? false}::boolean
      where (select count(*) from muster.trace_feedback_configs) < ${MOST_CONFIGS} on conflict (key) do nothing`);
    const [found] = await this.list({ keys: [key] }, { limit: 1, offset: 0 });
    if (found === undefined)
      throw new MusterError('TOO_LARGE', `there are ${MOST_CONFIGS} feedback configs already`, {
        remedy: 'Delete some that nobody needs.',
      });
    if (found.config !== fields.config || (fields.isLowerBetter !== undefined && found.isLowerBetter !== fields.isLowerBetter))
      throw new MusterError('CONFLICT', `the feedback ${key} has another config already`, { remedy: 'Change that one.' });
    return found;
  }

  async list(
    filter: {
      readonly keys?: readonly string[] | undefined;
      readonly nameContains?: string | undefined;
      readonly isEnforced?: boolean | undefined;
    },
    page: { readonly limit: number; readonly offset: number },
  ): Promise<readonly FeedbackConfig[]> {
    const { keys = null, nameContains = null, isEnforced = null } = filter;
    const { rows } = await this.#db.query<FeedbackConfig>(sql`select ${COLUMNS} from muster.trace_feedback_configs
      where (${keys}::text[] is null or key = any(${keys}::text[])) and (${isEnforced}::boolean is null or is_enforced = ${isEnforced}::boolean)
        and (${nameContains}::text is null or strpos(lower(key), lower(${nameContains})) > 0)
      order by key limit ${page.limit} offset ${page.offset}`);
    return rows;
  }

  /** Throws NOT_FOUND. `change` is given what it is. */
  async change(
    key: string,
    change: (config: Readonly<Record<string, unknown>>) => object,
    isLowerBetter?: boolean,
  ): Promise<FeedbackConfig> {
    return this.#db.transaction(async (tx) => {
      const { rows } = await tx.query<FeedbackConfig>(
        sql`select ${COLUMNS} from muster.trace_feedback_configs where key = ${key} for update`,
      );
      const [found] = rows;
      if (found === undefined) throw noConfig(key);
      const config = JSON.stringify(change(JSON.parse(found.config) as Record<string, unknown>));
      const { rows: changed } = await tx.query<FeedbackConfig>(sql`update muster.trace_feedback_configs
        set config = ${config}, lower_is_better = coalesce(${isLowerBetter ?? null}::boolean, lower_is_better),
          modified_at = date_trunc('milliseconds', clock_timestamp())
        where key = ${key} returning ${COLUMNS}`);
      return changed[0] ?? found;
    });
  }

  /** Feedback of the key stays. Throws NOT_FOUND. */
  async remove({
    key = null,
    id = null,
  }: {
    readonly key?: string | undefined | null;
    readonly id?: string | undefined | null;
  }): Promise<void> {
    const { count } = await this.#db.query(sql`delete from muster.trace_feedback_configs
      where (${key}::text is null or key = ${key}) and (${id}::uuid is null or config_id = ${id}::uuid) and not (${key}::text is null and ${id}::uuid is null)`);
    if (count === 0) throw noConfig(key ?? id ?? '');
  }
}

const noConfig = (name: string): MusterError =>
  new MusterError('NOT_FOUND', `there is no feedback config ${name}`, { remedy: 'Look at `listFeedbackConfigs()` for those there are.' });

/** As LangSmith's clients read it. */
export const feedbackConfigView = (config: FeedbackConfig) => ({
  id: config.configId,
  feedback_key: config.key,
  feedback_config: JSON.parse(config.config) as object,
  tenant_id: TENANT_ID,
  modified_at: config.modifiedAt.toISOString(),
  is_lower_score_better: config.isLowerBetter,
  is_enforced: config.isEnforced,
  is_first: true,
  is_deleted: false,
});
