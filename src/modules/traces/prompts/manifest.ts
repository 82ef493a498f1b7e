import { membersOf } from '../json/slices.ts';
import type { JsonText } from '../run/operation.ts';

/**
 * Of a prompt that was pushed together with a model (LangChain: `prompt.pipe(model)`) the prompt alone, as LangSmith gives it to whoever does
 * not ask for the model: what is pulled then starts no client of a vendor. Everything else is what it is.
 */
export function withoutModel(manifest: JsonText): JsonText {
  const sequence = constructorOf(manifest);
  if (sequence?.path.at(-1) !== 'RunnableSequence') return manifest;
  const first = memberOf(sequence.kwargs, 'first');
  return first !== undefined && constructorOf(first)?.path.includes('prompts') === true ? first : manifest;
}

/** What LangChain writes: `{"lc": 1, "type": "constructor", "id": ["langchain_core", "prompts", …, "Name"], "kwargs": {…}}`. */
function constructorOf(text: JsonText): { readonly path: readonly unknown[]; readonly kwargs: JsonText } | undefined {
  const [id, kwargs] = [memberOf(text, 'id'), memberOf(text, 'kwargs')];
  if (id === undefined || kwargs === undefined || id.length > 1_000) return undefined;
  const path = JSON.parse(id) as unknown;
  return Array.isArray(path) ? { path, kwargs } : undefined;
}

function memberOf(text: JsonText, key: string): JsonText | undefined {
  const member = membersOf(text)?.find((one) => one.key === key);
  return member === undefined ? undefined : text.slice(member.start, member.end);
}
