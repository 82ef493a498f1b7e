import { z } from 'zod';
import { durationMs } from '../../../base/duration.ts';

/** How providers differ where they all speak OpenAI's protocol: how the key is sent, and whose prices hold. */
export const PROVIDER_KINDS = {
  openai: { keyHeader: 'authorization', prices: 'openai' },
  azure: { keyHeader: 'api-key', prices: 'azure' },
  anthropic: { keyHeader: 'authorization', prices: 'anthropic' },
  google: { keyHeader: 'authorization', prices: 'google' },
  mistral: { keyHeader: 'authorization', prices: 'mistral' },
  groq: { keyHeader: 'authorization', prices: 'groq' },
  openrouter: { keyHeader: 'authorization', prices: 'openrouter' },
  ollama: { keyHeader: 'authorization', prices: 'ollama' },
  vllm: { keyHeader: 'authorization', prices: 'vllm' },
  compatible: { keyHeader: 'authorization', prices: null },
} as const satisfies Record<string, { readonly keyHeader: 'authorization' | 'api-key'; readonly prices: string | null }>;

export type ProviderKind = keyof typeof PROVIDER_KINDS;
export const KINDS = Object.keys(PROVIDER_KINDS) as readonly ProviderKind[];

const ModelName = z.string().min(1).max(200);

export const Route = z.strictObject({
  model: ModelName.regex(/^[^*]*\*?$/, 'a * stands at the end').describe('What clients ask for; a * at the end stands for anything'),
  as: ModelName.regex(/^[^*]*$/, 'is one name')
    .nullable()
    .default(null)
    .describe('What the provider calls it; null: the same'),
  fallbacks: z.array(ModelName).max(5).default([]).describe('Models that are asked in its place when it fails, in this order'),
});
export type Route = z.output<typeof Route>;

const CACHE_MODES = ['off', 'deterministic', 'all'] as const;

const Length = z
  .string()
  .max(20)
  .refine((text) => isDuration(text), 'is not a duration: write 30s, 5m or 1h')
  .meta({ examples: ['30s', '5m'] });

export const ProviderSettings = z.strictObject({
  connect_timeout: Length.default('10s').describe('For the look-up of its name, the connection and TLS'),
  first_byte_timeout: Length.default('10m').describe('From the request to the head of the answer'),
  idle_timeout: Length.default('2m').describe('The longest silence within an answer'),
  attempts: z.number().int().min(1).max(6).default(3).describe('How often a request is sent to it at most, while it fails'),
  ask_usage: z
    .boolean()
    .default(true)
    .describe('Ask for the usage of streams where the client does not; switch it off for a server that refuses stream_options'),
  cache: z
    .strictObject({
      mode: z
        .enum(CACHE_MODES)
        .default('deterministic')
        .describe('What is kept where the client says nothing: nothing, what would be the same again (embeddings, temperature 0), or all'),
      ttl: Length.default('1h').describe('For how long'),
      similar_model: ModelName.nullable()
        .default(null)
        .describe('The embedding model that tells which questions mean the same, for requests that opt in with x-muster-cache: semantic'),
      similar_from: z
        .number()
        .min(0.5)
        .max(1)
        .default(0.97)
        .describe('From which cosine on two questions are taken for the same; `muster gateway calibrate` measures what that costs'),
      scope: z
        .enum(['project', 'key'])
        .default('project')
        .describe('Who else is answered with it: all keys in the project, or the same key alone'),
    })
    .prefault({}),
});
export type ProviderSettings = z.output<typeof ProviderSettings>;
export type CacheSettings = ProviderSettings['cache'];

export interface ProviderRecord {
  readonly name: string;
  readonly kind: ProviderKind;
  readonly baseUrl: string;
  /** Sealed. */
  readonly apiKey: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly routes: readonly Route[];
  readonly priority: number;
  readonly enabled: boolean;
  readonly settings: ProviderSettings;
  readonly createdBy: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What a provider's key is sealed as. */
export const sealedAs = (name: string): string => `gateway provider ${name}`;

/** The address of a path at a provider. `{model}` in its base URL stands for the model (Azure's deployments), and its query stays. */
export function addressOf(baseUrl: string, path: string, model: string): string {
  const [base = '', query] = baseUrl.replaceAll('{model}', encodeURIComponent(model)).split('?', 2);
  return `${base.replace(/\/+$/, '')}${path}${query === undefined ? '' : `?${query}`}`;
}

function isDuration(text: string): boolean {
  try {
    return durationMs(text) > 0;
  } catch {
    // It says by throwing that it is none.
    return false;
  }
}
