/** LangSmith's filter language, as far as a field needs it that helps to write it. The server reads it, and says what is wrong. */
export interface Suggestion {
  readonly text: string;
  readonly note: string;
  /** Where the caret goes in `text` once it is taken; its end without it. */
  readonly caret?: number;
}

const functions: readonly Suggestion[] = [
  ['eq', 'equals'],
  ['neq', 'is not'],
  ['gt', 'is more than'],
  ['gte', 'is at least'],
  ['lt', 'is less than'],
  ['lte', 'is at most'],
  ['has', 'holds: tags, metadata'],
  ['search', 'full text'],
  ['and', 'all of these'],
  ['or', 'one of these'],
  ['not', 'not this'],
  ['in', 'is one of a list'],
].map(([name, note]) => ({ text: `${name}()`, note: note ?? '', caret: (name?.length ?? 0) + 1 }));

const fields: readonly Suggestion[] = [
  ['run_type', '"llm", "tool", "chain", …'],
  ['name', 'of the run'],
  ['status', '"success", "error", "pending"'],
  ['error', 'what went wrong; null: nothing'],
  ['start_time', '"2026-01-31T12:00:00Z"'],
  ['end_time', ''],
  ['latency', 'seconds, or "5s"'],
  ['first_token_time', ''],
  ['total_tokens', ''],
  ['prompt_tokens', ''],
  ['completion_tokens', ''],
  ['total_cost', 'US dollars'],
  ['tags', 'has(tags, "beta")'],
  ['metadata_key', 'and(eq(metadata_key, "k"), eq(metadata_value, "v"))'],
  ['metadata_value', ''],
  ['feedback_key', 'and(eq(feedback_key, "k"), gt(feedback_score, 0.5))'],
  ['feedback_score', ''],
  ['thread_id', ''],
  ['is_root', 'true or false'],
].map(([text, note]) => ({ text: text ?? '', note: note ?? '' }));

const values: Readonly<Record<string, readonly string[]>> = {
  run_type: ['"llm"', '"chain"', '"tool"', '"retriever"', '"embedding"', '"prompt"', '"parser"'],
  status: ['"success"', '"error"', '"pending"'],
  is_root: ['true', 'false'],
  error: ['null'],
};

export interface Suggestions {
  /** What of the text a suggestion takes the place of. */
  readonly from: number;
  readonly to: number;
  readonly options: readonly Suggestion[];
}

/** What may stand where the caret is: a comparison, a field within one, or a value of that field. */
export function suggest(text: string, caret: number): Suggestions {
  const before = text.slice(0, caret);
  const word = /[\w"]*$/.exec(before)?.[0] ?? '';
  const from = caret - word.length;
  const to = caret + (/^[\w"]*/.exec(text.slice(caret))?.[0].length ?? 0);
  const inside = callAt(before.slice(0, from));
  const options = inside === undefined || isJunction(inside.name) ? functions : inside.argument === 0 ? fields : valuesOf(inside.first);
  const sought = word.toLowerCase();
  const fitting = options.filter((option) => option.text.toLowerCase().startsWith(sought) && option.text !== word);
  return { from, to, options: fitting };
}

const isJunction = (name: string): boolean => name === 'and' || name === 'or' || name === 'not';

const valuesOf = (field: string): readonly Suggestion[] =>
  Object.hasOwn(values, field) ? (values[field] ?? []).map((text) => ({ text, note: '' })) : [];

/** The innermost call that is open at the end of a text, and which of its arguments is being written. */
function callAt(text: string): { readonly name: string; readonly argument: number; readonly first: string } | undefined {
  const open: { name: string; argument: number; from: number }[] = [];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (quoted) {
      if (letter === '\\') at++;
      else if (letter === '"') quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === '(') open.push({ name: /\w*$/.exec(text.slice(0, at))?.[0] ?? '', argument: 0, from: at + 1 });
    else if (letter === ')') open.pop();
    else if (letter === ',') {
      const last = open.at(-1);
      if (last) last.argument++;
    }
  }
  const last = open.at(-1);
  return last && { name: last.name, argument: last.argument, first: /^\s*(\w*)/.exec(text.slice(last.from))?.[1] ?? '' };
}
