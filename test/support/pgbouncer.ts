import { spawn } from 'node:child_process';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/db/embedded/port.ts';
import { serverUser } from '../../src/db/embedded/os-user.ts';
import { pathOf } from './requirements.ts';
import { until } from './until.ts';

export interface PgBouncer extends AsyncDisposable {
  /** The same database, through the pooler. */
  readonly url: string;
}

/** PgBouncer in transaction mode in front of a database: what many hosted servers put there. */
export async function startPgBouncer(databaseUrl: string): Promise<PgBouncer> {
  const target = new URL(databaseUrl);
  const database = target.pathname.slice(1);
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'muster-pgbouncer-'));
  const config = join(folder, 'pgbouncer.ini');
  await writeFile(
    config,
    `[databases]
${database} = host=${target.hostname} port=${target.port} user=${target.username} password=${decodeURIComponent(target.password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
`,
  );
  const user = await serverUser(); // PgBouncer refuses root as PostgreSQL does
  await chmod(folder, 0o755);
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const child = spawn(pathOf('pgbouncer'), ['-q', config], {
    stdio: 'ignore',
    cwd: folder,
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await until('PgBouncer answers', () => answers(port));
  return {
    url: `postgresql://${target.username}@127.0.0.1:${port}/${database}`,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
