import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { MusterError } from '../base/errors.ts';
import type { Database } from '../db/database.ts';
import { sql } from '../db/sql.ts';
import { requireRow } from './rows.ts';

/** Texts that must be kept and not be read: sealed with AES-256-GCM before they are stored. */
export interface Secrets {
  /** `about` says whose it is, such as `channel ops`: what is sealed for one opens for no other. */
  seal(text: string, about: string): Promise<string>;
  /** Throws SECRET_UNREADABLE where it was sealed with a key that is not here, or for another. */
  open(sealed: string, about: string): Promise<string>;
}

interface Key {
  readonly id: string;
  readonly bytes: Buffer;
}

const FORM = /^v1\.([0-9a-f]{8})\.([A-Za-z0-9_-]{38,})$/;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The first of `given` seals, all of them open: so a key is changed by putting the new one before the old one. Where none is
 * given the key lies in the database, made when it is needed first: every host has it, and so has every copy of the database.
 */
export function createSecrets(database: Database, given: readonly string[] = []): Secrets {
  const keys = given.map(keyOf);
  let stored: Promise<Key> | undefined;
  const storedKey = (): Promise<Key> => {
    stored ??= readStoredKey(database).catch((error: unknown) => {
      stored = undefined;
      throw error;
    });
    return stored;
  };
  return {
    async seal(text, about) {
      const key = keys[0] ?? (await storedKey());
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key.bytes, iv).setAAD(Buffer.from(about));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return `v1.${key.id}.${Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')}`;
    },

    async open(sealed, about) {
      const [, id, body = ''] = FORM.exec(sealed) ?? [];
      if (id === undefined) throw unreadable('it was not sealed by Muster');
      // One that was sealed before a key was given.
      const key = keys.find((each) => each.id === id) ?? (await storedKey());
      if (key.id !== id) throw unreadable('it was sealed with a key that is not here');
      const bytes = Buffer.from(body, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, IV_BYTES))
        .setAAD(Buffer.from(about))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw unreadable('it was changed, or sealed for something else', cause);
      }
    },
  };
}

/** A text of whatever length as a key. */
const keyOf = (text: string): Key => asKey(Buffer.from(hkdfSync('sha256', text, '', 'muster secrets', 32)));

const asKey = (bytes: Buffer): Key => ({
  id: createHash('sha256').update('muster key id').update(bytes).digest('hex').slice(0, 8),
  bytes,
});

async function readStoredKey(database: Database): Promise<Key> {
  const read = (): Promise<{ readonly key: Buffer } | undefined> => database.one<{ key: Buffer }>(sql`select key from muster.secret_keys`);
  let row = await read();
  if (row === undefined) {
    // Of several at once one wins, and all take what is there then.
    await database.query(sql`insert into muster.secret_keys (key) values (${randomBytes(32)}) on conflict do nothing`);
    row = await read();
  }
  return asKey(requireRow(row, 'the key for secrets').key);
}

const unreadable = (why: string, cause?: unknown): MusterError =>
  new MusterError('SECRET_UNREADABLE', `the secret cannot be opened: ${why}`, { cause });
