import { join } from 'node:path';
import type { AgentDefinition } from '../../agent/definition.ts';
import { MusterError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { MigrationSet } from '../../db/migration-set.ts';
import { builtInModules } from '../../modules/built-in.ts';
import type { Module } from '../../modules/module.ts';
import { withRecovery } from '../../modules/recovery/index.ts';
import type { NewAgent } from '../../state/agents.ts';
import { coreMigrations } from '../../state/migrations.ts';

/** Where code that is not of this program lies as files: bundles of slots, and of the user's own files. */
export const codeFolderOf = (dataDir: string): string => join(dataDir, 'code');

/** What this program is made of besides the core: the modules that come with it, and the user's own from these files and folders. */
export async function loadModules(
  { agents: own, dataDir, monitoring }: Pick<Config, 'agents' | 'dataDir' | 'monitoring'>,
  options: { readonly bundles?: boolean } = {},
): Promise<readonly Module[]> {
  if (own.length === 0) return withRecovery(builtInModules, monitoring.actions);
  const { loadOwnModules } = await import('../../modules/own-modules.ts');
  const modules = [...builtInModules, ...(await loadOwnModules(own, { codeFolder: codeFolderOf(dataDir), ...options }))];
  refuseTwice(modules);
  return withRecovery(modules, monitoring.actions);
}

/** Throws AGENT_INVALID where two modules define one type. */
export function refuseTwice(modules: readonly Module[]): void {
  const seen = new Set<string>();
  for (const { type } of agentTypes(modules)) {
    if (seen.has(type))
      throw new MusterError('AGENT_INVALID', `the agent type "${type}" is there twice`, { remedy: 'Give one of them another type.' });
    seen.add(type);
  }
}

export const agentTypes = (modules = builtInModules): readonly AgentDefinition<never>[] =>
  modules.flatMap((module) => module.agentTypes ?? []);

export const migrationSets = (modules = builtInModules): readonly MigrationSet[] => [
  coreMigrations,
  ...modules.flatMap((module) => (module.migrations === undefined ? [] : [{ name: module.name, folder: module.migrations }])),
];

/** What the modules want to exist; with `demo`, the synthetic ones make load from the start. */
export const defaultAgents = (modules: readonly Module[], demo: boolean): readonly NewAgent[] =>
  modules.flatMap(({ defaultAgents: agents = [] }) =>
    agents.map(({ agentId, name, type, config, demoConfig, state }) => ({
      agentId,
      name,
      type,
      state: state ?? 'active',
      config: { ...config, ...(demo ? demoConfig : {}) },
    })),
  );
