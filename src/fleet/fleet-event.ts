/**
 * What happens to agents, with what is told about it. `agent:lost` and `host:lost` are written by the database as it takes them,
 * `agent:activation_refused` as it refuses a slot, `agent:implementation_failed` with the write that frees one, and
 * `agent:unplaceable` (reason) by the coordinator, once for each reason an agent has to wait.
 */
export interface AgentEventData {
  /** A host took the agent. */
  'agent:claimed': { readonly agent_type: string };
  /** Its startup is done. */
  'agent:started': { readonly agent_type: string };
  /** It runs no more on this host. */
  'agent:stopped': { readonly reason: string };
  /** It was well and is not: runs fail, or its health is low. */
  'agent:failed': { readonly error: string | null; readonly health_score: number };
  /** It is well again. */
  'agent:recovered': { readonly health_score: number };
  /** A life ended by itself; it is started again after the pause. */
  'agent:crashed': { readonly phase: 'startup' | 'run'; readonly error: string; readonly restart_in_ms: number };
  /** It crashed too often in a short time; it is tried again at long intervals. */
  'agent:crash_looping': { readonly error: string; readonly crashes: number; readonly retry_in_ms: number };
  /** It was told to end and goes on; its slot stays taken until it ends. */
  'agent:stuck': { readonly phase: string };
  'agent:unstuck': { readonly phase: string };
  /** It records more samples than can be written; of these the oldest were dropped, so many since it was last told; once a minute. */
  'agent:flooding': { readonly dropped_samples: number };
  /** A metric or event of it was not recorded, and why; once a minute. */
  'agent:refused': { readonly reason: string };
  /** Its labels take more distinct values than a metric may have series; samples of the series there are go on. */
  'agent:too_many_series': { readonly refused_samples: number; readonly metrics: readonly string[] };
  /** Its configuration does not fit its schema: it is not run. */
  'agent:config_invalid': { readonly error: string; readonly remedy: string };
  /** It took a changed configuration without a restart. */
  'agent:reconfigured': { readonly agent_type: string };
  /** More ticks were missed than its schedule makes up: so many before `until` get no run. After a long time: so many at least. */
  'agent:ticks_missed': { readonly count: number; readonly until: string };
  /** Its host gave it away. */
  'agent:moved': { readonly reason: string };
}

/** What happens to hosts. */
export interface HostEventData {
  'host:joined': { readonly hostname: string; readonly pid: number; readonly capacity: number; readonly version: string };
  /** It left in good order. */
  'host:stopped': { readonly agents: number };
  /** It could not confirm its lease in time and stopped its agents by itself. */
  'host:isolated': { readonly agents: number };
  /** Its lease is confirmed again. */
  'host:confirmed': { readonly agents: number };
}

type EventOf<Data> = { [Type in keyof Data]: { readonly type: Type; readonly data: Data[Type] } }[keyof Data];

export type AgentEvent = EventOf<AgentEventData>;
export type HostEvent = EventOf<HostEventData>;
