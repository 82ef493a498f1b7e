import { z } from 'zod';
import type { AgentDefinition, AnyAgentDefinition, Schedule } from '../../agent/definition.ts';
import { MusterError } from '../../base/errors.ts';

/** What a host needs to know of an agent that it runs apart: everything but its code. */
export interface Outline extends Pick<
  AgentDefinition,
  | 'type'
  | 'name'
  | 'description'
  | 'capabilities'
  | 'defaults'
  | 'runsAtStart'
  | 'timeout'
  | 'priority'
  | 'isolation'
  | 'memoryLimitMb'
  | 'placement'
> {
  /** Undefined: none; `config`: as its configuration says. */
  readonly schedule: Schedule | 'config' | undefined;
  readonly takesConfig: boolean;
  readonly reconfigures: boolean;
}

const FIELDS = [
  'type',
  'name',
  'description',
  'capabilities',
  'defaults',
  'runsAtStart',
  'timeout',
  'priority',
  'isolation',
  'memoryLimitMb',
  'placement',
] as const;

export function outlineOf(definition: AnyAgentDefinition): Outline {
  const plain = Object.fromEntries(FIELDS.flatMap((field) => (definition[field] === undefined ? [] : [[field, definition[field]]])));
  const { schedule } = definition;
  return {
    ...(plain as Pick<Outline, 'type' | 'name' | 'description'>),
    schedule: typeof schedule === 'function' ? 'config' : schedule,
    takesConfig: definition.config !== undefined,
    reconfigures: definition.reconfigure !== undefined,
  };
}

/**
 * Stands in a host for the agent itself, whose code the host does not load. Its configuration is checked where it runs, and so is
 * whatever else is asked of its code.
 */
export function standIn({ schedule, takesConfig, reconfigures, ...plain }: Outline): AnyAgentDefinition {
  return {
    ...plain,
    ...(schedule !== undefined && { schedule: schedule === 'config' ? () => undefined : schedule }),
    ...(takesConfig && { config: z.unknown() }),
    ...(reconfigures && { reconfigure: () => undefined }),
    run: () => Promise.reject(new MusterError('INTERNAL', `the code of ${plain.type} is not in its host`)),
  };
}
