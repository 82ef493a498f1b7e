import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkDefinition, rememberSource, type AgentDefinition } from '../agent/index.ts';
import { MusterError, messageOf } from '../base/errors.ts';
import type { Module } from './module.ts';

/** Node strips types by itself from 22.18 on. */
const STRIPS_TYPES = Boolean((process.features as { readonly typescript?: unknown }).typescript);
const EXTENSIONS = STRIPS_TYPES ? ['.js', '.mjs', '.ts', '.mts'] : ['.js', '.mjs'];
const NO_AGENT = /\.(test|spec|config|d)\.[cm]?[jt]s$|^[_.]/;

/**
 * Loads agents and modules of the user's own. A path is a file, or a folder whose files are all loaded. A file's default
 * export is an agent definition, a module, or a list of them. An agent of its own comes to life once under its type's name;
 * more agents of the type are made as rows.
 */
export async function loadOwnModules(paths: readonly string[]): Promise<readonly Module[]> {
  const files = (await Promise.all(paths.map(filesAt))).flat();
  return (await Promise.all(files.map(loadFile))).flat();
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

async function loadFile(file: string): Promise<readonly Module[]> {
  const url = pathToFileURL(file).href;
  let exported: unknown;
  try {
    exported = ((await import(url)) as { readonly default?: unknown }).default;
  } catch (error) {
    throw new MusterError('AGENT_INVALID', `${file} cannot be loaded: ${messageOf(error)}`, {
      remedy: remedyFor(file, error),
      cause: error,
    });
  }
  const items: readonly unknown[] = Array.isArray(exported) ? exported : [exported];
  const modules = items.map((item) => asModule(file, item));
  // So that a thread or process of its own can load it again.
  for (const definition of modules.flatMap(({ agentTypes = [] }) => agentTypes))
    if (isObject(definition)) rememberSource(definition, { url });
  return modules;
}

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

function remedyFor(file: string, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ERR_MODULE_NOT_FOUND') return 'Install what it imports in its folder; `npm install muster-agents` brings Muster’s part.';
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && file.endsWith('.ts')) {
    return 'This Node does not run TypeScript: compile it to JavaScript, or use Node 22.18 or newer.';
  }
  return 'Mend the file; the message is Node’s.';
}
