import type { AgentRecord } from '../state/agents.ts';

/** Fields whose content is the user's own and keeps its keys. */
const OPAQUE = new Set(['config', 'metadata', 'data', 'payload', 'result', 'labels', 'value', 'metrics', 'fields']);
const TIMES = /(At|^at|^ts|^timestamp|^scheduledFor)$/;

/**
 * A record of ours as --json prints it and the REST API answers it: snake_case keys, ISO 8601 times. What belongs to the
 * user stays as it is.
 */
export function toDocument(record: object, rename: Readonly<Record<string, string>> = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]: [string, unknown]) => [
      rename[key] ?? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      OPAQUE.has(key) ? value : TIMES.test(key) && typeof value === 'number' ? new Date(value).toISOString() : nested(value),
    ]),
  );
}

function nested(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nested);
  return typeof value === 'object' && value !== null ? toDocument(value) : value;
}

export const agentDocument = ({ ticks, ...record }: AgentRecord): Record<string, unknown> => ({
  ...toDocument(record, { name: 'agent_name', type: 'agent_type' }),
  last_tick: ticks.begun === null ? null : new Date(ticks.begun).toISOString(),
});
