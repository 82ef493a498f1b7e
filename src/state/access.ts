import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { requireRow } from './rows.ts';

/** What a key, link or session may do at most: each includes the one before. */
export type Role = 'viewer' | 'operator' | 'administrator';

/** A key as people see it. Times are milliseconds since 1970. */
export interface KeyRecord {
  readonly keyId: string;
  readonly name: string;
  readonly role: Role;
  /** Narrows the role; null: all of it. */
  readonly scopes: readonly string[] | null;
  /** The projects of LLM conversations it is confined to; null: all. */
  readonly projects: readonly string[] | null;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

/** A key as the door needs it. */
export interface StoredKey {
  readonly keyId: string;
  readonly secretHash: Buffer;
  readonly role: Role;
  readonly scopes: readonly string[] | null;
  readonly projects: readonly string[] | null;
  readonly expiresAt: number | null;
  /** Neither revoked nor expired, by the database's clock. */
  readonly valid: boolean;
}

export interface NewKey {
  readonly keyId: string;
  readonly name: string;
  readonly secretHash: Buffer;
  readonly role: Role;
  readonly scopes: readonly string[] | null;
  /** Default null. */
  readonly projects?: readonly string[] | null;
  readonly createdBy: string;
  /** Milliseconds since 1970; null: until it is revoked. */
  readonly expiresAt: number | null;
}

/** What a session was opened with: with one of these, or, when both are null, with a sign-in link. */
export interface SessionOrigin {
  readonly keyId: string | null;
  /** Fingerprint of the bootstrap key. */
  readonly bootstrap: string | null;
}

export interface NewSession extends SessionOrigin {
  readonly tokenHash: Buffer;
  readonly subject: string;
  readonly role: Role;
  readonly lifetimeMs: number;
}

export interface SessionRecord extends SessionOrigin {
  readonly subject: string;
  readonly role: Role;
  /** Of the key it was opened with. */
  readonly scopes: readonly string[] | null;
  /** Of the key it was opened with. */
  readonly projects: readonly string[] | null;
  readonly expiresAt: number;
  /** Of the key it was opened with. */
  readonly keyExpiresAt: number | null;
}

/** Keys, sign-in links and sessions. Only hashes of secrets come in here, and none goes out but to be compared. */
export interface Access {
  key(keyId: string): Promise<StoredKey | undefined>;
  keys(page: { readonly limit: number; readonly after?: string }): Promise<readonly KeyRecord[]>;
  addKey(key: NewKey): Promise<KeyRecord>;
  /** Revokes it and ends the sessions that were opened with it. False where there is no such key that is in force. */
  revokeKey(keyId: string): Promise<boolean>;
  /** Notes the use of a key, at most once a minute. */
  touchKey(keyId: string): Promise<void>;

  addLink(link: {
    readonly tokenHash: Buffer;
    readonly role: Role;
    readonly createdBy: string;
    readonly lifetimeMs: number;
  }): Promise<{ readonly expiresAt: number }>;
  /** Uses a link up: of two at once, one gets it. Undefined where it is unknown, used or too old. */
  useLink(tokenHash: Buffer): Promise<{ readonly role: Role } | undefined>;

  /** Also forgets what has ended: sessions, links, and keys revoked or expired 90 days ago. */
  addSession(session: NewSession): Promise<SessionRecord>;
  /** Undefined where it is unknown, too old, idle for longer than this, or its key is no longer in force. */
  session(tokenHash: Buffer, idleMs: number): Promise<SessionRecord | undefined>;
  /** Notes that a session is alive, at most once a minute. */
  touchSession(tokenHash: Buffer): Promise<void>;
  endSession(tokenHash: Buffer): Promise<void>;
}

export function createAccess(database: Database): Access {
  return {
    async key(keyId) {
      const row = await database.one<KeyRow & { secret_hash: Buffer; valid: boolean }>(sql`
        select ${KEY_COLUMNS}, k.secret_hash,
          k.revoked_at is null and (k.expires_at is null or k.expires_at > now()) as valid
        from muster.api_keys k where k.key_id = ${keyId}`);
      if (row === undefined) return undefined;
      const { role, scopes, projects, expires_at: expiresAt, valid } = row;
      return { keyId, secretHash: row.secret_hash, role, scopes, projects, expiresAt, valid };
    },

    async keys({ limit, after }) {
      const { rows } = await database.query<KeyRow>(sql`
        select ${KEY_COLUMNS} from muster.api_keys k where k.key_id > ${after ?? ''} order by k.key_id limit ${limit}`);
      return rows.map(toKey);
    },

    async addKey(key) {
      const { rows } = await database.query<KeyRow>(sql`
        insert into muster.api_keys as k (key_id, name, secret_hash, role, scopes, projects, created_by, expires_at)
        values (${key.keyId}, ${key.name}, ${key.secretHash}, ${key.role}, ${key.scopes}::text[], ${key.projects ?? null}::text[], ${key.createdBy},
                to_timestamp(${key.expiresAt}::float8 / 1000))
        returning ${KEY_COLUMNS}`);
      return toKey(requireRow(rows[0], 'the new key'));
    },

    async revokeKey(keyId) {
      const { rows } = await database.query(sql`
        with revoked as (update muster.api_keys set revoked_at = now() where key_id = ${keyId} and revoked_at is null returning key_id),
             ended as (delete from muster.sessions where key_id = ${keyId})
        select key_id from revoked`);
      return rows.length > 0;
    },

    async touchKey(keyId) {
      await database.query(sql`
        update muster.api_keys set last_used_at = now()
        where key_id = ${keyId} and (last_used_at is null or last_used_at < now() - interval '1 minute')`);
    },

    async addLink({ tokenHash, role, createdBy, lifetimeMs }) {
      const row = await database.one<{ expires_at: number }>(sql`
        insert into muster.sign_in_links (token_hash, role, created_by, expires_at)
        values (${tokenHash}, ${role}, ${createdBy}, now() + ${lifetimeMs} * interval '1 millisecond')
        returning extract(epoch from expires_at)::float8 * 1000 as expires_at`);
      return { expiresAt: requireRow(row, 'the new sign-in link').expires_at };
    },

    async useLink(tokenHash) {
      return database.one<{ role: Role }>(sql`
        update muster.sign_in_links set used_at = now()
        where token_hash = ${tokenHash} and used_at is null and expires_at > now()
        returning role`);
    },

    async addSession(session) {
      const row = await database.one<SessionRow>(sql`
        with old_sessions as (delete from muster.sessions where expires_at < now()),
             old_links as (delete from muster.sign_in_links where expires_at < now() - interval '1 day'),
             old_keys as (delete from muster.api_keys where least(revoked_at, expires_at) < now() - interval '90 days'),
             s as (
               insert into muster.sessions (token_hash, subject, role, key_id, bootstrap, expires_at)
               values (${session.tokenHash}, ${session.subject}, ${session.role}, ${session.keyId}, ${session.bootstrap},
                       now() + ${session.lifetimeMs} * interval '1 millisecond')
               returning *)
        select ${SESSION_COLUMNS} from s left join muster.api_keys k using (key_id)`);
      return toSession(requireRow(row, 'the new session'));
    },

    async session(tokenHash, idleMs) {
      const row = await database.one<SessionRow>(sql`
        select ${SESSION_COLUMNS} from muster.sessions s left join muster.api_keys k using (key_id)
        where s.token_hash = ${tokenHash} and s.expires_at > now() and s.last_seen_at > now() - ${idleMs} * interval '1 millisecond'
          and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())`);
      return row === undefined ? undefined : toSession(row);
    },

    async touchSession(tokenHash) {
      await database.query(sql`
        update muster.sessions set last_seen_at = now()
        where token_hash = ${tokenHash} and last_seen_at < now() - interval '1 minute'`);
    },

    async endSession(tokenHash) {
      await database.query(sql`delete from muster.sessions where token_hash = ${tokenHash}`);
    },
  };
}

const KEY_COLUMNS = sql`k.key_id, k.name, k.role, k.scopes, k.projects, k.created_by,
  extract(epoch from k.created_at)::float8 * 1000 as created_at, extract(epoch from k.expires_at)::float8 * 1000 as expires_at,
  extract(epoch from k.last_used_at)::float8 * 1000 as last_used_at, extract(epoch from k.revoked_at)::float8 * 1000 as revoked_at`;

interface KeyRow {
  readonly key_id: string;
  readonly name: string;
  readonly role: Role;
  readonly scopes: readonly string[] | null;
  readonly projects: readonly string[] | null;
  readonly created_by: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly last_used_at: number | null;
  readonly revoked_at: number | null;
}

const toKey = (row: KeyRow): KeyRecord => ({
  keyId: row.key_id,
  name: row.name,
  role: row.role,
  scopes: row.scopes,
  projects: row.projects,
  createdBy: row.created_by,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  lastUsedAt: row.last_used_at,
  revokedAt: row.revoked_at,
});

const SESSION_COLUMNS = sql`s.subject, s.role, s.key_id, s.bootstrap, k.scopes, k.projects,
  extract(epoch from s.expires_at)::float8 * 1000 as expires_at, extract(epoch from k.expires_at)::float8 * 1000 as key_expires_at`;

interface SessionRow {
  readonly subject: string;
  readonly role: Role;
  readonly key_id: string | null;
  readonly bootstrap: string | null;
  readonly scopes: readonly string[] | null;
  readonly projects: readonly string[] | null;
  readonly expires_at: number;
  readonly key_expires_at: number | null;
}

const toSession = (row: SessionRow): SessionRecord => ({
  subject: row.subject,
  role: row.role,
  keyId: row.key_id,
  bootstrap: row.bootstrap,
  scopes: row.scopes,
  projects: row.projects,
  expiresAt: row.expires_at,
  keyExpiresAt: row.key_expires_at,
});
