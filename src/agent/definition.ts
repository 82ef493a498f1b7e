import type { z } from 'zod';
import type { DurationInput } from '../base/duration.ts';
import type { AgentContext } from './context.ts';
import type { HealthReport } from './health.ts';
import type { Isolation } from './isolation.ts';
import type { Schedule } from './schedule.ts';

export type { HealthReport, Schedule };

/** What an agent without a schema gets as its configuration: nothing. */
export type NoConfig = Readonly<Record<never, never>>;

/** A command of a type's own. What it returns is stored as JSON with the command, 64 kB at most. */
export type CommandHandler<Config> = (ctx: AgentContext<Config>, payload: unknown) => Promise<unknown>;

/**
 * A kind of agent. Many agents may be of one kind, each with its own id and configuration, so a definition keeps no state
 * of its own: what lives from `startup` to `shutdown` belongs in a `WeakMap` keyed by `ctx.life`, or in a {@link BaseAgent}.
 * @typeParam Config what `config` parses to
 */
export interface AgentDefinition<Config = unknown> {
  /** The agent_type: lower case, digits and underscores. */
  readonly type: string;
  readonly name: string;
  readonly description: string;
  /** What it can do, by name: shown in lists and searched by people. */
  readonly capabilities?: Readonly<Record<string, string>>;
  /**
   * Parses and defaults `agents.config`; its output is `Config` ({@link defineAgent} sees to that). Without one the agent
   * takes no configuration. Typed as a schema of anything, so that definitions of different configurations fit in one list.
   */
  readonly config?: z.ZodType;
  /** What lies under `agents.config` before it is parsed: this installation's own defaults, from its configuration files. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** When it runs. Without one it runs when it is told to (`run_now`). */
  readonly schedule?: Schedule | ((config: Config) => Schedule | undefined);
  /**
   * Its first run comes as soon as it starts. Default: agents that start together take their first runs spread over five
   * seconds. For an agent others wait for: it ought to be cheap, as it may start with a thousand others.
   */
  readonly runsAtStart?: boolean;
  /** A startup or run that takes longer is aborted. Default 60s. */
  readonly timeout?: DurationInput;
  /** Lower ones are stopped first, and slowed down first when the database is pressed. 0 to 100, default 50. */
  readonly priority?: number;
  /**
   * `thread` or `process`: its code runs in one of its own, so that an endless loop, too much memory or `process.exit` in it ends
   * it alone. Needs a definition that was loaded from a file. An agent's metadata.isolation goes before. Default none.
   */
  readonly isolation?: Isolation;
  /** Isolated agents only: JavaScript heap at most, in MB. An agent's metadata.memory_limit_mb goes before. Default 256. */
  readonly memoryLimitMb?: number;
  /** Where agents of this type run unless `metadata.placement` says otherwise. */
  readonly placement?: TypePlacement;
  /** Once, before the first run of a life. Where it throws, the agent is started again after a pause that grows. */
  startup?(ctx: AgentContext<Config>): Promise<void> | void;
  /** One run. Must end soon after `ctx.signal` aborts. */
  run(ctx: AgentContext<Config>): Promise<unknown>;
  /** Once, after the last run, also when the lease was lost; ten seconds at most. */
  shutdown?(ctx: AgentContext<Config>): Promise<void> | void;
  /** Takes a changed configuration (`ctx.config`) without a restart. Without it, a change restarts the agent. */
  reconfigure?(ctx: AgentContext<Config>, previous: Config): Promise<void> | void;
  /** Called with every beat; must be quick. Default: 100, less for recent failed runs. */
  health?(ctx: AgentContext<Config>): HealthReport;
  /** Commands beyond the built-in ones ({@link BUILT_IN_COMMANDS}). */
  readonly commands?: Readonly<Record<string, CommandHandler<Config>>>;
}

/** Both are kept to without exception: an agent that has no place waits, and says why. */
export interface TypePlacement {
  /** The host must have all of these labels (`muster launch --label zone=a`). */
  readonly labels?: Readonly<Record<string, string>>;
  /** No two agents of this group run on one host, of whatever type they are. */
  readonly antiAffinity?: string;
}

/** A definition of whatever configuration: what lists and hosts hold. Its configuration is known to its schema alone. */
export type AnyAgentDefinition = AgentDefinition<never>;

/** Commands every agent understands. `reconfigure` replaces its configuration by the payload, `move` gives it to another host. */
export const BUILT_IN_COMMANDS = ['start', 'stop', 'restart', 'pause', 'resume', 'reconfigure', 'run_now', 'move'] as const;
export type BuiltInCommand = (typeof BUILT_IN_COMMANDS)[number];
export const isBuiltInCommand = (name: string): name is BuiltInCommand => (BUILT_IN_COMMANDS as readonly string[]).includes(name);
