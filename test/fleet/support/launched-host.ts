import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

export interface LaunchedHost extends AsyncDisposable {
  readonly hostId: string;
  kill(): Promise<void>;
  /** Documents of its output after it was ready, as far as they have come. */
  readonly said: readonly Record<string, unknown>[];
}

/** The built program as `muster launch` runs it, in a process of its own. */
export async function launchedHost(url: string, dataDir: string, options: readonly string[] = []): Promise<LaunchedHost> {
  const child = spawn(process.execPath, [MAIN, '--json', '--data-dir', dataDir, '--log-level', 'silent', 'launch', ...options], {
    cwd: dataDir,
    env: { PATH: process.env['PATH'], DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  };
  const said: Record<string, unknown>[] = [];
  const ready = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const document = JSON.parse(line) as { readonly ready?: { readonly host_id: string } };
      if (document.ready === undefined) said.push(document);
      else resolve(document.ready.host_id);
    });
  });
  const hostId = await Promise.race([ready, exited.then(() => undefined)]);
  if (hostId === undefined) throw new Error(`the host ended before it was ready (${child.exitCode ?? child.signalCode})`);
  return { hostId, said, kill, [Symbol.asyncDispose]: kill };
}
