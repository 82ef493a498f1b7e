import { silentLogger } from '../../../src/base/logger.ts';
import { isMusterError } from '../../../src/base/errors.ts';
import { startEmbedded } from '../../../src/db/embedded/index.ts';

/** Starts the server of a folder, says so in a line of JSON, and stays until it is told to stop. */
export async function main([dataDir = '']: readonly string[]): Promise<void> {
  try {
    const server = await startEmbedded({ dataDir, log: silentLogger });
    process.on('SIGTERM', () => {
      void server.stop().then(() => process.exit(0));
    });
    setInterval(() => undefined, 1_000);
    process.stdout.write(`${JSON.stringify({ pid: server.pid, port: server.port, url: server.url, adopted: server.adopted })}\n`);
  } catch (error) {
    const code = isMusterError(error) ? error.code : 'INTERNAL';
    process.stdout.write(`${JSON.stringify({ code, message: String(error) })}\n`);
    process.exitCode = 1;
  }
}
