import { z } from 'zod';
import {
  compileSchedule,
  nextRunAt,
  parseConfig,
  type CompiledSchedule,
  type AnyAgentDefinition,
  type ConfigFault,
} from '../agent/index.ts';
import { isMusterError, MusterError } from '../base/errors.ts';
import type { AgentRecord } from '../state/agents.ts';
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
  readonly #schedules = new Map<string, CompiledSchedule | undefined>();

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
    return this.#compiled(typeName, config)?.description ?? null;
  }

  /** When an agent runs next by its schedule, milliseconds since 1970; null where it is not to run, or it cannot be told. */
  nextRunAt(agent: Pick<AgentRecord, 'agentId' | 'type' | 'state' | 'config' | 'ticks'>, now: number): number | null {
    const schedule = agent.state === 'active' ? this.#compiled(agent.type, agent.config) : undefined;
    return schedule === undefined ? null : (nextRunAt(schedule, agent.agentId, agent.ticks, now) ?? null);
  }

  #compiled(typeName: string, config: Readonly<Record<string, unknown>>): CompiledSchedule | undefined {
    const type = this.#types.get(typeName);
    if (type?.schedule === undefined) return undefined;
    // 1,000 agents are shown four times a second: their configuration is parsed once.
    const key = typeof type.schedule === 'function' ? `${typeName}\n${JSON.stringify(config)}` : typeName;
    if (this.#schedules.has(key)) return this.#schedules.get(key);
    const compiled = compiledFrom(type, config);
    if (this.#schedules.size >= REMEMBERED) this.#schedules.clear();
    this.#schedules.set(key, compiled);
    return compiled;
  }
}

function compiledFrom(type: AnyAgentDefinition, config: Readonly<Record<string, unknown>>): CompiledSchedule | undefined {
  try {
    const schedule = typeof type.schedule === 'function' ? type.schedule(parseConfig(type, config)) : type.schedule;
    return schedule === undefined ? undefined : compileSchedule(schedule);
  } catch (error) {
    // A configuration that does not fit its type is the agent's to report, as its reason; here it only has no schedule.
    if (isMusterError(error)) return undefined;
    throw error;
  }
}
