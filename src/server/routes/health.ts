import { z } from 'zod';
import { sql } from '../../db/sql.ts';
import type { HostRecord } from '../../state/hosts.ts';
import type { Api } from '../../http/api.ts';
import { problems } from '../../http/schemas.ts';
import { HealthView } from '../schemas/fleet.ts';
import type { Services } from '../services.ts';

type Counts = Awaited<ReturnType<Services['state']['agents']['count']>>;

export function addHealthRoutes(app: Api, { state, wake, streams, version }: Services): void {
  app.get(
    '/health',
    {
      config: { permission: 'agents:read' },
      schema: { tags: ['health'], summary: 'How the fleet is', response: { 200: HealthView, ...problems() } },
    },
    async (_request, reply) => {
      const started = performance.now();
      const row = await state.database.one<{ version: string }>(sql`select current_setting('server_version') as version`);
      const latencyMs = performance.now() - started;
      const [hosts, agents] = await Promise.all([state.hosts.list(), state.agents.count()]);
      const { status, reasons } = judgeFleet(hosts, agents);
      const of = (wanted: HostRecord['status']): number => hosts.filter((host) => host.status === wanted).length;
      void reply.header('cache-control', 'no-store');
      return {
        status,
        reasons: [...reasons],
        database: {
          latency_ms: Math.round(latencyMs * 100) / 100,
          version: row?.version ?? 'unknown',
          pools: (state.database.pools?.() ?? []).map((pool) => ({ ...pool })),
        },
        hosts: { live: of('live'), lost: of('lost'), stopped: of('stopped') },
        agents: agents.map((count) => ({ ...count })),
        wake_ups: (wake.status?.() ?? {}) as Record<string, unknown>,
        event_streams: streams.size,
      };
    },
  );

  app.get(
    '/version',
    {
      config: { permission: 'signed-in' },
      schema: {
        tags: ['health'],
        summary: 'What this server is',
        response: { 200: z.object({ version: z.string(), node: z.string(), api: z.literal('v1') }), ...problems() },
      },
    },
    async () => ({ version, node: process.version, api: 'v1' as const }),
  );
}

/** What is wrong with a fleet, from what is seen of it. */
export function judgeFleet(
  hosts: readonly Pick<HostRecord, 'status'>[],
  agents: Counts,
): { readonly status: 'healthy' | 'degraded' | 'unhealthy'; readonly reasons: readonly string[] } {
  const active = agents.filter((group) => group.state === 'active');
  const total = active.reduce((sum, group) => sum + group.count, 0);
  if (total > 0 && !hosts.some((host) => host.status === 'live'))
    return { status: 'unhealthy', reasons: [`no live host runs the ${total} active agents`] };
  const reasons = active
    .filter(({ status }) => status === 'lost' || status === 'crash_looping' || status === 'degraded')
    .map(({ status, count }) => `${count} active ${count === 1 ? 'agent is' : 'agents are'} ${status.replace('_', ' ')}`);
  return { status: reasons.length === 0 ? 'healthy' : 'degraded', reasons };
}
