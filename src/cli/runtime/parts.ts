import type { AgentDefinition } from '../../agent/definition.ts';
import type { MigrationSet } from '../../db/migration-set.ts';
import { builtInModules } from '../../modules/built-in.ts';
import type { Module } from '../../modules/module.ts';
import type { NewAgent } from '../../state/agents.ts';
import { coreMigrations } from '../../state/migrations.ts';

/** What this program is made of: the core and its modules, each with its tables, agent types and default agents. */
export const modules: readonly Module[] = builtInModules;

export const agentTypes = (): readonly AgentDefinition<never>[] => modules.flatMap((module) => module.agentTypes ?? []);

export const migrationSets = (): readonly MigrationSet[] => [
  coreMigrations,
  ...modules.flatMap((module) => (module.migrations === undefined ? [] : [{ name: module.name, folder: module.migrations }])),
];

/** What the modules want to exist; with `demo`, the synthetic ones make load from the start. */
export const defaultAgents = (demo = false): readonly NewAgent[] =>
  modules.flatMap(({ defaultAgents: agents = [] }) =>
    agents.map(({ agentId, name, type, config, demoConfig, state }) => ({
      agentId,
      name,
      type,
      state: state ?? 'active',
      config: { ...config, ...(demo ? demoConfig : {}) },
    })),
  );
