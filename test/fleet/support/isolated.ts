import type { AnyAgentDefinition } from '../../../src/agent/definition.ts';
import type { Isolation } from '../../../src/agent/isolation.ts';
import { rememberSource } from '../../../src/agent/source.ts';

/** The agent's side as it is built: Node 20 runs no TypeScript in a thread of its own. */
export const ENTRY = new URL('../../../dist/fleet/isolated/child.js', import.meta.url);
const SOURCE = new URL('isolated/agents.mjs', import.meta.url).href;
const agents = ((await import(SOURCE)) as { readonly default: readonly AnyAgentDefinition[] }).default;

/** An agent type of isolated/agents.mjs. */
export function isolated(type: string, isolation: Isolation, memoryLimitMb?: number): AnyAgentDefinition {
  const found = agents.find((each) => each.type === type);
  if (found === undefined) throw new Error(`agents.mjs has no ${type}`);
  const definition = { ...found, isolation, ...(memoryLimitMb !== undefined && { memoryLimitMb }) };
  rememberSource(definition, { url: SOURCE });
  return definition;
}
