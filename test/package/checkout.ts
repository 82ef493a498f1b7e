import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Copies what a clone would have, and what is not committed yet: everything that git does not ignore. */
export function copySources(root: string, to: string): void {
  const listed = execFileSync(
    'git',
    ['-C', root, '-c', `safe.directory=${root}`, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  for (const path of listed.split('\0')) {
    // A deletion that is not committed yet is still listed.
    if (path === '' || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(to, path)), { recursive: true });
    copyFileSync(join(root, path), join(to, path));
  }
}

/** Links the installed packages one by one, so that whatever a test does to the copy leaves the originals alone. */
export function linkPackages(root: string, to: string): void {
  mkdirSync(join(to, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules'))) symlinkSync(join(root, 'node_modules', name), join(to, 'node_modules', name));
}
