import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from '../../../api/client.ts';
import type { Page } from '../../../api/types.ts';

export const providerKinds = [
  'openai',
  'azure',
  'anthropic',
  'google',
  'mistral',
  'groq',
  'openrouter',
  'ollama',
  'vllm',
  'compatible',
] as const;
export const cacheModes = ['off', 'deterministic', 'all'] as const;
export type CacheMode = (typeof cacheModes)[number];

export interface Route {
  readonly model: string;
  /** What the provider calls it; null: the same. */
  readonly as: string | null;
  readonly fallbacks: readonly string[];
}

export interface Provider {
  readonly name: string;
  readonly kind: string;
  readonly base_url: string;
  readonly has_key: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly routes: readonly Route[];
  readonly priority: number;
  readonly enabled: boolean;
  readonly health: {
    readonly state: 'untried' | 'answering' | 'failing';
    readonly failing_since: string | null;
    readonly failures_in_a_row: number;
    readonly last_failure: { readonly at: string; readonly reason: 'key_refused' | 'over_limit' | 'failed'; readonly said: string } | null;
    readonly last_answer_at: string | null;
  };
  readonly settings: { readonly cache: { readonly mode: CacheMode; readonly ttl: string } };
}

export const outcomes = ['provider', 'exact', 'coalesced', 'semantic', 'batch'] as const;
/** Who answered. */
export type Outcome = (typeof outcomes)[number];

export interface Savings {
  readonly cost: string;
  readonly saved: string;
  readonly items: readonly {
    readonly outcome: Outcome;
    readonly requests: number;
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly cost: string;
    readonly saved: string;
    readonly unpriced: number;
  }[];
  readonly days: readonly DaySaving[];
}

export interface DaySaving {
  /** 2026-11-26, UTC. */
  readonly day: string;
  readonly outcome: Outcome;
  readonly requests: number;
  readonly cost: string;
  readonly saved: string;
}

/** null: as much as it wants. */
export interface GivenLimits {
  readonly usd_per_day: number | null;
  readonly usd_per_month: number | null;
  readonly is_hard: boolean;
  readonly requests_per_minute: number | null;
  readonly tokens_per_minute: number | null;
}

export interface Limits extends GivenLimits {
  readonly key_id: string;
  /** null for *, which is many keys. */
  readonly used: {
    readonly usd_today: number;
    readonly usd_this_month: number;
    readonly requests_this_minute: number;
    readonly tokens_this_minute: number;
  } | null;
}

/** What is shown of a key of access. */
export interface AccessKey {
  readonly key_id: string;
  readonly name: string;
}

const everyMs = 15_000;

export const gatewayQueries = {
  providers: () =>
    queryOptions({
      queryKey: ['gateway', 'providers'],
      queryFn: ({ signal }) => call<{ readonly items: readonly Provider[] }>('/gateway/providers', { signal }),
      refetchInterval: everyMs,
    }),

  savings: (project: string, days: number) =>
    queryOptions({
      queryKey: ['gateway', 'savings', project, days],
      queryFn: ({ signal }) => call<Savings>('/gateway/savings', { query: { project, from: `now-${days}d` }, signal }),
      refetchInterval: everyMs,
      placeholderData: keepPreviousData,
    }),

  limits: () =>
    queryOptions({
      queryKey: ['gateway', 'limits'],
      queryFn: ({ signal }) => call<{ readonly items: readonly Limits[] }>('/gateway/limits', { signal }),
      refetchInterval: everyMs,
    }),

  /** For their names; only who manages keys may read them. */
  keys: () =>
    queryOptions({
      queryKey: ['keys'],
      queryFn: ({ signal }) => call<Page<AccessKey>>('/keys', { query: { limit: 1_000 }, signal }),
    }),
};

export const putLimits = (keyId: string, limits: GivenLimits): Promise<Limits> =>
  call<Limits>(`/gateway/limits/${encodeURIComponent(keyId)}`, { method: 'PUT', body: limits });

/** Without a key the one there is stays. */
export const putProvider = (name: string, given: unknown): Promise<Provider> =>
  call<Provider>(`/gateway/providers/${encodeURIComponent(name)}`, { method: 'PUT', body: given });
