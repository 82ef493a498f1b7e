import { z } from 'zod';
import { AgentIdText, CursorText, IsoTime, JsonObject, Limit, pageOf, text } from '../../http/schemas.ts';

export const AGENT_STATES = ['active', 'inactive', 'paused'] as const;
export const AGENT_STATUSES = ['starting', 'running', 'degraded', 'stopping', 'stopped', 'crash_looping', 'lost'] as const;

export const AgentStateName = z.enum(AGENT_STATES).describe('What is desired');
export const AgentStatusName = z.enum(AGENT_STATUSES).describe('What is observed');

export const PlacementView = z
  .object({
    labels: z
      .record(z.string(), z.string())
      .nullable()
      .optional()
      .describe('The host must have all of these; null: none, whatever the type says'),
    anti_affinity: z.string().nullable().optional().describe('No two agents of this group run on one host; null: no group'),
  })
  .meta({ id: 'Placement', examples: [{ labels: { zone: 'a' }, anti_affinity: 'payments' }] });

const PlacementBody = z
  .strictObject({
    labels: z.record(text(1, 63), text(0, 255)).nullable().optional(),
    anti_affinity: text(1, 100).nullable().optional(),
  })
  .meta({ id: 'NewPlacement', examples: [{ labels: { zone: 'a' }, anti_affinity: 'payments' }] });

/** The database refuses a placement that is none; here it is told with its place. */
const Metadata = JsonObject.superRefine(({ placement }, ctx) => {
  if (placement !== undefined && !PlacementBody.nullable().safeParse(placement).success)
    ctx.addIssue({
      code: 'custom',
      path: ['placement'],
      message: 'is no placement: {"labels": {"zone": "a"}, "anti_affinity": "payments"}',
    });
});

export const AgentView = z
  .object({
    agent_id: z.string(),
    agent_name: z.string(),
    agent_type: z.string(),
    state: AgentStateName,
    status: AgentStatusName,
    slot_status: z.enum(['available', 'occupied']).nullable(),
    health_score: z.number().min(0).max(100).nullable().describe('0 (broken) to 100 (fit); null: not known yet'),
    last_heartbeat_at: IsoTime.nullable(),
    host_id: z.string().nullable(),
    epoch: z.number().int().describe('Counts the holders of the agent: the fencing token'),
    config: JsonObject,
    metadata: JsonObject,
    placement: PlacementView.nullable().describe('Where it may run (metadata.placement); null: wherever its type may'),
    created_at: IsoTime,
    updated_at: IsoTime.describe('When what is desired last changed'),
    acquired_at: IsoTime.nullable(),
    error_count: z.number().int(),
    run_count: z.number().int(),
    last_error: z.string().nullable(),
    reason: z.string().nullable().describe('Why it is not running, for people'),
    implementation: z.object({ name: z.string(), hash: z.string() }).nullable().describe('What a slot runs; null: none, or it is no slot'),
    description: z.string().nullable().describe('Of its type or implementation; null where this server does not know the type'),
    capabilities: z.record(z.string(), z.string()).nullable(),
    schedule: z.string().nullable().describe('every 5s, cron */5 * * * * (UTC), on invoice:created; null: when it is told to'),
    next_run_at: IsoTime.nullable().describe(
      'By its schedule; null: it is not to run, it waits for events or commands, or this server does not know its type',
    ),
    last_tick: IsoTime.nullable().describe('The last instant of its schedule that a run began for'),
  })
  .meta({
    id: 'Agent',
    examples: [
      {
        agent_id: 'performance_monitor',
        agent_name: 'Performance monitor',
        agent_type: 'performance_monitor',
        state: 'active',
        status: 'running',
        slot_status: null,
        health_score: 100,
        last_heartbeat_at: '2026-01-31T12:00:00.000Z',
        host_id: '7b0c7a53-5f0c-4b0e-9c6b-3a9f0f6f2c11',
        epoch: 3,
        config: {},
        metadata: {},
        placement: null,
        created_at: '2026-01-30T08:00:00.000Z',
        updated_at: '2026-01-30T08:00:00.000Z',
        acquired_at: '2026-01-31T11:00:00.000Z',
        error_count: 0,
        run_count: 720,
        last_error: null,
        reason: null,
        implementation: null,
        description: 'Measures host, process and database',
        capabilities: { host: 'CPU, memory, disk and network' },
        schedule: 'every 5s',
        next_run_at: '2026-01-31T12:00:03.120Z',
        last_tick: '2026-01-31T11:59:58.120Z',
      },
    ],
  });

export const AgentPage = pageOf(AgentView).meta({ id: 'AgentPage' });

export const AgentParams = z.object({ agent_id: AgentIdText });

export const AgentListQuery = z.strictObject({
  limit: Limit,
  cursor: CursorText.optional(),
  state: AgentStateName.optional(),
  status: AgentStatusName.optional(),
  type: text(1, 100).optional(),
  host_id: z.guid().optional(),
  search: text(1, 255).optional().describe('Part of the id or name, any case'),
});

export const NewAgentBody = z
  .strictObject({
    agent_id: AgentIdText,
    agent_name: text(1, 255).optional().describe('Default: the id'),
    agent_type: text(1, 100),
    config: JsonObject.optional(),
    metadata: Metadata.optional(),
    placement: PlacementBody.optional(),
    state: AgentStateName.optional().describe('Default: active'),
  })
  .meta({ id: 'NewAgent', examples: [{ agent_id: 'test_agent_3', agent_type: 'test_agent', config: { every: '10s' } }] });

export const AgentChangeBody = z
  .strictObject({
    state: AgentStateName.optional(),
    agent_name: text(1, 255).optional(),
    config: JsonObject.optional(),
    metadata: Metadata.optional(),
    placement: PlacementBody.nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'names nothing to change')
  .meta({ id: 'AgentChange', examples: [{ state: 'paused' }] });

export const AgentTypeView = z
  .object({
    agent_type: z.string(),
    name: z.string(),
    description: z.string(),
    capabilities: z.record(z.string(), z.string()),
    schedule: z.string().nullable().describe('Where it depends on the configuration: with the defaults'),
    commands: z.array(z.string()).describe('Beyond the built-in ones'),
    config_schema: JsonObject.nullable().describe('JSON Schema of its configuration; null: it takes none'),
  })
  .meta({ id: 'AgentType' });
