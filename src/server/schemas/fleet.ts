import { z } from 'zod';
import { AgentStateName, AgentStatusName } from './agents.ts';
import { AgentIdText, CursorText, IsoTime, JsonObject, Limit, text, Time } from '../../http/schemas.ts';

export const CommandBody = z
  .strictObject({
    command: z
      .string()
      .regex(/^[a-z][a-z_]{0,62}$/, 'is not a command: lower-case letters and underscores')
      .describe('start, stop, restart, pause, resume, run_now, or one of the agent type'),
    payload: JsonObject.optional(),
    dedupe_key: text(1, 255).optional().describe('While a command with this key is open, a second one is the same command'),
  })
  .meta({ id: 'NewCommand', examples: [{ command: 'restart' }] });

export const CommandStateName = z.enum(['pending', 'running', 'done', 'failed', 'expired']);

export const CommandView = z
  .object({
    command_id: z.string(),
    agent_id: z.string(),
    command: z.string(),
    payload: JsonObject,
    state: CommandStateName,
    requested_by: z.string(),
    created_at: IsoTime,
    expires_at: IsoTime,
    started_at: IsoTime.nullable(),
    finished_at: IsoTime.nullable(),
    result: z.unknown(),
    error: z.string().nullable(),
  })
  .meta({ id: 'Command' });

export const CommandListQuery = z.strictObject({ limit: Limit, cursor: CursorText.optional(), state: CommandStateName.optional() });

export const HeartbeatListQuery = z.strictObject({
  limit: Limit,
  cursor: CursorText.optional(),
  from: Time.optional(),
  to: Time.optional(),
});

export const HeartbeatView = z
  .object({
    agent_id: z.string(),
    timestamp: IsoTime,
    status: AgentStatusName,
    health_score: z.number().nullable(),
    metrics: JsonObject.nullable(),
  })
  .meta({ id: 'Heartbeat' });

const HostDesired = z.enum(['run', 'drain', 'stop', 'restart']);

export const HostView = z
  .object({
    host_id: z.string(),
    status: z.enum(['live', 'lost', 'stopped']),
    desired: HostDesired.describe('What is wanted of it: drain, it gives its agents away and takes none'),
    desired_by: z.string().nullable(),
    desired_at: IsoTime.nullable(),
    hostname: z.string(),
    pid: z.number().int(),
    version: z.string(),
    labels: z.record(z.string(), z.string()),
    capacity: z.number().int(),
    agents: z.number().int().describe('How many it holds'),
    watched: z.boolean().describe('Whether its death shows at once, by the end of its connections; otherwise when its lease runs out'),
    load: z.object({
      cpu_cores: z.number().nullable().describe('Processors the process used since the beat before'),
      rss_bytes: z.number().nullable(),
      event_loop_lag_seconds: z.number().nullable().describe('99th percentile since the beat before'),
      beat_seconds: z.number().nullable().describe('How long the beat before took, answer included'),
      machine_cpu_ratio: z.number().nullable().describe('Of all processors of its machine, 0 to 1'),
      machine_cores: z.number().nullable(),
      machine_memory_bytes: z.number().nullable(),
      machine_memory_free_bytes: z.number().nullable(),
      weight: z.number().nullable().describe('What part of an even share it carries; below 1 it is overloaded'),
    }),
    started_at: IsoTime,
    last_beat_at: IsoTime,
    expires_at: IsoTime,
    stopped_at: IsoTime.nullable(),
  })
  .meta({ id: 'Host', description: 'One process that runs agents' });

export const HostDetailView = HostView.extend({
  held: z
    .array(
      z.object({
        agent_id: z.string(),
        agent_type: z.string(),
        state: AgentStateName,
        status: AgentStatusName,
        health_score: z.number().nullable(),
        epoch: z.number().int(),
        acquired_at: IsoTime.nullable(),
        reason: z.string().nullable(),
      }),
    )
    .describe('The agents it holds, 1,000 at most; the others by GET /agents?host_id='),
}).meta({ id: 'HostDetail', description: 'A host with its agents' });

export const HostCommandBody = z
  .strictObject({
    command: z
      .enum(['drain', 'resume', 'stop', 'restart', 'restart_agents'])
      .describe('stop: it drains and ends; restart: it drains and joins again as a new host; restart_agents: each of its agents'),
  })
  .meta({ id: 'NewHostCommand', examples: [{ command: 'drain' }] });

export const EventView = z
  .object({
    id: z.string(),
    ts: IsoTime,
    type: z.string().describe('noun:verb'),
    agent_id: z.string().nullable(),
    host_id: z.string().nullable(),
    epoch: z.number().int().nullable(),
    data: JsonObject,
  })
  .meta({
    id: 'Event',
    examples: [
      { id: '42', ts: '2026-01-31T12:00:00.000Z', type: 'agent:started', agent_id: 'test_agent_1', host_id: null, epoch: 1, data: {} },
    ],
  });

export const EventListQuery = z.strictObject({
  type: z
    .string()
    .regex(/^[a-z_]+:[a-z_]+$/, 'is not an event type: noun:verb')
    .optional(),
  agent_id: AgentIdText.optional(),
  from: Time.optional(),
  to: Time.optional(),
  limit: Limit,
  cursor: CursorText.optional(),
});

export const SystemStateView = z
  .object({ key: z.string(), value: z.unknown(), updated_at: IsoTime, updated_by: z.string().nullable(), revision: z.number().int() })
  .meta({
    id: 'SystemStateEntry',
    examples: [{ key: 'deploy', value: { frozen: true }, updated_at: '2026-01-31T12:00:00.000Z', updated_by: 'key:abc', revision: 3 }],
  });

export const HealthView = z
  .object({
    status: z.enum(['healthy', 'degraded', 'unhealthy']),
    reasons: z.array(z.string()).describe('Why it is not healthy'),
    database: z.object({
      latency_ms: z.number(),
      version: z.string(),
      pools: z.array(
        z.object({ pool: z.string(), max: z.number().int(), total: z.number().int(), idle: z.number().int(), waiting: z.number().int() }),
      ),
    }),
    hosts: z.object({ live: z.number().int(), lost: z.number().int(), stopped: z.number().int() }),
    agents: z.array(z.object({ state: AgentStateName, status: AgentStatusName, count: z.number().int() })),
    wake_ups: JsonObject.describe('The LISTEN connection, and whether hints arrive'),
    event_streams: z.number().int().describe('Open here'),
  })
  .meta({ id: 'Health' });
