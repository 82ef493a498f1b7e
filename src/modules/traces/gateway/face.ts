import type { RunType } from '../run/run-type.ts';

/** What of OpenAI's protocol the gateway speaks. */
export type Face = 'chat' | 'responses' | 'embeddings' | 'completions';

export interface FaceRules {
  /** Below the base URL of the gateway, and of a provider. */
  readonly path: string;
  readonly runType: RunType;
  /** What the run is called. */
  readonly runName: string;
  /** Whether `stream_options.include_usage` must be asked for; others tell the usage of themselves. */
  readonly asksUsage: boolean;
  /** Members that hold the conversation, and are not among the parameters of the call. */
  readonly content: readonly string[];
}

export const FACES: Readonly<Record<Face, FaceRules>> = {
  chat: {
    path: '/chat/completions',
    runType: 'llm',
    runName: 'chat.completions',
    asksUsage: true,
    content: ['messages', 'tools', 'functions', 'response_format'],
  },
  responses: {
    path: '/responses',
    runType: 'llm',
    runName: 'responses',
    asksUsage: false,
    content: ['input', 'instructions', 'tools', 'text'],
  },
  embeddings: { path: '/embeddings', runType: 'embedding', runName: 'embeddings', asksUsage: false, content: ['input'] },
  completions: { path: '/completions', runType: 'llm', runName: 'completions', asksUsage: true, content: ['prompt', 'suffix'] },
};
