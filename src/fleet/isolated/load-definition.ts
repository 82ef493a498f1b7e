import { checkDefinition } from '../../agent/define-agent.ts';
import type { AnyAgentDefinition } from '../../agent/definition.ts';
import { MusterError } from '../../base/errors.ts';

type Found = Readonly<Record<string, unknown>>;

/** The definition of a type from the module that holds it: its default export, one of a list, or one of a module's `agentTypes`. */
export async function loadDefinition(url: string, type: string): Promise<AnyAgentDefinition> {
  const exported = ((await import(url)) as { readonly default?: unknown }).default;
  for (const item of Array.isArray(exported) ? (exported as readonly unknown[]) : [exported]) {
    if (!isObject(item)) continue;
    const types = Array.isArray(item['agentTypes']) ? (item['agentTypes'] as readonly unknown[]) : [item];
    const definition = types.find((each): each is Found => isObject(each) && each['type'] === type && typeof each['run'] === 'function');
    if (definition === undefined) continue;
    const found = definition as unknown as AnyAgentDefinition;
    checkDefinition(found);
    return found;
  }
  throw new MusterError('AGENT_INVALID', `${url} defines no agent type "${type}" any more`, {
    remedy: 'Put the definition back, or start the host again so that it reads its files anew.',
  });
}

const isObject = (value: unknown): value is Found => typeof value === 'object' && value !== null;
