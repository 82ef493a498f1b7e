import { z } from 'zod';
import { IsoTime } from '../../../http/schemas.ts';
import { isoTime } from '../../../http/time.ts';
import { KINDS, ProviderSettings, Route, type ProviderRecord } from './provider.ts';

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
    created_by: z.string(),
    created_at: IsoTime,
    updated_at: IsoTime,
  })
  .meta({ id: 'GatewayProvider', description: 'Where the gateway sends requests' });

export const providerView = (provider: ProviderRecord): z.output<typeof ProviderView> => ({
  name: provider.name,
  kind: provider.kind,
  base_url: provider.baseUrl,
  has_key: provider.apiKey !== null,
  headers: { ...provider.headers },
  routes: provider.routes.map((route) => ({ ...route })),
  priority: provider.priority,
  enabled: provider.enabled,
  settings: provider.settings,
  created_by: provider.createdBy,
  created_at: isoTime(provider.createdAt),
  updated_at: isoTime(provider.updatedAt),
});
