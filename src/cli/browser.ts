import { spawn } from 'node:child_process';

/** A person sits at this terminal, on a machine with a screen. */
export function hasDesktop(environment: NodeJS.ProcessEnv = process.env): boolean {
  if (!process.stdout.isTTY || !process.stdin.isTTY) return false;
  if (environment['CI'] !== undefined || environment['SSH_CONNECTION'] !== undefined) return false;
  if (process.platform === 'darwin' || process.platform === 'win32') return true;
  return (environment['DISPLAY'] ?? environment['WAYLAND_DISPLAY'] ?? '') !== '';
}

/** Opens it with what the system opens links with. That it does not work is no error: the link stands in the terminal. */
export function openInBrowser(url: string): void {
  const [command, args]: readonly [string, readonly string[]] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['rundll32', ['url.dll,FileProtocolHandler', url]]
        : ['xdg-open', [url]];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}
