import { bounded, examine, type Bundle } from '../agent/code/index.ts';
import { MusterError } from '../base/errors.ts';
import type { AgentRecord } from '../state/agents.ts';
import { IMPLEMENTATION_NAMED, type ImplementationRecord } from '../state/implementations.ts';
import type { SharedState } from '../state/shared-state.ts';

type Configuration = Readonly<Record<string, unknown>>;

export interface Registration {
  /** Default: the type of the agent. */
  readonly name?: string | undefined;
  readonly by: string;
  /** Also judged, so that nothing is registered for a slot that it would not fit. */
  readonly config?: Configuration | undefined;
}

/**
 * Registers a bundle as an implementation, after it was loaded in a process of its own. Throws AGENT_INVALID or
 * AGENT_CONFIG_INVALID, with nothing stored. The caller has made sure that it is an administrator who asks.
 */
export async function registerImplementation(
  state: SharedState,
  { code, hash }: Pick<Bundle, 'code' | 'hash'>,
  { name, by, config }: Registration,
): Promise<ImplementationRecord> {
  if (name !== undefined && (!IMPLEMENTATION_NAMED.test(name) || name.includes('@'))) {
    throw new MusterError('INVALID_INPUT', `"${name}" is not a name for an implementation`, {
      remedy: 'Use 1 to 100 lower-case letters, digits and underscores, a letter first.',
    });
  }
  const manifest = await examine({ code: bounded(code), hash }, { config });
  return state.implementations.register({ name: name ?? manifest.agentType, code, hash, manifest, registeredBy: by });
}

/**
 * Activates a slot with a registered implementation, by name or name@hash. Without a configuration the slot keeps its own
 * where it ran the same name before, else it gets none. Throws NOT_FOUND, CONFLICT where the agent is no slot, and
 * AGENT_CONFIG_INVALID, with nothing changed.
 */
export async function activateSlot(state: SharedState, slot: AgentRecord, named: string, config?: Configuration): Promise<AgentRecord> {
  requireSlot(slot);
  const implementation = await state.implementations.find(named);
  const code = implementation === undefined ? undefined : await state.implementations.code(implementation.hash);
  if (implementation === undefined || code === undefined) {
    throw new MusterError('NOT_FOUND', `there is no implementation "${named}"`, {
      remedy: 'Register it first (`muster implementations add ./my-agent.ts`), or name one that `muster implementations list` shows.',
    });
  }
  const given = config ?? configFor(slot, implementation.name);
  await examine({ code, hash: implementation.hash }, { config: given });
  return state.agents.update(slot.agentId, { state: 'active', config: given, metadata: { ...slot.metadata, implementation: named } });
}

/** What a slot goes on with where no configuration is given. */
function configFor(slot: AgentRecord, implementation: string): Configuration {
  const before = slot.metadata['implementation'];
  return typeof before === 'string' && before.split('@')[0] === implementation ? slot.config : {};
}

/** Throws CONFLICT. */
export function requireSlot(agent: AgentRecord): void {
  if (agent.type === 'slot') return;
  throw new MusterError('CONFLICT', `agent ${agent.agentId} is no slot: its type is ${agent.type}`, {
    remedy: 'Start it with `muster agents start`; `muster agents list --type slot` shows the slots.',
  });
}
