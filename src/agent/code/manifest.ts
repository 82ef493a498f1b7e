import { messageOf } from '../../base/errors.ts';
import type { Manifest } from '../../state/implementations.ts';
import { parseConfig } from '../config.ts';
import type { AnyAgentDefinition } from '../definition.ts';
import { describeSchedule } from '../schedule.ts';

export function manifestOf(definition: AnyAgentDefinition): Manifest {
  return {
    agentType: definition.type,
    name: definition.name,
    description: definition.description,
    capabilities: { ...definition.capabilities },
    schedule: scheduleOf(definition),
    when: whenOf(definition),
    takesConfig: definition.config !== undefined,
  };
}

function whenOf({ schedule }: AnyAgentDefinition): Readonly<Record<string, unknown>> | null {
  return schedule === undefined || typeof schedule === 'function' ? null : { ...schedule };
}

function scheduleOf(definition: AnyAgentDefinition): string | null {
  if (typeof definition.schedule !== 'function') return definition.schedule === undefined ? null : describeSchedule(definition.schedule);
  try {
    const schedule = definition.schedule(parseConfig(definition, {}));
    return schedule === undefined ? null : describeSchedule(schedule);
  } catch (error) {
    return `as its configuration says (${messageOf(error)})`.slice(0, 200);
  }
}
