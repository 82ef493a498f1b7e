import type { z } from 'zod';
import { durationMs } from '../base/duration.ts';
import { messageOf, MusterError } from '../base/errors.ts';
import { isBuiltInCommand, type AgentDefinition, type AnyAgentDefinition, type NoConfig } from './definition.ts';
import { isIsolation, isMemoryLimit, ISOLATIONS, LARGEST_MEMORY_LIMIT_MB, SMALLEST_MEMORY_LIMIT_MB } from './isolation.ts';
import { compileSchedule } from './schedule.ts';

/** A definition whose configuration is what its schema gives. */
export type AgentSpec<Schema extends z.ZodType> = Omit<AgentDefinition<z.output<Schema>>, 'config'> & { readonly config?: Schema };

export const DEFAULT_TIMEOUT_MS = 60_000;
export const DEFAULT_PRIORITY = 50;
const LONGEST_TIMEOUT_MS = 86_400_000;

/**
 * Defines a kind of agent, checked at once: a mistake is an AGENT_INVALID here and not a surprise on a host at night.
 *
 * @example
 * ```ts
 * import { defineAgent, sql } from 'muster-agents';
 * import { z } from 'zod';
 *
 * export default defineAgent({
 *   type: 'unpaid_invoices',
 *   name: 'Unpaid invoices',
 *   description: 'Counts invoices that are overdue and tells when there are too many.',
 *   capabilities: { billing: 'Watches overdue invoices' },
 *   config: z.strictObject({ limit: z.number().int().positive().default(100) }),
 *   schedule: { every: '30s' },
 *   timeout: '10s',
 *   async run(ctx) {
 *     const { rows } = await ctx.sql.read<{ n: number }>(sql`select count(*)::int as n from invoices where due < now() and paid is null`);
 *     const unpaid = rows[0]?.n ?? 0;
 *     ctx.metric('invoices_unpaid', unpaid);
 *     if (unpaid > ctx.config.limit) ctx.emit('invoices:piled_up', { unpaid, limit: ctx.config.limit });
 *   },
 * });
 * ```
 */
export function defineAgent<Schema extends z.ZodType = z.ZodType<NoConfig>>(
  definition: AgentSpec<Schema>,
): AgentDefinition<z.output<Schema>> {
  const copy = Object.freeze({ ...definition }) as AgentDefinition<z.output<Schema>>;
  checkDefinition(copy);
  return copy;
}

/** Throws AGENT_INVALID where a definition cannot work, naming the field and how to mend it. */
export function checkDefinition(definition: AnyAgentDefinition): void {
  const type: unknown = definition.type;
  if (typeof type !== 'string' || !/^[a-z][a-z0-9_]{0,99}$/.test(type)) {
    throw invalid(
      `type ${JSON.stringify(type)}`,
      'is not an agent type',
      'Use 1 to 100 lower-case letters, digits and underscores, a letter first.',
    );
  }
  const fault = faultOf(definition);
  if (fault !== undefined) throw invalid(`agent type "${type}": ${fault.field}`, fault.problem, fault.remedy);
}

interface Fault {
  readonly field: string;
  readonly problem: string;
  readonly remedy: string;
}

function faultOf(definition: AnyAgentDefinition): Fault | undefined {
  for (const field of ['name', 'description'] as const) {
    const text: unknown = definition[field];
    if (typeof text !== 'string' || text.trim() === '')
      return { field, problem: 'is missing', remedy: `Say in ${field} what people shall read in lists.` };
  }
  if (definition.name.length > 255) return { field: 'name', problem: 'is too long', remedy: 'Use 255 characters at most.' };
  if (typeof definition.run !== 'function')
    return { field: 'run', problem: 'is missing', remedy: 'Add `async run(ctx) { … }`: what the agent does.' };
  return faultOfTimes(definition) ?? faultOfIsolation(definition) ?? faultOfPlacement(definition) ?? faultOfCommands(definition);
}

function faultOfPlacement({ placement }: AnyAgentDefinition): Fault | undefined {
  const group: unknown = placement?.antiAffinity ?? 'a group';
  if (typeof group !== 'string' || group.length < 1 || group.length > 100)
    return { field: 'placement.antiAffinity', problem: 'is not the name of a group', remedy: 'Use a text of 1 to 100 characters.' };
  for (const [name, value] of Object.entries(placement?.labels ?? {}) as [string, unknown][])
    if (typeof value !== 'string')
      return { field: `placement.labels.${name}`, problem: 'is no text', remedy: "Write labels as { zone: 'a' }." };
  return undefined;
}

function faultOfTimes(definition: AnyAgentDefinition): Fault | undefined {
  try {
    if (typeof definition.schedule === 'object') compileSchedule(definition.schedule);
  } catch (error) {
    return { field: 'schedule', problem: messageOf(error), remedy: error instanceof MusterError ? error.remedy : '' };
  }
  const remedy = "Write a duration from '1ms' to '24h', such as '30s'.";
  try {
    const timeout = timeoutOf(definition);
    if (timeout < 1 || timeout > LONGEST_TIMEOUT_MS) return { field: 'timeout', problem: `${timeout} ms is out of range`, remedy };
  } catch (error) {
    return { field: 'timeout', problem: messageOf(error), remedy };
  }
  const priority = definition.priority ?? DEFAULT_PRIORITY;
  if (!(priority >= 0 && priority <= 100))
    return { field: 'priority', problem: `${String(priority)} is out of range`, remedy: 'Use a number from 0 to 100.' };
  return undefined;
}

function faultOfIsolation({ isolation, memoryLimitMb }: AnyAgentDefinition): Fault | undefined {
  if (isolation !== undefined && !isIsolation(isolation))
    return { field: 'isolation', problem: `${JSON.stringify(isolation)} is not known`, remedy: `Use one of ${ISOLATIONS.join(', ')}.` };
  if (memoryLimitMb !== undefined && !isMemoryLimit(memoryLimitMb)) {
    const remedy = `Use a number of megabytes from ${SMALLEST_MEMORY_LIMIT_MB} to ${LARGEST_MEMORY_LIMIT_MB}.`;
    return { field: 'memoryLimitMb', problem: `${String(memoryLimitMb)} is out of range`, remedy };
  }
  return undefined;
}

function faultOfCommands(definition: AnyAgentDefinition): Fault | undefined {
  for (const [name, handler] of Object.entries(definition.commands ?? {})) {
    const field = `commands.${name}`;
    if (!/^[a-z][a-z_]*$/.test(name)) return { field, problem: 'is not a command name', remedy: 'Use lower-case letters and underscores.' };
    if (isBuiltInCommand(name)) return { field, problem: 'is a command that every agent has', remedy: 'Choose another name.' };
    if (typeof handler !== 'function') return { field, problem: 'is no function', remedy: 'Give `async (ctx, payload) => result`.' };
  }
  return undefined;
}

function invalid(what: string, problem: string, remedy: string): MusterError {
  return new MusterError('AGENT_INVALID', `${what} ${problem}`, { remedy });
}

export const timeoutOf = (definition: AnyAgentDefinition): number => durationMs(definition.timeout ?? DEFAULT_TIMEOUT_MS);
export const priorityOf = (definition: AnyAgentDefinition): number => definition.priority ?? DEFAULT_PRIORITY;
