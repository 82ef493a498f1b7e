import type { AnyAgentDefinition } from './definition.ts';

/** Where a definition can be loaded from again, in another thread or process. */
export interface AgentSource {
  /** The file: URL of an ES module whose default export is or holds the definition: itself, in a list, or in a module's `agentTypes`. */
  readonly url: string;
}

const sources = new WeakMap<AnyAgentDefinition, AgentSource>();

/** Remembers where a definition came from; whoever loads definitions calls it. A copy of a definition is another one. */
export function rememberSource(definition: AnyAgentDefinition, source: AgentSource): void {
  sources.set(definition, { url: source.url });
}

/** Undefined: it was made in this process, and no other can load it. */
export const sourceOf = (definition: AnyAgentDefinition): AgentSource | undefined => sources.get(definition);
