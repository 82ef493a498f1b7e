import { MusterError } from '../../base/errors.ts';
import { checkDefinition } from '../define-agent.ts';
import type { AnyAgentDefinition } from '../definition.ts';

/** The agent that a file exports. Throws AGENT_INVALID where it is none, or one that cannot work. */
export function definitionOf(exported: unknown): AnyAgentDefinition {
  if (typeof exported !== 'object' || exported === null || Array.isArray(exported) || !('run' in exported)) {
    throw new MusterError('AGENT_INVALID', `its default export is ${nameOf(exported)}, not an agent`, {
      remedy: 'Write `export default defineAgent({ … })` or `export default MyAgent.define({ … })`, one agent a file.',
    });
  }
  const definition = exported as AnyAgentDefinition;
  checkDefinition(definition);
  return definition;
}

function nameOf(exported: unknown): string {
  if (exported === undefined) return 'missing';
  if (Array.isArray(exported)) return 'a list';
  if (typeof exported === 'function') return 'a function or class';
  return exported === null ? 'null' : typeof exported === 'object' ? 'an object without run' : `a ${typeof exported}`;
}
