import { QueryCache, QueryClient, QueryClientProvider, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { address, call } from '../api/client.ts';
import { follow } from '../api/event-stream.ts';
import { problemOf } from '../api/problem.ts';
import type { FleetEvent, Page } from '../api/types.ts';
import { answered, failed, streamLost, streamOpened, useConnection } from './connection.ts';
import { record } from './event-log.ts';

/** What an event makes worth asking again; the first part of its type says what it is about. */
const concerns: Readonly<Record<string, readonly string[]>> = {
  alert: ['alerts', 'alert', 'incidents', 'incident'],
  silence: ['alerts', 'alert', 'silences'],
  maintenance_window: ['alerts', 'alert', 'maintenance-windows'],
  channel: ['channels', 'channel'],
  incident: ['incidents', 'incident'],
  escalation: ['escalations', 'incident'],
  oncall: ['on-call'],
  agent: ['agents', 'agent', 'history'],
  command: ['agents', 'agent', 'commands', 'command'],
  host: ['hosts', 'agents'],
  health: ['system-state', 'scores'],
  monitor: ['monitors'],
  watcher: ['watchers'],
  system_state: ['system-state'],
};

/** A burst of events is one reason to ask again, not fifty. */
const burstMs = 1_000;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => failed(problemOf(error)),
      onSuccess: (_, query) => {
        if (query.meta?.['databaseless'] !== true) answered();
      },
    }),
    // Polls come again by themselves, and the banner says what is wrong: repeating at once would only press an ailing server.
    defaultOptions: { queries: { retry: false, staleTime: 1_000, refetchOnWindowFocus: 'always' } },
  });
}

export function Live({ client, children }: { readonly client: QueryClient; readonly children: ReactNode }): ReactNode {
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
}

/** Follows the fleet's events for as long as somebody is signed in. */
export function EventFeed(): ReactNode {
  const client = useQueryClient();
  const { signedOut } = useConnection();
  useEffect(() => {
    if (signedOut) return undefined;
    const stop = new AbortController();
    const asked = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const askAgain = (): void => {
      timer = undefined;
      for (const key of asked) void client.invalidateQueries({ queryKey: [key] });
      asked.clear();
    };
    void follow({
      url: address('/events'),
      signal: stop.signal,
      onOpen: () => {
        streamOpened();
        // After opening, so that nothing falls between history and stream; what is in both is recognised by its id.
        void readHistory(stop.signal);
      },
      onLost: streamLost,
      onMessage: (message) => {
        const event = parseEvent(message.data);
        if (!event) return;
        record([event]);
        for (const key of concerns[event.type.split(':')[0] ?? ''] ?? []) asked.add(key);
        if (event.agent_id !== null) asked.add('events');
        timer ??= setTimeout(askAgain, burstMs);
      },
    });
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [client, signedOut]);
  return null;
}

async function readHistory(signal: AbortSignal): Promise<void> {
  try {
    const page = await call<Page<FleetEvent>>('/events', { query: { limit: 200 }, signal });
    record(page.items, { history: true });
  } catch (error) {
    if (!signal.aborted) failed(problemOf(error));
  }
}

function parseEvent(data: string): FleetEvent | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null && 'id' in value && 'type' in value && typeof value.type === 'string'
      ? (value as FleetEvent)
      : undefined;
  } catch {
    // Not ours: a later server may send what this page does not know.
    return undefined;
  }
}
