import { MusterError } from '../base/errors.ts';
import type { AnyAgentDefinition } from './definition.ts';
import { sourceOf, type AgentSource } from './source.ts';

/** Where an agent's code runs: in its host's own thread, in a thread of its own, or in a process of its own. */
export const ISOLATIONS = ['none', 'thread', 'process'] as const;
export type Isolation = (typeof ISOLATIONS)[number];

export const DEFAULT_MEMORY_LIMIT_MB = 256;
export const SMALLEST_MEMORY_LIMIT_MB = 16;
export const LARGEST_MEMORY_LIMIT_MB = 65_536;

export type IsolationChoice =
  | { readonly kind: 'none' }
  | { readonly kind: 'thread' | 'process'; readonly memoryLimitMb: number; readonly source: AgentSource };

export const isIsolation = (value: unknown): value is Isolation => ISOLATIONS.some((each) => each === value);
export const isMemoryLimit = (value: unknown): value is number =>
  typeof value === 'number' && value >= SMALLEST_MEMORY_LIMIT_MB && value <= LARGEST_MEMORY_LIMIT_MB;

/**
 * How one agent is isolated: as its type says, unless the agent's own metadata say otherwise (`isolation`, `memory_limit_mb`).
 * Throws AGENT_CONFIG_INVALID for metadata that make no sense, AGENT_INVALID where the type cannot be loaded apart.
 */
export function isolationOf(definition: AnyAgentDefinition, metadata: Readonly<Record<string, unknown>>): IsolationChoice {
  const isolation = metadata['isolation'] ?? definition.isolation ?? 'none';
  if (!isIsolation(isolation)) {
    throw new MusterError('AGENT_CONFIG_INVALID', `metadata.isolation: ${JSON.stringify(isolation)} is none of ${ISOLATIONS.join(', ')}`, {
      remedy: `Set metadata.isolation of the agent to one of ${ISOLATIONS.join(', ')}, or take it out: then its type decides.`,
    });
  }
  if (isolation === 'none') return { kind: 'none' };
  const memoryLimitMb = metadata['memory_limit_mb'] ?? definition.memoryLimitMb ?? DEFAULT_MEMORY_LIMIT_MB;
  if (!isMemoryLimit(memoryLimitMb)) {
    throw new MusterError('AGENT_CONFIG_INVALID', `metadata.memory_limit_mb: ${JSON.stringify(memoryLimitMb)} is no memory limit`, {
      remedy: `Set metadata.memory_limit_mb of the agent to a number from ${SMALLEST_MEMORY_LIMIT_MB} to ${LARGEST_MEMORY_LIMIT_MB}, or take it out.`,
    });
  }
  const source = sourceOf(definition);
  if (source === undefined) {
    throw new MusterError(
      'AGENT_INVALID',
      `agent type "${definition.type}" cannot run in a ${isolation} of its own: no file is known that defines it`,
      {
        remedy: 'Define it in a file that is loaded with --agents, as or in its default export; or set isolation to none.',
      },
    );
  }
  return { kind: isolation, memoryLimitMb, source };
}
