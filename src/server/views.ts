import type { z } from 'zod';
import type { AgentRecord } from '../state/agents.ts';
import type { LogLine } from '../state/agent-logs.ts';
import type { CommandRecord } from '../state/commands.ts';
import type { EventRecord } from '../state/events.ts';
import type { HeartbeatRecord } from '../state/heartbeats.ts';
import type { HostRecord } from '../state/hosts.ts';
import type { ImplementationRecord } from '../state/implementations.ts';
import type { LatestValue } from '../state/metrics/metrics.ts';
import type { KeyRecord } from '../state/access.ts';
import { ownPlacement } from '../state/placement.ts';
import type { RunRow } from '../state/runs.ts';
import type { Term } from '../state/terms.ts';
import type { SystemStateEntry } from '../state/system-state.ts';
import type { AgentTypes } from './agent-types.ts';
import type { KeyView } from './schemas/access.ts';
import type { AgentView } from './schemas/agents.ts';
import type { CommandView, EventView, HeartbeatView, HostDetailView, HostView, SystemStateView } from './schemas/fleet.ts';
import type { ImplementationView } from './schemas/implementations.ts';
import type { LogLineView, RunView, TermView } from './schemas/ledger.ts';
import type { LatestView } from './schemas/metrics.ts';
import { isoTime, isoTimeOrNull } from '../http/time.ts';

/** Records as the API shows them: snake_case, times as ISO 8601. The schemas say what each field means. */

export function agentView(agent: AgentRecord, types: AgentTypes): z.infer<typeof AgentView> {
  // What a slot is, its implementation says.
  const type = agent.implementation?.manifest ?? types.card(agent.type);
  return {
    agent_id: agent.agentId,
    agent_name: agent.name,
    agent_type: agent.type,
    state: agent.state,
    status: agent.status,
    slot_status: agent.slotStatus,
    health_score: agent.healthScore,
    last_heartbeat_at: isoTimeOrNull(agent.lastHeartbeatAt),
    host_id: agent.hostId,
    epoch: agent.epoch,
    config: agent.config,
    metadata: agent.metadata,
    placement: ownPlacement(agent.metadata),
    created_at: isoTime(agent.createdAt),
    updated_at: isoTime(agent.updatedAt),
    acquired_at: isoTimeOrNull(agent.acquiredAt),
    error_count: agent.errorCount,
    run_count: agent.runCount,
    last_error: agent.lastError,
    reason: agent.reason,
    implementation: agent.implementation ? { name: agent.implementation.name, hash: agent.implementation.hash } : null,
    description: type?.description ?? null,
    capabilities: type === undefined ? null : (type.capabilities ?? {}),
    schedule: agent.implementation?.manifest.schedule ?? types.scheduleOf(agent.type, agent.config),
    next_run_at: isoTimeOrNull(types.nextRunAt(agent, Date.now())),
    last_tick: isoTimeOrNull(agent.ticks.begun),
  };
}

export const implementationView = (implementation: ImplementationRecord): z.infer<typeof ImplementationView> => ({
  name: implementation.name,
  hash: implementation.hash,
  current: implementation.current,
  bytes: implementation.bytes,
  agent_type: implementation.manifest.agentType,
  agent_name: implementation.manifest.name,
  description: implementation.manifest.description,
  capabilities: { ...implementation.manifest.capabilities },
  schedule: implementation.manifest.schedule,
  takes_config: implementation.manifest.takesConfig,
  registered_by: implementation.registeredBy,
  registered_at: isoTime(implementation.registeredAt),
  slots: [...implementation.slots],
});

export const commandView = (command: CommandRecord): z.infer<typeof CommandView> => ({
  command_id: command.commandId,
  agent_id: command.agentId,
  command: command.command,
  payload: command.payload,
  state: command.state,
  requested_by: command.requestedBy,
  created_at: isoTime(command.createdAt),
  expires_at: isoTime(command.expiresAt),
  started_at: isoTimeOrNull(command.startedAt),
  finished_at: isoTimeOrNull(command.finishedAt),
  result: command.result ?? null,
  error: command.error,
});

export const heartbeatView = (beat: HeartbeatRecord): z.infer<typeof HeartbeatView> => ({
  agent_id: beat.agentId,
  timestamp: isoTime(beat.timestamp),
  status: beat.status,
  health_score: beat.healthScore,
  metrics: beat.metrics,
});

export const hostView = (host: HostRecord): z.infer<typeof HostView> => ({
  host_id: host.hostId,
  status: host.status,
  desired: host.desired,
  desired_by: host.desiredBy,
  desired_at: isoTimeOrNull(host.desiredAt),
  hostname: host.hostname,
  pid: host.pid,
  version: host.version,
  labels: host.labels,
  capacity: host.capacity,
  agents: host.agents,
  watched: host.watchable,
  load: {
    cpu_cores: host.load.cpuCores ?? null,
    rss_bytes: host.load.rssBytes ?? null,
    event_loop_lag_seconds: host.load.eventLoopLagSeconds ?? null,
    beat_seconds: host.load.beatSeconds ?? null,
    machine_cpu_ratio: host.load.machineCpuRatio ?? null,
    machine_cores: host.load.machineCores ?? null,
    machine_memory_bytes: host.load.machineMemoryBytes ?? null,
    machine_memory_free_bytes: host.load.machineMemoryFreeBytes ?? null,
    weight: host.load.weight ?? null,
  },
  started_at: isoTime(host.startedAt),
  last_beat_at: isoTime(host.lastBeatAt),
  expires_at: isoTime(host.expiresAt),
  stopped_at: isoTimeOrNull(host.stoppedAt),
});

export const hostDetailView = (host: HostRecord, held: readonly AgentRecord[]): z.infer<typeof HostDetailView> => ({
  ...hostView(host),
  held: held.map((agent) => ({
    agent_id: agent.agentId,
    agent_type: agent.type,
    state: agent.state,
    status: agent.status,
    health_score: agent.healthScore,
    epoch: agent.epoch,
    acquired_at: isoTimeOrNull(agent.acquiredAt),
    reason: agent.reason,
  })),
});

export const eventView = (event: EventRecord): z.infer<typeof EventView> => ({
  id: event.id,
  ts: isoTime(event.ts),
  type: event.type,
  agent_id: event.agentId,
  host_id: event.hostId,
  epoch: event.epoch,
  data: event.data,
});

export const systemStateView = (entry: SystemStateEntry): z.infer<typeof SystemStateView> => ({
  key: entry.key,
  value: entry.value,
  updated_at: isoTime(entry.updatedAt),
  updated_by: entry.updatedBy,
  revision: entry.revision,
});

export const runView = (run: RunRow): z.infer<typeof RunView> => ({
  run_id: run.runId,
  agent_id: run.agentId,
  host_id: run.hostId,
  hostname: run.hostname,
  epoch: run.epoch,
  run_number: run.runNumber,
  trigger: run.trigger,
  scheduled_for: isoTimeOrNull(run.scheduledFor),
  started_at: isoTime(run.startedAt),
  ended_at: isoTimeOrNull(run.endedAt),
  outcome: run.outcome,
  duration_ms: run.durationMs,
  error: run.error,
  result: run.result,
  lines_kept: run.linesKept,
  lines_dropped: run.linesDropped,
});

export const logLineView = (line: LogLine): z.infer<typeof LogLineView> => ({
  id: line.id,
  ts: isoTime(line.at),
  agent_id: line.agentId,
  host_id: line.hostId,
  epoch: line.epoch,
  run_id: line.runId,
  level: line.level,
  message: line.message,
  fields: line.fields,
});

export const termView = (term: Term): z.infer<typeof TermView> => ({
  epoch: term.epoch,
  host_id: term.hostId,
  hostname: term.hostname,
  acquired_at: isoTime(term.acquiredAt),
  released_at: isoTimeOrNull(term.endedAt),
  status: term.status,
  reason: term.reason,
  moved_because: term.movedBecause,
});

export const latestView = (latest: LatestValue): z.infer<typeof LatestView> => ({
  metric_name: latest.metricName,
  agent_id: latest.agentId,
  unit: latest.unit,
  labels: latest.labels,
  timestamp: isoTime(latest.at),
  value: latest.value,
});

export const keyView = (key: KeyRecord): z.infer<typeof KeyView> => ({
  key_id: key.keyId,
  name: key.name,
  role: key.role,
  scopes: key.scopes === null ? null : [...key.scopes],
  projects: key.projects === null ? null : [...key.projects],
  created_by: key.createdBy,
  created_at: isoTime(key.createdAt),
  expires_at: isoTimeOrNull(key.expiresAt),
  last_used_at: isoTimeOrNull(key.lastUsedAt),
  revoked_at: isoTimeOrNull(key.revokedAt),
});
