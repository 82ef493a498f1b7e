import { z } from 'zod';
import type { TypeCard } from '../state/agent-types.ts';
import { manifestOf } from './code/manifest.ts';
import type { AnyAgentDefinition } from './definition.ts';

/** What others may know of a type of agents. */
export function cardOf(definition: AnyAgentDefinition): TypeCard {
  const { agentType, name, description, capabilities, schedule, when = null } = manifestOf(definition);
  return {
    agentType,
    name,
    description,
    capabilities,
    schedule,
    when,
    commands: Object.keys(definition.commands ?? {}),
    configSchema: definition.config === undefined ? null : schemaOf(definition.config),
  };
}

/** Null where it cannot be told as JSON Schema: what an agent brings need only parse. */
function schemaOf(config: NonNullable<AnyAgentDefinition['config']>): TypeCard['configSchema'] {
  try {
    return z.toJSONSchema(config, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
  } catch {
    return null;
  }
}
