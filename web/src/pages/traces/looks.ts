import { formatSeconds } from '../../ui/format.ts';
import type { IconName } from '../../ui/icons.tsx';
import type { Look } from '../../ui/look.tsx';
import type { RunStatus, RunType } from './types.ts';

export const statusLooks: Readonly<Record<RunStatus, Look>> = {
  success: { icon: 'check', colour: 'text-ok', label: 'Success' },
  error: { icon: 'critical', colour: 'text-bad', label: 'Error' },
  pending: { icon: 'clock', colour: 'text-accent', label: 'Running' },
};

export const typeIcons: Readonly<Record<RunType, IconName>> = {
  chain: 'chain',
  llm: 'spark',
  tool: 'tool',
  retriever: 'book',
  embedding: 'vector',
  prompt: 'braces',
  parser: 'braces',
};

/** What a run is called; not every client gives it a name. */
export const nameOf = (run: { readonly name: string | null }): string => (run.name === null || run.name === '' ? 'unnamed' : run.name);

/** What a type of run is called where people read it. */
export const typeNames: Readonly<Record<RunType, string>> = {
  chain: 'Chain',
  llm: 'LLM',
  tool: 'Tool',
  retriever: 'Retriever',
  embedding: 'Embedding',
  prompt: 'Prompt',
  parser: 'Parser',
};

/** How long a run took. Clients whose end is a microsecond before their beginning took no time. */
export const latencyText = (seconds: number | null): string => (seconds === null ? '–' : formatSeconds(Math.max(0, seconds)));
