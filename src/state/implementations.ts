import { MusterError } from '../base/errors.ts';
import type { Database } from '../db/database.ts';
import { raw, sql } from '../db/sql.ts';

/** What is known of an implementation without running it: read from its code once, when it came. */
export interface Manifest {
  readonly agentType: string;
  readonly name: string;
  readonly description: string;
  readonly capabilities: Readonly<Record<string, string>>;
  /** For people, as in "every 30s". Null: it runs when it is told to, or its configuration decides and has no default. */
  readonly schedule: string | null;
  /** The same for programs; null where its configuration decides. */
  readonly when?: Readonly<Record<string, unknown>> | null;
  readonly takesConfig: boolean;
}

/** A version of an implementation; its code is fetched apart. */
export interface ImplementationRecord {
  readonly name: string;
  /** SHA-256 of the code, hexadecimal. */
  readonly hash: string;
  readonly bytes: number;
  readonly manifest: Manifest;
  readonly registeredBy: string;
  /** Milliseconds since 1970. */
  readonly registeredAt: number;
  /** Whether its name alone means this version. */
  readonly current: boolean;
  /** The slots that run it. */
  readonly slots: readonly string[];
}

export interface NewImplementation {
  readonly name: string;
  readonly code: string;
  readonly hash: string;
  readonly manifest: Manifest;
  readonly registeredBy: string;
}

/** Code for slots, which every host may come to run. Whoever calls {@link register} must be an administrator. */
export interface Implementations {
  /**
   * Adds a version, or makes one that was there the current one again. Slots that run the name without a version change to
   * it at once. Versions that nothing runs are forgotten once there are more than twenty of a name.
   */
  register(implementation: NewImplementation): Promise<ImplementationRecord>;
  /** In order of name, the current version first; after the version `after` as name@hash. */
  list(page: { readonly limit: number; readonly name?: string }): Promise<readonly ImplementationRecord[]>;
  /** By name (its current version), or by name@hash, of which eight digits are enough. */
  find(named: string): Promise<ImplementationRecord | undefined>;
  code(hash: string): Promise<string | undefined>;
  /** Removes one version (name@hash) or all of a name. Throws NOT_FOUND, or CONFLICT where a slot runs it. */
  remove(named: string): Promise<number>;
}

/** Versions of a name beyond these are forgotten where no slot runs them. */
const VERSIONS_KEPT = 20;
/** A name, alone or with the beginning of a hash. */
export const IMPLEMENTATION_NAMED = /^[a-z][a-z0-9_]{0,99}(@[0-9a-f]{8,64})?$/;

interface ImplementationRow {
  readonly name: string;
  readonly hash: string;
  readonly bytes: number;
  readonly manifest: Manifest;
  readonly registered_by: string;
  readonly registered_at: number;
  readonly current: boolean;
  readonly slots: readonly string[];
}

const COLUMNS = raw(`i.name, i.hash, octet_length(i.code) as bytes, i.manifest, i.registered_by,
  (extract(epoch from i.registered_at) * 1000)::float8 as registered_at, i.hash = muster.implementation_hash(i.name) as current,
  array(select s.agent_id::text from muster.slots s where s.implementation = i.name and s.hash = i.hash order by s.agent_id) as slots`);

const toImplementation = (row: ImplementationRow): ImplementationRecord => ({
  name: row.name,
  hash: row.hash,
  bytes: row.bytes,
  manifest: row.manifest,
  registeredBy: row.registered_by,
  registeredAt: row.registered_at,
  current: row.current,
  slots: row.slots,
});

export function createImplementations(database: Database, changed: () => void): Implementations {
  const find = async (named: string): Promise<ImplementationRecord | undefined> => {
    const row = await database.one<ImplementationRow>(sql`select ${COLUMNS} from muster.implementations i
      where i.name = split_part(${named}, '@', 1) and i.hash = muster.implementation_hash(${named})`);
    return row === undefined ? undefined : toImplementation(row);
  };
  const list: Implementations['list'] = async ({ limit, name }) => {
    const { rows } = await database.query<ImplementationRow>(sql`select ${COLUMNS} from muster.implementations i
      where ${name ?? null}::text is null or i.name = ${name ?? null}
      order by i.name, i.registered_at desc, i.hash limit ${limit}`);
    return rows.map(toImplementation);
  };
  return {
    find,
    list,

    async register({ name, code, hash, manifest, registeredBy }) {
      await database.transaction(async (tx) => {
        // The rows of its slots first and the name second, as an UPDATE of such a row takes them: no deadlock.
        await tx.query(sql`select from muster.agents where agent_type = 'slot' and split_part(metadata ->> 'implementation', '@', 1) = ${name}
          order by agent_id for no key update`);
        await tx.query(sql`select pg_advisory_xact_lock(muster.implementation_key(${name}))`);
        await tx.query(sql`insert into muster.implementations (name, hash, code, manifest, registered_by)
          values (${name}, ${hash}, ${code}, ${JSON.stringify(manifest)}::jsonb, ${registeredBy})
          on conflict (name, hash) do update set registered_at = clock_timestamp(), registered_by = excluded.registered_by`);
        await tx.query(sql`update muster.agents set metadata = metadata
          where agent_type = 'slot' and state <> 'inactive' and metadata ->> 'implementation' = ${name}`);
        await tx.query(sql`delete from muster.implementations i
          using (select hash, row_number() over (order by registered_at desc) as age from muster.implementations where name = ${name}) ranked
          where i.name = ${name} and i.hash = ranked.hash and ranked.age > ${VERSIONS_KEPT}
            and not exists (select from muster.slots s where s.implementation = i.name and s.hash = i.hash)`);
        await tx.query(sql`insert into muster.events (type, data)
          values ('implementation:registered', jsonb_build_object('implementation', ${name}::text, 'hash', ${hash}::text, 'by', ${registeredBy}::text))`);
      });
      changed();
      const record = await find(`${name}@${hash}`);
      if (record === undefined) throw new MusterError('CONFLICT', `implementation ${name} was removed while it was registered`);
      return record;
    },

    async code(hash) {
      return (await database.one<{ code: string }>(sql`select code from muster.implementations where hash = ${hash} limit 1`))?.code;
    },

    async remove(named) {
      const [name = '', version] = named.split('@');
      const { count } = await database.query(sql`with doomed as (
          select i.name, i.hash from muster.implementations i
          where i.name = ${name} and (${version ?? null}::text is null or i.hash = muster.implementation_hash(${named}))
        )
        delete from muster.implementations i using doomed d
        where i.name = d.name and i.hash = d.hash
          and not exists (select from muster.slots s join doomed u on s.implementation = u.name and s.hash = u.hash)`);
      if (count > 0) return count;
      const left = await list({ limit: 1_000, name });
      if (left.length === 0 || (await find(named)) === undefined)
        throw new MusterError('NOT_FOUND', `there is no implementation "${named}"`, { remedy: 'List them: muster implementations list' });
      const slots = left.flatMap((each) => each.slots);
      throw new MusterError('CONFLICT', `implementation ${named} is run by ${slots.join(', ')}`, {
        remedy: 'Deactivate the slot first, or give it another implementation.',
      });
    },
  };
}
