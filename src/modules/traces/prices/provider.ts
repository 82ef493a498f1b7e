/** Providers go by many names: `google_genai`, `vertex_ai`, `gemini` sell the same. The first that fits; Azure's names hold OpenAI's. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/azure|az\.ai/, 'azure'],
  [/google|vertex|gemini/, 'google'],
  [/bedrock|amazon|aws/, 'aws'],
  [/openrouter/, 'openrouter'],
  [/openai/, 'openai'],
  [/anthropic/, 'anthropic'],
  [/mistral/, 'mistral'],
  [/^x[-_]?ai$|grok/, 'x-ai'],
  [/together/, 'together'],
  [/fireworks/, 'fireworks'],
  [/cohere/, 'cohere'],
];

/** One name for all the names of a provider; an unknown one is its own. */
export function providerFamily(name: string): string {
  const lower = name.toLowerCase();
  return FAMILIES.find(([pattern]) => pattern.test(lower))?.[1] ?? lower;
}
