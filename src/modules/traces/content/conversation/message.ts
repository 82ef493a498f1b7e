/** What one message holds, in the order it was said. Tool arguments stay text: models send what is no JSON. */
export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'refusal'; readonly text: string }
  | { readonly type: 'tool_call'; readonly id?: string | undefined; readonly name: string; readonly arguments: string }
  | { readonly type: 'tool_result'; readonly id?: string | undefined; readonly name?: string | undefined; readonly text: string }
  | {
      readonly type: 'media';
      readonly kind: 'image' | 'audio' | 'file';
      readonly url?: string | undefined;
      readonly mimeType?: string | undefined;
    }
  | { readonly type: 'json'; readonly value: unknown };

export type Role = 'system' | 'user' | 'assistant' | 'tool' | 'other';

export interface Message {
  readonly role: Role;
  readonly name?: string | undefined;
  readonly parts: readonly Part[];
}

/** Why the model ended, in one vocabulary; what is not in it stays as the provider wrote it, in lower case. */
export type Finish = 'stop' | 'length' | 'tool_calls' | 'content_filter' | (string & {});

/** What a run says of a talk with a model, whichever SDK wrote it down. */
export interface Conversation {
  readonly input: readonly Message[];
  readonly output: readonly Message[];
  /** The form in which the answer was asked for; null: free text, or not said. */
  readonly asked: { readonly format: 'json' | 'json_schema'; readonly schema?: unknown } | null;
  readonly finish: Finish | null;
}
