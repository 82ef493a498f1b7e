import { DATABASE, SUPERUSER, readPassword } from './cluster.ts';
import { findDataFolder } from './data-folder.ts';
import { livingPostmaster } from './postmaster.ts';

export interface RunningEmbedded {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly logFile: string;
}

/** The server that runs in a data folder, whoever started it; undefined where none does. */
export async function findEmbedded(dataDir: string): Promise<RunningEmbedded | undefined> {
  const folder = await findDataFolder(dataDir);
  const living = await livingPostmaster(folder);
  if (living === undefined) return undefined;
  const url = `postgresql://${SUPERUSER}:${await readPassword(folder)}@127.0.0.1:${living.port}/${DATABASE}`;
  return { url, port: living.port, pid: living.pid, logFile: folder.logFile };
}

/** Its URL alone. */
export const embeddedUrl = async (dataDir: string): Promise<string | undefined> => (await findEmbedded(dataDir))?.url;
