import { z } from 'zod';
import { describeSchedule, parseConfig, type AnyAgentDefinition, type ConfigFault } from '../agent/index.ts';
import { isMusterError, MusterError } from '../base/errors.ts';
import type { FieldError } from './problem.ts';
import type { AgentTypeView } from './schemas/agents.ts';

const REMEMBERED = 5_000;

declare module 'fastify' {
  interface FastifyInstance {
    readonly agentTypes: AgentTypes;
  }
}

/** The agent types this server knows: what each can do, and when an agent of it runs. */
export class AgentTypes {
  readonly #types: Map<string, AnyAgentDefinition>;
  readonly #schedules = new Map<string, string | null>();

  constructor(types: readonly AnyAgentDefinition[]) {
    this.#types = new Map(types.map((type) => [type.type, type]));
  }

  /** Knows these from now on, in place of those of the same name. */
  adopt(types: readonly AnyAgentDefinition[]): void {
    for (const type of types) this.#types.set(type.type, type);
    this.#schedules.clear();
  }

  get(type: string): AnyAgentDefinition | undefined {
    return this.#types.get(type);
  }

  get names(): readonly string[] {
    return [...this.#types.keys()];
  }

  views(): z.infer<typeof AgentTypeView>[] {
    return [...this.#types.values()].map((type) => ({
      agent_type: type.type,
      name: type.name,
      description: type.description,
      capabilities: { ...type.capabilities },
      schedule: this.scheduleOf(type.type, {}),
      commands: Object.keys(type.commands ?? {}),
      config_schema:
        type.config === undefined
          ? null
          : (z.toJSONSchema(type.config, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>),
    }));
  }

  /** Throws AGENT_CONFIG_INVALID where this server knows the type and the configuration does not fit it. */
  checkConfig(typeName: string, config: Readonly<Record<string, unknown>>): void {
    const type = this.#types.get(typeName);
    if (type === undefined) return;
    try {
      parseConfig(type, config);
    } catch (error) {
      if (!isMusterError(error, 'AGENT_CONFIG_INVALID')) throw error;
      const faults = error.data['faults'] as readonly ConfigFault[];
      const errors: readonly FieldError[] = faults.map(({ path, message }) => ({
        pointer: ['/config', ...path.split('.').filter((part) => part !== '')].join('/'),
        code: 'bad_config',
        message,
      }));
      throw new MusterError('AGENT_CONFIG_INVALID', error.message, { data: { errors }, cause: error });
    }
  }

  /** When an agent of this type and configuration runs, for people; null where it has no schedule or it cannot be told. */
  scheduleOf(typeName: string, config: Readonly<Record<string, unknown>>): string | null {
    const type = this.#types.get(typeName);
    if (type?.schedule === undefined) return null;
    if (typeof type.schedule !== 'function') return describeSchedule(type.schedule);
    // 1,000 agents are shown four times a second: their configuration is parsed once.
    const key = `${typeName}\n${JSON.stringify(config)}`;
    const known = this.#schedules.get(key);
    if (known !== undefined) return known;
    const told = scheduleFromConfig(type, config);
    if (this.#schedules.size >= REMEMBERED) this.#schedules.clear();
    this.#schedules.set(key, told);
    return told;
  }
}

function scheduleFromConfig(type: AnyAgentDefinition, config: Readonly<Record<string, unknown>>): string | null {
  if (typeof type.schedule !== 'function') return null;
  try {
    const schedule = type.schedule(parseConfig(type, config));
    return schedule === undefined ? null : describeSchedule(schedule);
  } catch (error) {
    // A configuration that does not fit its type is the agent's to report, as its reason; here it only has no schedule.
    if (isMusterError(error)) return null;
    throw error;
  }
}
