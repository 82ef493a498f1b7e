import { access, constants, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { messageOf, type MusterError } from '../../base/errors.ts';
import type { Finding } from '../../config/finding.ts';
import { listenError } from '../../server/http-server.ts';
import { recallAddress } from '../runtime/server-address.ts';
import { withUnit } from '../wording.ts';
import { fail, note, ok, warn, type CheckContext } from './check.ts';

const MB = 1024 ** 2;
const OLDEST_NODE = [20, 19] as const;

export function checkNode(version: string = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const fits = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (fits) return ok('node', `Node ${version} on ${process.platform}-${process.arch}, ${availableParallelism()} cores`);
  return fail('node', `Node ${version} is too old`, `Install Node ${OLDEST_NODE.join('.')} or newer.`);
}

export function checkMemory(): Finding {
  const free = freemem();
  const text = `${withUnit(free, 'bytes')} of ${withUnit(totalmem(), 'bytes')} free`;
  return free < 256 * MB
    ? warn('memory', text, 'Close something: host and embedded server want about 300 MiB together.')
    : ok('memory', text);
}

export async function checkDisk({ config }: CheckContext): Promise<Finding> {
  const folder = await existing(config.dataDir);
  try {
    const { bavail, bsize, blocks } = await statfs(folder);
    const free = bavail * bsize;
    const text = `${withUnit(free, 'bytes')} of ${withUnit(blocks * bsize, 'bytes')} free on the volume of ${config.dataDir}`;
    if (free < 200 * MB) return fail('disk', text, 'Free space: PostgreSQL stops when the disk is full.');
    return free < 1024 * MB ? warn('disk', text, 'Free space soon, or put the data folder elsewhere with --data-dir.') : ok('disk', text);
  } catch (error) {
    return warn('disk', `cannot be asked: ${messageOf(error)}`, 'Look yourself that the volume has a gigabyte free.');
  }
}

export async function checkDataFolder({ config }: CheckContext): Promise<Finding> {
  const folder = await existing(config.dataDir);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return ok('data folder', folder === config.dataDir ? config.dataDir : `${config.dataDir} (is made at the first start)`);
  } catch {
    return fail('data folder', `${folder} cannot be written by this user`, 'Choose another with --data-dir, or change its owner.');
  }
}

export async function checkPort({ config }: CheckContext): Promise<Finding> {
  const { host, port } = config.server;
  const own = await recallAddress(config.dataDir);
  if (own !== undefined) return ok('port', `Muster serves on ${own.host}:${own.port} (process ${own.pid})`);
  const problem = await portProblem(host, port);
  if (problem === undefined) return ok('port', `${host}:${port} is free`);
  return problem.code === 'PORT_TAKEN' ? warn('port', problem.message, problem.remedy) : fail('port', problem.message, problem.remedy);
}

/** Why an address cannot be listened on; undefined where it can. */
export async function portProblem(host: string, port: number): Promise<MusterError | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ host, port, exclusive: true }, resolve));
    return undefined;
  } catch (error) {
    return await listenError(error, host, port);
  } finally {
    server.close();
  }
}

export function checkUser(): Finding {
  if (process.getuid?.() !== 0) return ok('user', 'not root');
  return note(
    'user',
    'this is root; the embedded PostgreSQL runs as the user "postgres"',
    'Run Muster as a user of its own where you can.',
  );
}

async function existing(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      await access(path);
      return path;
    } catch (error) {
      if (dirname(path) === path || (error as NodeJS.ErrnoException).code !== 'ENOENT') return path;
    }
  }
}
