import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, MusterError } from '../../../base/errors.ts';

export type OwnFunction = (...given: readonly unknown[]) => unknown;

/** Whether it names a module of the user's own rather than a command. */
export const isModule = (text: string): boolean => /^[^\s'"|;&]+\.[cm]?[jt]s$/.test(text);

/** The function a module exports by default. TypeScript is bundled into `codeFolder` first. Throws INVALID_INPUT. */
export async function loadFunction(file: string, codeFolder: string): Promise<OwnFunction> {
  const path = resolve(file);
  try {
    await stat(path);
    const url = /\.[cm]?ts$/.test(path) ? await bundled(path, codeFolder) : pathToFileURL(path).href;
    const { default: exported } = (await import(url)) as { readonly default?: unknown };
    if (typeof exported === 'function') return exported as OwnFunction;
  } catch (cause) {
    throw new MusterError('INVALID_INPUT', `${file} cannot be loaded: ${messageOf(cause)}`, {
      remedy: 'Mend the file; the message is Node’s.',
      cause,
    });
  }
  throw new MusterError('INVALID_INPUT', `${file} has no function as its default export`, {
    remedy: 'Write `export default async (inputs) => …`.',
  });
}

async function bundled(path: string, codeFolder: string): Promise<string> {
  const { bundleFile, CodeFolder } = await import('../../../agent/code/index.ts');
  return (await new CodeFolder(codeFolder).keep(await bundleFile(path, { staysHere: true }))).href;
}
