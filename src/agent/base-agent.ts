import type { z } from 'zod';
import type { AgentId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { EventType } from '../state/events.ts';
import type { AgentContext, AgentSql, AgentState, MetricOptions } from './context.ts';
import { defineAgent, type AgentSpec } from './define-agent.ts';
import type { AgentDefinition, NoConfig } from './definition.ts';
import { healthOfRuns, type HealthReport } from './health.ts';

/** What a class cannot say by its methods. */
export type BaseAgentSpec<Agent, Schema extends z.ZodType> = Pick<
  AgentSpec<Schema>,
  'type' | 'name' | 'description' | 'config' | 'schedule' | 'runsAtStart' | 'timeout' | 'priority' | 'isolation' | 'memoryLimitMb'
> & {
  /** Commands of the type's own, carried out on the agent. */
  readonly commands?: Readonly<Record<string, (agent: Agent, payload: unknown, ctx: AgentContext<z.output<Schema>>) => Promise<unknown>>>;
};

/**
 * The agent as a class: one object from startup to shutdown, whose fields are the agent's own. Registering it, its heartbeat,
 * supervision and restarts are the host's work.
 *
 * @example
 * ```ts
 * import { BaseAgent, sql } from 'muster-agents';
 * import { z } from 'zod';
 *
 * const config = z.strictObject({ table: z.enum(['orders', 'invoices']).default('orders') });
 *
 * class GrowthWatcher extends BaseAgent<z.output<typeof config>> {
 *   static override readonly capabilities = { growth: 'Watches how fast a table grows' };
 *   #before: number | undefined;
 *
 *   override async run(): Promise<void> {
 *     const { rows } = await this.sql.read<{ n: number }>(
 *       sql`select reltuples::float8 as n from pg_class where relname = ${this.config.table}`,
 *     );
 *     const now = rows[0]?.n ?? 0;
 *     if (this.#before !== undefined) this.metric('table_growth_rows', now - this.#before);
 *     this.#before = now;
 *   }
 * }
 *
 * export default GrowthWatcher.define({
 *   type: 'growth_watcher',
 *   name: 'Growth watcher',
 *   description: 'Tells how many rows a table gains between two looks.',
 *   config,
 *   schedule: { every: '1m' },
 * });
 * ```
 */
export abstract class BaseAgent<Config = NoConfig> {
  /** What agents of this class can do, by name. */
  static readonly capabilities: Readonly<Record<string, string>> = {};

  readonly startupTime: Date;
  #ctx: AgentContext<Config>;

  constructor(ctx: AgentContext<Config>) {
    this.#ctx = ctx;
    this.startupTime = new Date(ctx.clock.now());
  }

  /** Turns a class into a definition, checked at once. Throws AGENT_INVALID. */
  static define<Agent extends BaseAgent<z.output<Schema>>, Schema extends z.ZodType = z.ZodType<NoConfig>>(
    this: { new (ctx: AgentContext<z.output<Schema>>): Agent; readonly capabilities: Readonly<Record<string, string>> },
    spec: BaseAgentSpec<Agent, Schema>,
  ): AgentDefinition<z.output<Schema>> {
    const lives = new WeakMap<object, Agent>();
    // One object a life. Its context is always that of the call under way.
    const agentOf = (ctx: AgentContext<z.output<Schema>>): Agent => {
      let agent = lives.get(ctx.life);
      if (agent === undefined) {
        agent = new this(ctx);
        lives.set(ctx.life, agent);
      }
      return agent;
    };
    const within = (ctx: AgentContext<z.output<Schema>>): Agent => {
      const agent = agentOf(ctx);
      agent.#ctx = ctx;
      return agent;
    };
    const { commands, ...rest } = spec;
    return defineAgent<Schema>({
      ...(rest as AgentSpec<Schema>),
      capabilities: this.capabilities,
      startup: (ctx) => within(ctx).startup(),
      run: (ctx) => within(ctx).run(ctx),
      shutdown: (ctx) => within(ctx).shutdown(),
      health: (ctx) => agentOf(ctx).calculateHealthScore(),
      commands: Object.fromEntries(
        Object.entries(commands ?? {}).map(([name, handler]) => [
          name,
          (ctx: AgentContext<z.output<Schema>>, payload: unknown) => handler(agentOf(ctx), payload, ctx),
        ]),
      ),
    });
  }

  /** One run. The context of the call may be left out of the signature: its parts are at hand as `this.…`. */
  abstract run(ctx: AgentContext<Config>): Promise<unknown>;

  /** Once, before the first run. Where it throws, the agent is started again after a pause that grows. */
  startup(): Promise<void> | void {}

  /** Once, after the last run; ten seconds at most. */
  shutdown(): Promise<void> | void {}

  /** Asked with every beat, so it must be quick. Unless overridden: the share of recent runs that succeeded. */
  calculateHealthScore(): HealthReport {
    return healthOfRuns(this.#ctx.runs);
  }

  /** What the business calls what this agent measures (a team, a product): few distinct values, added as labels to each metric. */
  getBusinessContext(): Readonly<Record<string, string>> {
    return {};
  }

  getCapabilities(): Readonly<Record<string, string>> {
    return (this.constructor as typeof BaseAgent).capabilities;
  }

  getConfiguration(): Config {
    return this.#ctx.config;
  }

  get agentId(): AgentId {
    return this.#ctx.agentId;
  }
  get config(): Config {
    return this.#ctx.config;
  }
  /** 0 to 100. */
  get healthScore(): number {
    return this.calculateHealthScore().score;
  }
  get errorCount(): number {
    return this.#ctx.runs.errorCount;
  }
  /** Everything the agent is given, for what has no shorthand here. */
  protected get ctx(): AgentContext<Config> {
    return this.#ctx;
  }
  protected get signal(): AbortSignal {
    return this.#ctx.signal;
  }
  protected get log(): Logger {
    return this.#ctx.log;
  }
  protected get state(): AgentState {
    return this.#ctx.state;
  }
  protected get sql(): AgentSql {
    return this.#ctx.sql;
  }

  /** Records one sample, labelled with the business context. */
  protected metric(name: string, value: number, options: MetricOptions = {}): void {
    this.#ctx.metric(name, value, { ...options, labels: { ...this.getBusinessContext(), ...options.labels } });
  }

  /** Records an event `noun:verb`. */
  protected emit(type: EventType, data?: Readonly<Record<string, unknown>>): void {
    this.#ctx.emit(type, data);
  }
}
