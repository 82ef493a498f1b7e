import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { call } from '../../../api/client.ts';
import type { Stats } from '../figures/types.ts';

export interface Prompt {
  readonly name: string;
  readonly description: string | null;
  readonly readme: string | null;
  readonly tags: readonly string[];
  readonly is_archived: boolean;
  readonly versions: number;
  readonly last_hash: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Version {
  readonly hash: string;
  readonly parent_hash: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly created_at: string;
}

export type TemplatePart = { readonly type: 'text'; readonly text: string } | { readonly type: 'json'; readonly value: unknown };

export interface TemplateMessage {
  readonly role: string;
  /** Of a placeholder. */
  readonly variable?: string;
  readonly parts: readonly TemplatePart[];
}

export interface Template {
  readonly format: string;
  readonly variables: readonly string[];
  readonly messages: readonly TemplateMessage[];
  readonly schema: unknown;
  readonly model: string | null;
}

export interface WholeVersion extends Version {
  readonly template: Template | null;
  readonly manifest: Readonly<Record<string, unknown>>;
}

interface Listed<Item> {
  readonly items: readonly Item[];
  readonly total: number;
}

const atOnce = 50;
/** What is used is looked for so far back. */
export const usedWithin = { from: 'now-7d', label: '7 days' } as const;

const of = (prompt: string): string => `/traces/prompts/${encodeURIComponent(prompt)}`;

export const promptQueries = {
  list: (search: string, archived: boolean) =>
    infiniteQueryOptions({
      queryKey: ['prompts', 'list', search, archived],
      queryFn: ({ pageParam, signal }) =>
        call<Listed<Prompt>>('/traces/prompts', {
          query: { q: search, archived: String(archived), limit: atOnce, offset: pageParam },
          signal,
        }),
      initialPageParam: 0,
      getNextPageParam: ({ total }, _, offset) => (offset + atOnce < total ? offset + atOnce : undefined),
      refetchInterval: 15_000,
    }),

  one: (prompt: string) =>
    queryOptions({ queryKey: ['prompts', 'one', prompt], queryFn: ({ signal }) => call<Prompt>(of(prompt), { signal }) }),

  versions: (prompt: string) =>
    infiniteQueryOptions({
      queryKey: ['prompts', 'versions', prompt],
      queryFn: ({ pageParam, signal }) =>
        call<Listed<Version>>(`${of(prompt)}/versions`, { query: { limit: atOnce, offset: pageParam }, signal }),
      initialPageParam: 0,
      getNextPageParam: ({ total }, _, offset) => (offset + atOnce < total ? offset + atOnce : undefined),
      refetchInterval: 15_000,
    }),

  /** By its hash: what it says never changes, its tags do. */
  version: (prompt: string, hash: string) =>
    queryOptions({
      queryKey: ['prompts', 'version', prompt, hash],
      queryFn: ({ signal }) => call<WholeVersion>(`${of(prompt)}/versions/${encodeURIComponent(hash)}`, { signal }),
      staleTime: Infinity,
    }),

  used: (prompt: string) =>
    queryOptions({
      queryKey: ['traces', 'stats', 'prompt', prompt],
      queryFn: ({ signal }) => call<Stats>('/traces/stats', { query: { prompt, from: usedWithin.from, to: 'now' }, signal }),
      refetchInterval: 30_000,
    }),
};

export const dropPrompt = (prompt: string): Promise<void> => call<undefined>(of(prompt), { method: 'DELETE' });
export const putTag = (prompt: string, tag: string, hash: string): Promise<unknown> =>
  call(`${of(prompt)}/tags/${encodeURIComponent(tag)}`, { method: 'PUT', body: { version: hash } });
export const dropTag = (prompt: string, tag: string): Promise<void> =>
  call<undefined>(`${of(prompt)}/tags/${encodeURIComponent(tag)}`, { method: 'DELETE' });

export const promptAddress = (prompt: string, hash?: string): string =>
  `/traces/prompts/${encodeURIComponent(prompt)}${hash === undefined ? '' : `?version=${hash}`}`;
export const shortHash = (hash: string): string => hash.slice(0, 8);
