import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkDefinition, rememberSource, type AgentDefinition } from '../agent/index.ts';
import { MusterError, messageOf } from '../base/errors.ts';
import type { Module } from './module.ts';

const EXTENSIONS = ['.js', '.mjs', '.ts', '.mts'];
const NO_AGENT = /\.(test|spec|config|d)\.[cm]?[jt]s$|^[_.]/;

export interface OwnModulesOptions {
  /** Where files that have to be bundled before Node can run them are kept as bundles: TypeScript, and all of them where `bundles` says so. */
  readonly codeFolder: string;
  /** Bundles every file, so that one that has changed can be loaded again. */
  readonly bundles?: boolean;
}

/** One file of the user's own, loaded. */
export interface OwnFile {
  readonly file: string;
  readonly modules: readonly Module[];
  /** What it was made of, as far as that is known: itself and the files of the user's own that it imports. */
  readonly inputs: readonly string[];
}

/**
 * Loads agents and modules of the user's own. A path is a file, or a folder whose files are all loaded. A file's default
 * export is an agent definition, a module, or a list of them. An agent of its own comes to life once under its type's name;
 * more agents of the type are made as rows.
 */
export async function loadOwnModules(paths: readonly string[], options: OwnModulesOptions): Promise<readonly Module[]> {
  const files = await ownFiles(paths);
  return (await Promise.all(files.map((file) => loadOwnFile(file, options)))).flatMap(({ modules }) => modules);
}

/** The files at these paths, in order. */
export async function ownFiles(paths: readonly string[]): Promise<readonly string[]> {
  return (await Promise.all(paths.map(filesAt))).flat();
}

async function filesAt(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => EXTENSIONS.some((extension) => name.endsWith(extension)) && !NO_AGENT.test(name));
    return names.toSorted().map((name) => join(path, name));
  } catch (error) {
    throw new MusterError('AGENT_INVALID', `agents cannot be read from ${path}: ${messageOf(error)}`, {
      remedy: 'Name a file or a folder that is there.',
      cause: error,
    });
  }
}

/** Loads one file. Throws AGENT_INVALID. */
export async function loadOwnFile(file: string, { codeFolder, bundles = false }: OwnModulesOptions): Promise<OwnFile> {
  const { url, inputs } =
    bundles || /\.m?ts$/.test(file) ? await bundled(file, codeFolder) : { url: pathToFileURL(file).href, inputs: [file] };
  let loaded: Loaded = { url, exported: undefined };
  try {
    loaded = await load(url).catch(async (error: unknown) => {
      // Outside of any project, Node does not find what this very program would give.
      if (bundles || !lacksMuster(error)) throw error;
      return load((await bundled(file, codeFolder)).url);
    });
  } catch (error) {
    if (error instanceof MusterError) throw error;
    throw new MusterError('AGENT_INVALID', `${file} cannot be loaded: ${messageOf(error)}`, { remedy: remedyFor(error), cause: error });
  }
  const items: readonly unknown[] = Array.isArray(loaded.exported) ? loaded.exported : [loaded.exported];
  const modules = items.map((item) => asModule(file, item));
  // So that a thread or process of its own can load it again.
  for (const definition of modules.flatMap(({ agentTypes = [] }) => agentTypes))
    if (isObject(definition)) rememberSource(definition, { url: loaded.url });
  return { file, modules, inputs };
}

interface Loaded {
  readonly url: string;
  readonly exported: unknown;
}

const load = async (url: string): Promise<Loaded> => ({ url, exported: ((await import(url)) as { readonly default?: unknown }).default });

async function bundled(file: string, codeFolder: string): Promise<{ readonly url: string; readonly inputs: readonly string[] }> {
  const { bundleFile, CodeFolder } = await import('../agent/code/index.ts');
  const bundle = await bundleFile(file, { staysHere: true });
  // Errors then name the lines that the user wrote.
  process.setSourceMapsEnabled(true);
  try {
    const { href } = await new CodeFolder(codeFolder).keep(bundle);
    return { url: href, inputs: bundle.inputs.filter((input) => !/[\\/]node_modules[\\/]/.test(input)) };
  } catch (error) {
    throw new MusterError('AGENT_INVALID', `${file} cannot be prepared in ${codeFolder}: ${messageOf(error)}`, {
      remedy: 'Choose a data folder that can be written with --data-dir.',
      cause: error,
    });
  }
}

const lacksMuster = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' && /package '(muster-agents|zod)'/.test(messageOf(error));

function asModule(file: string, item: unknown): Module {
  if (isObject(item) && 'run' in item) {
    const definition = item as unknown as AgentDefinition<never>;
    checkDefinition(definition);
    const { type, name } = definition;
    return { name: basename(file), agentTypes: [definition], defaultAgents: [{ agentId: type, name, type }] };
  }
  if (isObject(item) && typeof item['name'] === 'string') return item as unknown as Module;
  throw new MusterError('AGENT_INVALID', `${file} has no agent or module as its default export`, {
    remedy: 'Write `export default defineAgent({ … })`, `export default MyAgent.define({ … })`, or a list of them.',
  });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

function remedyFor(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
    ? 'Install what it imports in its folder; `npm install muster-agents` brings Muster’s part.'
    : 'Mend the file; the message is Node’s.';
}
