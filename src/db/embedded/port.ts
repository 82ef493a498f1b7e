import { createServer } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { readIfThere, type DataFolder } from './data-folder.ts';

/** The port of the last start if it is still free, so that saved connection strings go on working; another otherwise. */
export async function choosePort(folder: DataFolder, preferred: number | undefined, say: (message: string) => void): Promise<number> {
  const last = preferred ?? Number((await readIfThere(folder.portFile))?.trim() ?? NaN);
  if (Number.isInteger(last) && last > 0 && last < 65_536) {
    if (await tryPort(last)) return last;
    const other = await freePort();
    say(`port ${last} of the embedded PostgreSQL is taken by another program: it uses ${other} now`);
    return other;
  }
  return freePort();
}

export const rememberPort = (folder: DataFolder, port: number): Promise<void> => writeFile(folder.portFile, `${port}\n`);

/** A free port of the loopback interface, chosen by the kernel. */
export async function freePort(): Promise<number> {
  const port = await bind(0);
  if (port === undefined) throw new Error('the loopback interface has no free port');
  return port;
}

const tryPort = async (port: number): Promise<boolean> => (await bind(port)) !== undefined;

function bind(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
