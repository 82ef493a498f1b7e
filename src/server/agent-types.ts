import type { z } from 'zod';
import {
  cardOf,
  compileSchedule,
  nextRunAt,
  parseConfig,
  type CompiledSchedule,
  type AnyAgentDefinition,
  type ConfigFault,
  type Schedule,
} from '../agent/index.ts';
import type { Clock } from '../base/clock.ts';
import { isMusterError, MusterError } from '../base/errors.ts';
import type { KnownTypes, TypeCard } from '../state/agent-types.ts';
import type { AgentRecord, SlotImplementation } from '../state/agents.ts';
import type { FieldError } from '../http/problem.ts';
import type { AgentTypeView } from './schemas/agents.ts';

const REMEMBERED = 5_000;

declare module 'fastify' {
  interface FastifyInstance {
    readonly agentTypes: AgentTypes;
  }
}

/** How old what hosts have told of their types may be. */
const TOLD_MS = 5_000;

/** Where hosts have told of their types. */
export interface TypeSource {
  readonly known: Pick<KnownTypes, 'list'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** The agent types this server knows, by their code or by what hosts tell of them: what each can do, and when an agent of it runs. */
export class AgentTypes {
  readonly #types: Map<string, AnyAgentDefinition>;
  readonly #cards = new Map<string, TypeCard>();
  readonly #told = new Map<string, TypeCard>();
  readonly #schedules = new Map<string, CompiledSchedule | undefined>();
  readonly #source: TypeSource | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
  #heard = '';

  constructor(types: readonly AnyAgentDefinition[], source?: TypeSource) {
    this.#types = new Map(types.map((type) => [type.type, type]));
    this.#source = source;
  }

  /** Knows these from now on, in place of those of the same name. */
  adopt(types: readonly AnyAgentDefinition[]): void {
    for (const type of types) this.#types.set(type.type, type);
    this.#cards.clear();
    this.#schedules.clear();
  }

  /** Takes in what hosts have told, unless that was done a moment ago. */
  async refresh(): Promise<void> {
    const now = this.#source?.clock.monotonic() ?? 0;
    if (this.#source === undefined || now - this.#toldAt < TOLD_MS) return;
    this.#toldAt = now;
    this.hear(await this.#source.known.list());
  }

  hear(cards: readonly TypeCard[]): void {
    // Nearly always nothing has changed, and no schedule need be compiled again.
    const heard = JSON.stringify(cards);
    if (heard === this.#heard) return;
    this.#heard = heard;
    this.#told.clear();
    for (const card of cards) this.#told.set(card.agentType, card);
    this.#schedules.clear();
  }

  get names(): readonly string[] {
    return [...new Set([...this.#types.keys(), ...this.#told.keys()])];
  }

  /** What is known of a type. */
  card(type: string): TypeCard | undefined {
    const definition = this.#types.get(type);
    if (definition === undefined) return this.#told.get(type);
    const known = this.#cards.get(type) ?? cardOf(definition);
    this.#cards.set(type, known);
    return known;
  }

  views(): z.infer<typeof AgentTypeView>[] {
    return this.names.flatMap((type) => {
      const card = this.card(type);
      if (card === undefined) return [];
      return {
        agent_type: card.agentType,
        name: card.name,
        description: card.description,
        capabilities: { ...card.capabilities },
        schedule: card.schedule,
        commands: [...card.commands],
        config_schema: card.configSchema === null ? null : { ...card.configSchema },
      };
    });
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
    return this.#compiled(typeName, config)?.description ?? this.#told.get(typeName)?.schedule ?? null;
  }

  /** When an agent runs next by its schedule, milliseconds since 1970; null where it is not to run, or it cannot be told. */
  nextRunAt(agent: Pick<AgentRecord, 'agentId' | 'type' | 'state' | 'config' | 'ticks' | 'implementation'>, now: number): number | null {
    if (agent.state !== 'active') return null;
    const { implementation } = agent;
    const schedule = implementation ? this.#compiledOfSlot(implementation) : this.#compiled(agent.type, agent.config);
    return schedule === undefined ? null : (nextRunAt(schedule, agent.agentId, agent.ticks, now) ?? null);
  }

  #compiledOfSlot({ hash, manifest: { when = null } }: SlotImplementation): CompiledSchedule | undefined {
    return this.#remember(`slot\n${hash}`, () => compiledOf({ when }));
  }

  #compiled(typeName: string, config: Readonly<Record<string, unknown>>): CompiledSchedule | undefined {
    const type = this.#types.get(typeName) ?? this.#told.get(typeName);
    if (type === undefined) return undefined;
    // 1,000 agents are shown four times a second: their configuration is parsed once.
    const key = 'type' in type && typeof type.schedule === 'function' ? `${typeName}\n${JSON.stringify(config)}` : typeName;
    return this.#remember(key, () => ('type' in type ? compiledFrom(type, config) : compiledOf(type)));
  }

  #remember(key: string, compile: () => CompiledSchedule | undefined): CompiledSchedule | undefined {
    if (this.#schedules.has(key)) return this.#schedules.get(key);
    const compiled = compile();
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

/** Undefined also where a host of another version tells of a schedule that is none here. */
function compiledOf({ when }: Pick<TypeCard, 'when'>): CompiledSchedule | undefined {
  try {
    return when === null ? undefined : compileSchedule(when as unknown as Schedule);
  } catch {
    return undefined;
  }
}
