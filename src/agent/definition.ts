import type { z } from 'zod';
import type { DurationInput } from '../base/duration.ts';
import type { AgentContext } from './context.ts';

/** When an agent runs. Exactly one of the two; an agent without a schedule runs when it is told to. */
export type Schedule =
  | { readonly every: DurationInput; readonly cron?: never }
  | { readonly cron: string; readonly timezone?: string; readonly every?: never };

export interface HealthReport {
  /** 0 (broken) to 100 (fit). */
  readonly score: number;
  /** Why it is not 100: what a person should read. */
  readonly reasons?: readonly string[];
}

/**
 * A kind of agent. Many agents may be of one kind, each with its own id and configuration.
 * @typeParam Config what `config` parses to
 */
export interface AgentDefinition<Config = unknown> {
  /** The agent_type: lower case, digits and underscores. */
  readonly type: string;
  readonly name: string;
  readonly description: string;
  /** What it can do, by name: shown in lists and searched by people. */
  readonly capabilities?: Readonly<Record<string, string>>;
  /** Parses and defaults `agents.config`. Without one the agent takes no configuration. */
  readonly config?: z.ZodType<Config>;
  readonly schedule?: Schedule | ((config: Config) => Schedule | undefined);
  /** A run that takes longer is aborted. Default 60s. */
  readonly timeout?: DurationInput;
  /** Lower ones are slowed down first when the database is pressed. 0 to 100, default 50. */
  readonly priority?: number;
  /** Once, before the first run under this lease. */
  startup?(ctx: AgentContext<Config>): Promise<void> | void;
  /** One run. Must end soon after `ctx.signal` aborts. */
  run(ctx: AgentContext<Config>): Promise<unknown>;
  /** Once, after the last run, also when the lease was lost; ten seconds at most. */
  shutdown?(ctx: AgentContext<Config>): Promise<void> | void;
  /** Called with every beat; must be quick. Default: 100, less for recent failed runs. */
  health?(ctx: AgentContext<Config>): HealthReport;
  /** Commands beyond the built-in ones (start, stop, restart, pause, resume, run_now). The result is stored. */
  readonly commands?: Readonly<Record<string, (ctx: AgentContext<Config>, payload: unknown) => Promise<unknown>>>;
}
