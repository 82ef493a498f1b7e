import { z } from 'zod';
import type { Backlog } from './forward-store.ts';
import { DEFAULT_PATIENCE_MS, type Forward } from './forward.ts';

const Time = z.iso.datetime().nullable();

export const ForwardView = z
  .object({
    name: z.string(),
    kind: z.enum(['langsmith', 'otlp']),
    endpoint: z.string(),
    has_key: z.boolean().describe('A key or headers are kept, sealed; nobody can read them here'),
    project: z.string().nullable().describe('Whose runs; null: all'),
    target_project: z.string().nullable().describe('What the project is called there; null: as here'),
    encoding: z.enum(['protobuf', 'json']).nullable(),
    workspace_id: z.string().nullable(),
    patience_seconds: z.number(),
    state: z.enum(['running', 'behind', 'failing', 'paused']),
    backlog: z.object({
      transactions: z.number().int().describe('Of the intake, still to be read; counted up to 10,000'),
      lag_seconds: z.number().describe('Age of the oldest of them'),
      waiting_runs: z.number().int().describe('They have not ended, or their parents are not here yet'),
    }),
    sent_runs: z.number(),
    sent_feedback: z.number(),
    refused: z.number().describe('The other side will never take them'),
    last_refusal: z.string().nullable(),
    failures: z.number().int().describe('In a row'),
    failing_since: Time,
    last_error: z.string().nullable(),
    next_attempt_at: Time,
    last_success_at: Time,
    created_by: z.string(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'TraceForward', description: 'Where runs are passed on to, and how that goes' });

export type ForwardView = z.output<typeof ForwardView>;

const BEHIND_SECONDS = 60;

function stateOf({ enabled, failures }: Forward, { lagSeconds }: Backlog): ForwardView['state'] {
  if (!enabled) return 'paused';
  if (failures > 0) return 'failing';
  return lagSeconds > BEHIND_SECONDS ? 'behind' : 'running';
}

export const forwardView = (forward: Forward, backlog: Backlog): ForwardView => ({
  name: forward.name,
  kind: forward.kind,
  endpoint: forward.endpoint,
  has_key: forward.secrets !== null,
  project: forward.project,
  target_project: forward.targetProject,
  encoding: forward.kind === 'otlp' ? (forward.options.encoding ?? 'protobuf') : null,
  workspace_id: forward.options.workspaceId ?? null,
  patience_seconds: (forward.options.patienceMs ?? DEFAULT_PATIENCE_MS) / 1_000,
  state: stateOf(forward, backlog),
  backlog: { transactions: backlog.entries, lag_seconds: backlog.lagSeconds, waiting_runs: backlog.waiting },
  sent_runs: forward.sent,
  sent_feedback: forward.sentFeedback,
  refused: forward.refused,
  last_refusal: forward.lastRefusal,
  failures: forward.failures,
  failing_since: forward.failingSince?.toISOString() ?? null,
  last_error: forward.lastError,
  next_attempt_at: forward.enabled && forward.failures > 0 ? forward.nextAt.toISOString() : null,
  last_success_at: forward.lastSuccessAt?.toISOString() ?? null,
  created_by: forward.createdBy,
  created_at: forward.createdAt.toISOString(),
});
