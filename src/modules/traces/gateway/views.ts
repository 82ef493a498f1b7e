import { z } from 'zod';
import type { Database } from '../../../db/database.ts';
import { IsoTime } from '../../../http/schemas.ts';
import { isoTime } from '../../../http/time.ts';
import { FAILURE_REASONS } from './failure.ts';
import { readHealth, type HealthRecord } from './provider-health.ts';
import { KINDS, ProviderSettings, Route, type ProviderRecord } from './provider.ts';
import { Providers } from './providers.ts';

const count = z.number().int();

const HealthView = z
  .object({
    state: z
      .enum(['untried', 'answering', 'failing'])
      .describe(
        'failing: nothing but failures since its last answer; untried: nobody asked it yet, or since its key or address was changed',
      ),
    failing_since: IsoTime.nullable(),
    failures_in_a_row: count.describe('Since its last answer'),
    failures: z
      .object({
        key_refused: count.describe('401 and 403'),
        over_limit: count.describe('429'),
        failed: count.describe('5xx, broken off, not reached'),
      })
      .describe('All of them, since it was added'),
    last_failure: z.object({ at: IsoTime, reason: z.enum(FAILURE_REASONS), said: z.string() }).nullable(),
    last_answer_at: IsoTime.nullable(),
  })
  .meta({ id: 'ProviderHealth', description: 'How requests to it end, of all servers, where a fallback answered in its place, too' });

export const ProviderView = z
  .object({
    name: z.string(),
    kind: z.enum(KINDS as readonly [string, ...string[]]),
    base_url: z.string(),
    has_key: z.boolean().describe('Whether a key is kept for it; it is sealed and never shown'),
    headers: z.record(z.string(), z.string()).describe('Sent along with every request'),
    routes: z.array(Route).describe('The models it serves; none: every model'),
    priority: z.number().int().describe('Of two that serve a model the lower is asked'),
    enabled: z.boolean(),
    settings: ProviderSettings,
    health: HealthView,
    created_by: z.string(),
    created_at: IsoTime,
    updated_at: IsoTime,
  })
  .meta({ id: 'GatewayProvider', description: 'Where the gateway sends requests' });

export function healthView(health: HealthRecord | undefined): z.output<typeof HealthView> {
  const { answeredAt = null, failedAt = null, reason = null, said, since = null, streak = 0 } = health ?? {};
  const isTried = since !== null || answeredAt !== null;
  return {
    state: since !== null ? 'failing' : isTried ? 'answering' : 'untried',
    failing_since: since === null ? null : isoTime(since),
    failures_in_a_row: streak,
    failures: { ...(health?.counts ?? { key_refused: 0, over_limit: 0, failed: 0 }) },
    last_failure: failedAt === null || reason === null ? null : { at: isoTime(failedAt), reason, said: said ?? '' },
    last_answer_at: answeredAt === null ? null : isoTime(answeredAt),
  };
}

export const providerView = (provider: ProviderRecord, health: HealthRecord | undefined): z.output<typeof ProviderView> => ({
  name: provider.name,
  kind: provider.kind,
  base_url: provider.baseUrl,
  has_key: provider.apiKey !== null,
  headers: { ...provider.headers },
  routes: provider.routes.map((route) => ({ ...route })),
  priority: provider.priority,
  enabled: provider.enabled,
  settings: provider.settings,
  health: healthView(health),
  created_by: provider.createdBy,
  created_at: isoTime(provider.createdAt),
  updated_at: isoTime(provider.updatedAt),
});

export async function providerViews(database: Database): Promise<readonly z.output<typeof ProviderView>[]> {
  const [providers, health] = await Promise.all([new Providers(database).list(), readHealth(database)]);
  return providers.map((provider) => providerView(provider, health.get(provider.name)));
}
