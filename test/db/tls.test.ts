import { chmod, chown, copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { PostgresAdapter } from '../../src/db/adapter.ts';
import { startEmbedded, type EmbeddedServer } from '../../src/db/embedded/index.ts';
import { serverUser } from '../../src/db/embedded/os-user.ts';
import { sql } from '../../src/db/sql.ts';
import { testFolder, type TestFolder } from './embedded/folder.ts';

const CERTIFICATES = fileURLToPath(new URL('../support/tls/', import.meta.url));
const CA = join(CERTIFICATES, 'ca.pem');

describe('sslmode, as it is written in the URL', () => {
  let folder: TestFolder;
  let server: EmbeddedServer;
  beforeAll(async () => {
    folder = await testFolder();
    const files = join(dirname(folder.dataDir), 'tls');
    await mkdir(files, { recursive: true });
    const user = await serverUser();
    for (const name of ['server.pem', 'server-key.pem']) {
      await copyFile(join(CERTIFICATES, name), join(files, name));
      await chmod(join(files, name), 0o600);
      if (user !== undefined) await chown(join(files, name), user.uid, user.gid);
    }
    const settings = { ssl: 'on', ssl_cert_file: join(files, 'server.pem'), ssl_key_file: join(files, 'server-key.pem') };
    server = await startEmbedded({ dataDir: folder.dataDir, log: silentLogger, settings });
  });
  afterAll(async () => {
    await server.stop();
    await folder[Symbol.asyncDispose]();
  });

  /** Whether the connection is encrypted, or the error. */
  async function connect(host: string, query: string): Promise<unknown> {
    const url = new URL(server.url);
    url.hostname = host;
    url.search = query;
    await using database = new PostgresAdapter({ url: url.href, poolMax: 1, poolMin: 0 });
    return await database.one<{ ssl: boolean }>(sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`).then(
      (row) => row?.ssl,
      (error: unknown) => error,
    );
  }

  it('disable and a local server without sslmode: not encrypted', async () => {
    expect(await connect('127.0.0.1', 'sslmode=disable')).toBe(false);
    expect(await connect('127.0.0.1', '')).toBe(false);
  });

  it('prefer: encrypted because it is offered, whoever answers', async () => {
    expect(await connect('127.0.0.1', 'sslmode=prefer')).toBe(true);
  });

  it('require: encrypted, whoever answers; with a root certificate only a server it signed', async () => {
    expect(await connect('127.0.0.1', 'sslmode=require')).toBe(true);
    expect(await connect('127.0.0.1', `sslmode=require&sslrootcert=${CA}`)).toBe(true);
    expect(await connect('127.0.0.1', `sslmode=require&sslrootcert=${join(CERTIFICATES, 'other-ca.pem')}`)).toMatchObject({
      code: 'DATABASE_TLS',
    });
  });

  it('verify-ca: a certificate that the named authority signed, for whatever host', async () => {
    expect(await connect('127.0.0.1', `sslmode=verify-ca&sslrootcert=${CA}`)).toBe(true);
    expect(await connect('127.0.0.1', `sslmode=verify-ca&sslrootcert=${join(CERTIFICATES, 'other-ca.pem')}`)).toMatchObject({
      code: 'DATABASE_TLS',
    });
  });

  it('verify-full: and for this host', async () => {
    expect(await connect('localhost', `sslmode=verify-full&sslrootcert=${CA}`)).toBe(true);
    expect(await connect('127.0.0.1', `sslmode=verify-full&sslrootcert=${CA}`)).toMatchObject({
      code: 'DATABASE_TLS',
      remedy: expect.stringContaining('sslrootcert') as string,
    });
    expect(await connect('localhost', 'sslmode=verify-full')).toMatchObject({ code: 'DATABASE_TLS' });
  });
});
