/** What the REST API answers, as it goes over the wire: snake_case, times as ISO 8601, `null` where something is not known. */

export type AgentState = 'active' | 'inactive' | 'paused';
export type AgentStatus = 'starting' | 'running' | 'degraded' | 'stopping' | 'stopped' | 'crash_looping' | 'lost';

export interface Agent {
  readonly agent_id: string;
  readonly agent_name: string;
  readonly agent_type: string;
  readonly state: AgentState;
  readonly status: AgentStatus;
  readonly slot_status: 'available' | 'occupied' | null;
  readonly health_score: number | null;
  readonly last_heartbeat_at: string | null;
  readonly host_id: string | null;
  readonly epoch: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly created_at: string;
  readonly updated_at: string;
  readonly acquired_at: string | null;
  readonly error_count: number;
  readonly run_count: number;
  readonly last_error: string | null;
  readonly reason: string | null;
  /** What a slot runs. */
  readonly implementation: { readonly name: string; readonly hash: string } | null;
  readonly capabilities: Readonly<Record<string, string>> | null;
  readonly description: string | null;
  readonly schedule: string | null;
  readonly next_run_at: string | null;
}

export interface Host {
  readonly host_id: string;
  readonly status: 'live' | 'lost' | 'stopped';
  readonly desired: 'run' | 'drain' | 'stop' | 'restart';
  readonly desired_by: string | null;
  readonly hostname: string;
  readonly pid: number;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: number;
  readonly agents: number;
  readonly watched: boolean;
  readonly load: HostLoad;
  readonly started_at: string;
  readonly last_beat_at: string;
  readonly expires_at: string;
}

export interface HostLoad {
  readonly cpu_cores: number | null;
  readonly rss_bytes: number | null;
  readonly event_loop_lag_seconds: number | null;
  readonly machine_cpu_ratio: number | null;
  readonly machine_cores: number | null;
  readonly machine_memory_bytes: number | null;
  readonly machine_memory_free_bytes: number | null;
  /** What part of an even share it carries; below 1 it is overloaded. */
  readonly weight: number | null;
}

export interface Heartbeat {
  readonly agent_id: string;
  readonly timestamp: string;
  readonly status: AgentStatus;
  readonly health_score: number | null;
}

export type CommandState = 'pending' | 'running' | 'done' | 'failed' | 'expired';

export interface Command {
  readonly command_id: string;
  readonly agent_id: string;
  readonly command: string;
  readonly state: CommandState;
  readonly requested_by: string;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly result: unknown;
  readonly error: string | null;
}

export type RunOutcome = 'running' | 'succeeded' | 'failed' | 'timed_out' | 'interrupted' | 'lost';

export interface Run {
  readonly run_id: string;
  readonly host_id: string;
  readonly hostname: string | null;
  readonly epoch: number;
  readonly run_number: number;
  readonly trigger: 'schedule' | 'command' | 'event' | 'first';
  readonly started_at: string;
  readonly outcome: RunOutcome;
  readonly duration_ms: number | null;
  readonly error: string | null;
  readonly lines_kept: number;
  readonly lines_dropped: number;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogLine {
  readonly id: string;
  readonly ts: string;
  readonly run_id: string | null;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>> | null;
}

/** One time that a host held an agent. */
export interface Term {
  readonly epoch: number;
  readonly host_id: string;
  readonly hostname: string | null;
  readonly acquired_at: string;
  readonly released_at: string | null;
  readonly status: 'held' | 'released' | 'lost';
  readonly reason: string | null;
  readonly moved_because: string;
}

export interface FleetEvent {
  readonly id: string;
  readonly ts: string;
  readonly type: string;
  readonly agent_id: string | null;
  readonly host_id: string | null;
  readonly epoch: number | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

/** [start of the bucket in ms since 1970, value or null where nothing was measured] */
export type Point = readonly [number, number | null];

export interface Series {
  readonly metric_name: string;
  readonly agent_id: string;
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly Point[];
}

export interface RangeAnswer {
  readonly items: readonly Series[];
  readonly step_ms: number;
  readonly source: string;
  readonly truncated: boolean;
}

export interface LatestValue {
  readonly metric_name: string;
  readonly agent_id: string;
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly timestamp: string;
  readonly value: number;
}

export interface SystemStateEntry {
  readonly key: string;
  readonly value: unknown;
  readonly updated_at: string;
  readonly updated_by: string | null;
  readonly revision: number;
}

export interface Health {
  readonly status: 'healthy' | 'degraded' | 'unhealthy';
  readonly reasons: readonly string[];
  readonly database: {
    readonly latency_ms: number;
    readonly version: string;
    readonly pools: readonly {
      readonly pool: string;
      readonly max: number;
      readonly total: number;
      readonly idle: number;
      readonly waiting: number;
    }[];
  };
  readonly hosts: { readonly live: number; readonly lost: number; readonly stopped: number };
  readonly wake_ups: Readonly<Record<string, unknown>>;
  readonly event_streams: number;
}

export interface Session {
  readonly subject: string;
  readonly role: 'viewer' | 'operator' | 'administrator';
  readonly permissions: readonly string[];
}

export interface Version {
  readonly version: string;
  readonly [key: string]: unknown;
}

/** A score from 0 to 100, and all it is made of. */
export interface HealthScore {
  readonly subject: string;
  /** null: nothing is known, or it is paused. */
  readonly score: number | null;
  readonly band: 'healthy' | 'degraded' | 'unhealthy' | 'critical' | 'unknown' | 'paused';
  readonly coverage: number;
  readonly findings: readonly {
    readonly id: string;
    readonly subject: string;
    readonly level: 'info' | 'warning' | 'critical' | 'emergency';
    readonly points: number;
    readonly text: string;
    readonly remedy: string;
  }[];
  readonly unknown: readonly string[];
  readonly caps: readonly { readonly score: number; readonly because: string }[];
  readonly since: string;
}

export interface HealthScores extends Page<HealthScore> {
  readonly evaluated_at: string | null;
  readonly stale: boolean;
}

/** A job elsewhere that must call. */
export interface PushMonitor {
  readonly name: string;
  readonly state: 'new' | 'up' | 'late' | 'running' | 'down' | 'paused';
  readonly state_since: string;
  readonly because: string | null;
  readonly cron: string | null;
  readonly time_zone: string;
  readonly every: string | null;
  readonly grace: string;
  readonly due_at: string | null;
  readonly last_success_at: string | null;
  readonly last_duration_ms: number | null;
  /** null: whoever asks may not know it. */
  readonly curl: string | null;
}

/** A watcher elsewhere that Muster calls. */
export interface OutsideWatcher {
  readonly name: string;
  readonly origin: string;
  readonly every: string;
  readonly state: 'new' | 'reached' | 'unreachable';
  readonly failures: number;
  readonly last_success_at: string | null;
  readonly last_error: string | null;
}

export type AlertLevel = 'info' | 'warning' | 'critical' | 'emergency';

export interface Alert {
  readonly alert_id: string;
  readonly rule: string;
  readonly target: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly agent_id: string | null;
  readonly metric_name: string;
  readonly unit: string;
  readonly state: 'firing' | 'resolved';
  readonly level: AlertLevel;
  readonly verdict: string;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly summary: string;
  readonly explanation: string;
  readonly runbook: string | null;
  readonly channels: readonly string[];
  readonly told_on: readonly string[];
  readonly incident_id: string;
  readonly started_at: string;
  readonly detected_at: string;
  readonly resolved_at: string | null;
  readonly acknowledged_by: string | null;
  readonly acknowledged_until: string | null;
  readonly suppression: {
    readonly kind: 'silence' | 'maintenance' | 'inhibition';
    readonly id: string;
    readonly reason: string;
    readonly until: string | null;
  } | null;
  readonly impact: {
    readonly minutes: number;
    readonly cost: { readonly per_minute: number; readonly total: number; readonly currency: string } | null;
    readonly error_budget: { readonly burned_ratio: number; readonly budget_minutes: number } | null;
  };
}

export interface AlertDetail extends Alert {
  readonly timeline: readonly {
    readonly seq: number;
    readonly at: string;
    readonly kind: string;
    readonly level: AlertLevel;
    readonly actor: string | null;
    readonly note: string | null;
  }[];
  readonly notifications: readonly {
    readonly notification_id: string;
    readonly channel: string;
    readonly kind: string;
    readonly state: string;
    readonly attempts: number;
    readonly created_at: string;
    readonly finished_at: string | null;
    readonly last_error: string | null;
  }[];
}
