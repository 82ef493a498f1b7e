/** What /api/v1/traces answers. Costs are decimal strings of US dollars, times ISO 8601 to the microsecond. */

export const runTypes = ['chain', 'llm', 'tool', 'retriever', 'embedding', 'prompt', 'parser'] as const;
export type RunType = (typeof runTypes)[number];
export const runStatuses = ['pending', 'success', 'error'] as const;
export type RunStatus = (typeof runStatuses)[number];

export interface RunSummary {
  readonly run_id: string;
  readonly trace_id: string;
  readonly parent_run_id: string | null;
  readonly project: string;
  readonly name: string | null;
  readonly run_type: RunType;
  readonly status: RunStatus;
  readonly start_time: string;
  readonly end_time: string | null;
  readonly latency_seconds: number | null;
  readonly first_token_seconds: number | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly thread_id: string | null;
  readonly user_id: string | null;
  readonly prompt: string | null;
  readonly tags: readonly string[];
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly total_tokens: number | null;
  readonly total_cost: string | null;
  readonly reference_example_id: string | null;
  readonly inputs_preview: string | null;
  readonly outputs_preview: string | null;
  readonly error_preview: string | null;
  readonly feedback: Readonly<Record<string, { readonly n: number; readonly avg: number | null }>>;
  /** Of a root, what its trace adds up to; null of others, and of traces too large to be added up for a list. */
  readonly trace: TraceSums | null;
}

export interface TraceSums {
  readonly runs: number;
  readonly errors: number;
  readonly total_tokens: number | null;
  readonly total_cost: string | null;
  /** Calls that are in no sum, because nobody knows what they cost. */
  readonly unpriced_runs: number;
  readonly first_token_seconds: number | null;
}

/** An address under which a trace is read without a key. */
export interface Share {
  readonly url: string;
  readonly expires_at: string | null;
}

export interface Attachment {
  readonly name: string;
  readonly mime_type: string;
  readonly size: number;
  readonly url: string;
}

export interface Feedback {
  readonly feedback_id: string;
  readonly key: string;
  readonly score: number | null;
  readonly value: unknown;
  readonly comment: string | null;
  readonly correction: unknown;
  readonly source: string;
  readonly created_at: string;
}

export type Role = 'system' | 'user' | 'assistant' | 'tool' | 'other';

export type Part =
  | { readonly type: 'text' | 'reasoning' | 'refusal'; readonly text: string }
  | { readonly type: 'tool_call'; readonly id?: string; readonly name: string; readonly arguments: string }
  | { readonly type: 'tool_result'; readonly id?: string; readonly name?: string; readonly text: string }
  | { readonly type: 'media'; readonly kind: 'image' | 'audio' | 'file'; readonly url?: string; readonly mimeType?: string }
  | { readonly type: 'json'; readonly value: unknown };

export interface Message {
  readonly role: Role;
  readonly name?: string;
  readonly parts: readonly Part[];
}

/** What a run says, whichever SDK wrote it down. What is no conversation is one message that holds JSON. */
export interface Conversation {
  readonly input: readonly Message[];
  readonly output: readonly Message[];
  readonly finish: string | null;
}

export interface RunDetail extends Omit<RunSummary, 'inputs_preview' | 'outputs_preview' | 'error_preview' | 'feedback' | 'trace'> {
  readonly inputs: unknown;
  readonly outputs: unknown;
  /** JSON, mostly a text. */
  readonly error: unknown;
  readonly extra: unknown;
  readonly events: unknown;
  readonly serialized: unknown;
  readonly rest: unknown;
  readonly input_cost: string | null;
  readonly output_cost: string | null;
  /** Details of tokens and costs, which are parts of the totals, and where the price came from. */
  readonly usage: unknown;
  readonly attachments: readonly Attachment[];
  readonly feedback_items: readonly Feedback[];
  readonly share: Share | null;
  /** null: too large to be read at once. */
  readonly conversation: Conversation | null;
}

/** A run as its tree needs it: ten thousand of them are one answer. */
export interface TreeRun {
  readonly run_id: string;
  readonly parent_run_id: string | null;
  readonly name: string | null;
  readonly run_type: RunType;
  readonly status: RunStatus;
  readonly start_time: string;
  readonly end_time: string | null;
  readonly first_token_seconds: number | null;
  readonly model: string | null;
  readonly total_tokens: number | null;
  readonly total_cost: string | null;
  readonly error_preview: string | null;
}

export interface TraceTree {
  readonly items: readonly TreeRun[];
  readonly is_truncated: boolean;
}

export interface Thread {
  readonly thread_id: string;
  readonly project: string;
  readonly turns: number;
  readonly first_time: string;
  readonly last_time: string;
  readonly user_id: string | null;
  readonly total_tokens: number | null;
  readonly total_cost: string | null;
  readonly errors: number;
  readonly inputs_preview: string | null;
  readonly outputs_preview: string | null;
}

export interface Project {
  readonly project_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly created_at: string;
  readonly last_run_at: string | null;
}

export interface Quarantined {
  readonly no: number;
  readonly received_at: string;
  readonly source: string;
  readonly project: string | null;
  readonly run_id: string | null;
  readonly reason: string;
  readonly message: string;
  readonly size: number;
}

export interface SavedFilter {
  readonly id: string;
  readonly name: string;
  /** What stands behind the ? of the list. */
  readonly query: string;
  readonly is_shared: boolean;
  readonly created_by: string;
  readonly created_at: string;
}
