import { z } from 'zod';
import { LOG_LEVELS } from '../../state/agent-logs.ts';
import { RUN_OUTCOMES } from '../../state/runs.ts';
import { AgentIdText, CursorText, IsoTime, JsonObject, Limit, text, Time } from '../../http/schemas.ts';

export const RunView = z
  .object({
    run_id: z.string(),
    agent_id: z.string(),
    host_id: z.string(),
    hostname: z.string().nullable().describe('null: the host is forgotten'),
    epoch: z.number().int().describe('Under which lease of the agent it ran'),
    run_number: z.number().int().describe('Counts the runs under this epoch'),
    trigger: z.enum(['schedule', 'command', 'event', 'first']).describe('Why it began; first: the first of a life'),
    scheduled_for: IsoTime.nullable().describe('When it was due'),
    started_at: IsoTime,
    ended_at: IsoTime.nullable(),
    outcome: z.enum(RUN_OUTCOMES).describe('lost: its host was lost, or let the agent go, before the run had ended'),
    duration_ms: z.number().nullable(),
    error: z.string().nullable(),
    result: z.unknown().describe('What it returned, where that is small'),
    lines_kept: z.number().int().describe('Lines of its log'),
    lines_dropped: z.number().int().describe('Lines beyond what is kept'),
  })
  .meta({
    id: 'Run',
    examples: [
      {
        run_id: '019aab5e-6c00-7b0e-9c6b-3a9f0f6f2c11',
        agent_id: 'unpaid_invoices',
        host_id: '7b0c7a53-5f0c-4b0e-9c6b-3a9f0f6f2c11',
        hostname: 'worker-1',
        epoch: 3,
        run_number: 720,
        trigger: 'schedule',
        scheduled_for: '2026-01-31T12:00:00.000Z',
        started_at: '2026-01-31T12:00:00.004Z',
        ended_at: '2026-01-31T12:00:01.250Z',
        outcome: 'failed',
        duration_ms: 1246.2,
        error: 'the printer is on fire',
        result: null,
        lines_kept: 12,
        lines_dropped: 0,
      },
    ],
  });

export const RunListQuery = z.strictObject({
  limit: Limit,
  cursor: CursorText.optional(),
  outcome: z.enum(RUN_OUTCOMES).optional(),
  from: Time.optional(),
  to: Time.optional(),
});

export const RunParams = z.object({ run_id: z.guid() });

export const LogLineView = z
  .object({
    id: z.string().describe('Unique in the fleet'),
    ts: IsoTime,
    agent_id: z.string(),
    host_id: z.string(),
    epoch: z.number().int(),
    run_id: z.string().nullable().describe('null: said outside of a run, in startup, shutdown or a command'),
    level: z.enum(LOG_LEVELS),
    message: z.string(),
    fields: JsonObject.nullable(),
  })
  .meta({
    id: 'LogLine',
    examples: [
      {
        id: '7b0c7a53-5f0c-4b0e-9c6b-3a9f0f6f2c11:42',
        ts: '2026-01-31T12:00:00.500Z',
        agent_id: 'unpaid_invoices',
        host_id: '7b0c7a53-5f0c-4b0e-9c6b-3a9f0f6f2c11',
        epoch: 3,
        run_id: '019aab5e-6c00-7b0e-9c6b-3a9f0f6f2c11',
        level: 'warn',
        message: 'three invoices have no address',
        fields: { invoices: [17, 18, 23] },
      },
    ],
  });

const LOG_QUERY = {
  limit: Limit,
  cursor: CursorText.optional(),
  run_id: z.guid().optional(),
  level: z.enum(LOG_LEVELS).optional().describe('This level and above'),
  search: text(1, 255).optional().describe('Part of the message or the fields, any case'),
  from: Time.optional().describe('Default where `search` is given without an agent or a run: now-1d'),
  to: Time.optional(),
};

export const AgentLogQuery = z.strictObject(LOG_QUERY);
export const LogQuery = z.strictObject({ agent_id: AgentIdText.optional(), ...LOG_QUERY });

export const TermView = z
  .object({
    epoch: z.number().int().describe('Counts the holders of the agent'),
    host_id: z.string(),
    hostname: z.string().nullable(),
    acquired_at: IsoTime,
    released_at: IsoTime.nullable().describe('null: it is held still'),
    status: z.enum(['held', 'released', 'lost']).describe('lost: its host was lost with it'),
    reason: z.string().nullable().describe('Why it ended; null while it is held'),
    moved_because: z.string().describe('Why the agent came to this host'),
  })
  .meta({
    id: 'Term',
    description: 'One time that a host held the agent',
    examples: [
      {
        epoch: 3,
        host_id: '7b0c7a53-5f0c-4b0e-9c6b-3a9f0f6f2c11',
        hostname: 'worker-1',
        acquired_at: '2026-01-31T11:00:00.000Z',
        released_at: null,
        status: 'held',
        reason: null,
        moved_because: 'its host before (worker-2) was lost: the process of its host is gone',
      },
    ],
  });
