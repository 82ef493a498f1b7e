import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

export interface LaunchedHost extends AsyncDisposable {
  readonly hostId: string;
  kill(): Promise<void>;
}

/** The built program as `muster launch` runs it, in a process of its own. */
export async function launchedHost(url: string, dataDir: string): Promise<LaunchedHost> {
  const child = spawn(process.execPath, [MAIN, '--json', '--data-dir', dataDir, '--log-level', 'silent', 'launch'], {
    cwd: dataDir,
    env: { PATH: process.env['PATH'], DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  };
  const lines = createInterface({ input: child.stdout });
  try {
    for await (const line of lines) {
      const { ready } = JSON.parse(line) as { readonly ready?: { readonly host_id: string } };
      if (ready === undefined) continue;
      // What it says later is not read, but must not stop it.
      child.stdout.resume();
      return { hostId: ready.host_id, kill, [Symbol.asyncDispose]: kill };
    }
  } finally {
    lines.close();
  }
  await kill();
  throw new Error(`the host ended before it was ready (${child.exitCode ?? child.signalCode})`);
}
