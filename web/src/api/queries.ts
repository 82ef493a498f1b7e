import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from './client.ts';
import { serverNow } from './server-clock.ts';
import type {
  Agent,
  Alert,
  AlertDetail,
  Command,
  FleetEvent,
  Health,
  HealthScores,
  Heartbeat,
  Host,
  LatestValue,
  LogLevel,
  LogLine,
  OutsideWatcher,
  Page,
  PushMonitor,
  RangeAnswer,
  Run,
  RunOutcome,
  Session,
  SystemStateEntry,
  Term,
  Version,
} from './types.ts';

/** How often a page asks again. Events make it ask sooner; this is what it can rely on. */
const often = 3_000;
const seldom = 10_000;

/** Pages of 1,000 read at most, so that a fleet of any size cannot freeze the browser. */
const agentPages = 5;

export interface AgentList {
  readonly items: readonly Agent[];
  /** False where there are more agents than are read. */
  readonly complete: boolean;
}

export const queries = {
  session: () => queryOptions({ queryKey: ['session'], queryFn: ({ signal }) => call<Session>('/session', { signal }), staleTime: 60_000 }),

  version: () =>
    queryOptions({
      queryKey: ['version'],
      queryFn: ({ signal }) => call<Version>('/version', { signal }),
      staleTime: Infinity,
      meta: { databaseless: true },
    }),

  agents: () =>
    queryOptions({
      queryKey: ['agents'],
      queryFn: async ({ signal }): Promise<AgentList> => {
        const items: Agent[] = [];
        let cursor: string | null = null;
        for (let page = 0; page < agentPages; page++) {
          const answer: Page<Agent> = await call<Page<Agent>>('/agents', { query: { limit: 1_000, cursor: cursor ?? undefined }, signal });
          items.push(...answer.items);
          cursor = answer.next_cursor;
          if (cursor === null) return { items, complete: true };
        }
        return { items, complete: false };
      },
      refetchInterval: often,
    }),

  agent: (id: string) =>
    queryOptions({
      queryKey: ['agent', id],
      queryFn: ({ signal }) => call<Agent>(`/agents/${encodeURIComponent(id)}`, { signal }),
      refetchInterval: often,
    }),

  heartbeats: (id: string, from: string) =>
    queryOptions({
      queryKey: ['heartbeats', id, from],
      queryFn: ({ signal }) =>
        call<Page<Heartbeat>>(`/agents/${encodeURIComponent(id)}/heartbeats`, { query: { from: `now-${from}`, limit: 1_000 }, signal }),
      refetchInterval: seldom,
      placeholderData: keepPreviousData,
    }),

  runsOf: (id: string, limit: number, outcome: RunOutcome | '' = '') =>
    queryOptions({
      queryKey: ['runs', id, limit, outcome],
      queryFn: ({ signal }) =>
        call<Page<Run>>(`/agents/${encodeURIComponent(id)}/runs`, {
          query: { limit, outcome: outcome === '' ? undefined : outcome },
          signal,
        }),
      refetchInterval: often,
    }),

  logsOf: (id: string, question: LogQuestion) =>
    queryOptions({
      queryKey: ['logs', id, question],
      queryFn: ({ signal }) =>
        call<Page<LogLine>>(`/agents/${encodeURIComponent(id)}/logs`, {
          query: { run_id: question.run, level: question.level, search: question.search, limit: question.limit },
          signal,
        }),
    }),

  historyOf: (id: string) =>
    queryOptions({
      queryKey: ['history', id],
      queryFn: ({ signal }) => call<Page<Term>>(`/agents/${encodeURIComponent(id)}/history`, { query: { limit: 200 }, signal }),
      refetchInterval: seldom,
    }),

  commandsOf: (id: string) =>
    queryOptions({
      queryKey: ['commands', id],
      queryFn: ({ signal }) => call<Page<Command>>(`/agents/${encodeURIComponent(id)}/commands`, { query: { limit: 20 }, signal }),
      refetchInterval: seldom,
    }),

  command: (commandId: string) =>
    queryOptions({
      queryKey: ['command', commandId],
      queryFn: ({ signal }) => call<Command>(`/commands/${encodeURIComponent(commandId)}`, { signal }),
    }),

  eventsOf: (agentId: string) =>
    queryOptions({
      queryKey: ['events', agentId],
      queryFn: ({ signal }) => call<Page<FleetEvent>>('/events', { query: { agent_id: agentId, limit: 100 }, signal }),
      refetchInterval: 30_000,
    }),

  alerts: (state: 'firing' | 'resolved' | '') =>
    queryOptions({
      queryKey: ['alerts', state],
      queryFn: ({ signal }) => call<Page<Alert>>('/alerts', { query: { state, limit: 1_000 }, signal }),
      refetchInterval: often,
      placeholderData: keepPreviousData,
    }),

  alert: (id: string) =>
    queryOptions({
      queryKey: ['alert', id],
      queryFn: ({ signal }) => call<AlertDetail>(`/alerts/${encodeURIComponent(id)}`, { signal }),
      refetchInterval: often,
    }),

  hosts: () =>
    queryOptions({
      queryKey: ['hosts'],
      queryFn: ({ signal }) => call<Page<Host>>('/hosts', { query: { limit: 1_000 }, signal }),
      refetchInterval: often,
    }),

  fleetHealth: () =>
    queryOptions({
      queryKey: ['system-state', 'health:fleet'],
      queryFn: async ({ signal }) => {
        // A prefix and not the key itself: before the first verdict the key does not exist, and that is no error.
        const page = await call<Page<SystemStateEntry>>('/system-state', { query: { prefix: 'health:fleet', limit: 10 }, signal });
        return page.items.find((entry) => entry.key === 'health:fleet') ?? null;
      },
      refetchInterval: often,
    }),

  /** A list of none or one: a subject without a score is no error. */
  scoreOf: (subject: string) =>
    queryOptions({
      queryKey: ['scores', subject],
      queryFn: ({ signal }) => call<HealthScores>('/health-scores', { query: { subject }, signal }),
      refetchInterval: seldom,
    }),

  hostScores: () =>
    queryOptions({
      queryKey: ['scores', 'host'],
      queryFn: ({ signal }) => call<HealthScores>('/health-scores', { query: { kind: 'host', limit: 1_000 }, signal }),
      refetchInterval: seldom,
    }),

  databaseScores: () =>
    queryOptions({
      queryKey: ['scores', 'database'],
      queryFn: ({ signal }) => call<HealthScores>('/health-scores', { query: { kind: 'database', limit: 1_000 }, signal }),
      refetchInterval: seldom,
    }),

  monitors: () =>
    queryOptions({
      queryKey: ['monitors'],
      queryFn: ({ signal }) => call<{ readonly items: readonly PushMonitor[] }>('/monitors', { signal }),
      refetchInterval: seldom,
    }),

  watchers: () =>
    queryOptions({
      queryKey: ['watchers'],
      queryFn: ({ signal }) => call<{ readonly items: readonly OutsideWatcher[] }>('/watchers', { signal }),
      refetchInterval: seldom,
    }),

  latestOf: (agentId: string) =>
    queryOptions({
      queryKey: ['latest', agentId],
      queryFn: ({ signal }) => call<Page<LatestValue>>('/metrics/latest', { query: { agent_id: agentId, limit: 1_000 }, signal }),
      refetchInterval: seldom,
    }),

  /** The newest values of some metrics of an agent that has many. */
  latestNamed: (agentId: string, names: readonly string[]) =>
    queryOptions({
      queryKey: ['latest', agentId, names],
      queryFn: ({ signal }) =>
        call<Page<LatestValue>>('/metrics/latest', { query: { agent_id: agentId, name: names, limit: 1_000 }, signal }),
      refetchInterval: seldom,
    }),

  health: () =>
    queryOptions({ queryKey: ['health'], queryFn: ({ signal }) => call<Health>('/health', { signal }), refetchInterval: 5_000 }),

  range: (question: RangeQuestion) =>
    queryOptions({
      queryKey: ['range', question],
      queryFn: async ({ signal }): Promise<TimedAnswer> => {
        const answer = await call<RangeAnswer>('/metrics/query', {
          query: {
            name: question.name,
            agent_id: question.agentId,
            aggregate: question.aggregate,
            points: question.points,
            from: `now-${question.seconds}s`,
            to: 'now',
            limit: question.limit ?? 50,
            ...Object.fromEntries(Object.entries(question.labels ?? {}).map(([label, value]) => [`label.${label}`, value])),
          },
          signal,
        });
        return { ...answer, asOf: serverNow() };
      },
      refetchInterval: question.everyMs,
      placeholderData: keepPreviousData,
    }),
};

/** An answer, and when it came by the server's clock: the right edge of its chart. */
export interface TimedAnswer extends RangeAnswer {
  readonly asOf: number;
}

export interface LogQuestion {
  readonly run: string | undefined;
  readonly level: LogLevel;
  readonly search: string;
  readonly limit: number;
}

export interface RangeQuestion {
  readonly name: string;
  readonly agentId?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly aggregate: 'avg' | 'min' | 'max' | 'sum' | 'rate' | 'last';
  readonly seconds: number;
  readonly points: number;
  readonly everyMs: number;
  readonly limit?: number | undefined;
}
