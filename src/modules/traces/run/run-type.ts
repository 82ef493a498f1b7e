/** What a run does, in the words of the LangSmith protocol. The place in the list is what the database keeps: append only. */
export const RUN_TYPES = ['chain', 'llm', 'tool', 'retriever', 'embedding', 'prompt', 'parser'] as const;

export type RunType = (typeof RUN_TYPES)[number];

export const RUN_STATUSES = ['pending', 'success', 'error'] as const;

export type RunStatus = (typeof RUN_STATUSES)[number];

export const isRunType = (text: string): text is RunType => (RUN_TYPES as readonly string[]).includes(text);
