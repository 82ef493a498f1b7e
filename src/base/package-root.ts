import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MusterError } from './errors.ts';

let found: string | undefined;

/** The folder of the package that this file belongs to, from the source and from any build of it. */
export function packageRoot(): string {
  found ??= search(dirname(fileURLToPath(import.meta.url)));
  return found;
}

function search(folder: string): string {
  if (nameIn(folder) === 'muster-agents') return folder;
  const above = dirname(folder);
  if (above === folder) throw new MusterError('INTERNAL', 'the program does not find its own package.json');
  return search(above);
}

function nameIn(folder: string): unknown {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly name?: unknown }).name;
  } catch {
    return undefined; // none here, or none that can be read: it is further up
  }
}
