import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the server of a data folder listens, so that `muster sign-in` finds it whatever port it took. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
}

const fileOf = (dataDir: string): string => join(dataDir, 'server.json');

export async function rememberAddress(dataDir: string, address: ServerAddress): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  await writeFile(fileOf(dataDir), `${JSON.stringify(address)}\n`);
}

export const forgetAddress = (dataDir: string): Promise<void> => rm(fileOf(dataDir), { force: true });

/** Undefined where no server of this folder runs. */
export async function recallAddress(dataDir: string): Promise<ServerAddress | undefined> {
  try {
    const { host, port, pid } = JSON.parse(await readFile(fileOf(dataDir), 'utf8')) as Partial<ServerAddress>;
    if (typeof host !== 'string' || typeof port !== 'number' || typeof pid !== 'number') return undefined;
    process.kill(pid, 0);
    return { host, port, pid };
  } catch {
    return undefined; // not there, half written, or its process is gone: all mean "none"
  }
}
