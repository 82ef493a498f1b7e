import type { Details } from '../content/usage.ts';

/** How fast the provider promised to be, where that has another price: OpenAI's words, which others follow. */
export type ServiceTier = 'flex' | 'priority';

const SAID = /"service_tier"\s*:\s*"(flex|priority)"/;

/** In the answer's JSON as it came, wherever an SDK puts it: within a text of its own the quotes would be escaped. Who asked for a tier may be given another. */
export function tierIn(answer: string | undefined, ...details: readonly Details[]): ServiceTier | undefined {
  for (const kinds of details)
    for (const kind in kinds) {
      // LangChain says it there: `priority_cache_read`, and `priority` for the rest.
      if (/^priority(_|$)/.test(kind)) return 'priority';
      if (/^flex(_|$)/.test(kind)) return 'flex';
    }
  return answer?.includes('"service_tier"') === true ? tierOf(SAID.exec(answer)?.[1]) : undefined;
}

export const tierOf = (value: unknown): ServiceTier | undefined => (value === 'flex' || value === 'priority' ? value : undefined);
