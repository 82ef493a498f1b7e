import { MusterError } from '../base/errors.ts';
import type { AgentDefinition } from './definition.ts';

/** One thing wrong with a configuration: where, and what. */
export interface ConfigFault {
  /** As in `thresholds.cpu`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/**
 * Parses an agent's configuration by its type's schema, defaults filled in. Throws AGENT_CONFIG_INVALID, which names every
 * fault by its path (`data.faults`).
 */
export function parseConfig<Config>(definition: AgentDefinition<Config>, raw: Readonly<Record<string, unknown>>): Config {
  const parsed = (definition as AgentDefinition).config?.safeParse(over(definition.defaults ?? {}, raw)) ?? withoutSchema(raw);
  // The schema's output is Config: defineAgent derives the one from the other.
  if (parsed.success) return parsed.data as Config;
  const faults = parsed.error.issues.map((issue): ConfigFault => ({ path: issue.path.map(String).join('.'), message: issue.message }));
  const text = faults.map((fault) => `config${fault.path === '' ? '' : `.${fault.path}`}: ${fault.message}`).join('; ');
  throw new MusterError('AGENT_CONFIG_INVALID', text, {
    remedy: `Mend ${faults[0]?.path ? `config.${faults[0].path}` : 'config'} of the agent (PATCH /api/v1/agents/{id}, or UPDATE agents): it starts by itself once its configuration is valid.`,
    data: { faults },
  });
}

/** `raw` laid over `defaults`, section by section: a key that is set says nothing about its neighbours. */
function over(defaults: Readonly<Record<string, unknown>>, raw: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(raw)) {
    const below = merged[key];
    merged[key] = isSection(below) && isSection(value) ? over(below, value) : value;
  }
  return merged;
}

const isSection = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function withoutSchema(raw: Readonly<Record<string, unknown>>) {
  const keys = Object.keys(raw);
  if (keys.length === 0) return { success: true as const, data: {} };
  return { success: false as const, error: { issues: keys.map((key) => ({ path: [key], message: 'this type takes no configuration' })) } };
}
