interface Message {
  readonly id: string;
  readonly type: 'message';
  readonly role: string;
  readonly status: string;
  readonly content: readonly { readonly type: string; readonly text: string }[];
}

interface FunctionCall {
  readonly id: string;
  readonly type: 'function_call';
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
  readonly status: string;
}

type Item = Message | FunctionCall;

/** A response of OpenAI's Responses API: all members its clients declare. */
export const wholeResponse = ({
  model,
  output,
  tokens: [input, said],
}: {
  readonly model: string;
  readonly output: readonly Item[];
  readonly tokens: readonly [number, number];
}) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1_764_000_000,
  status: 'completed',
  background: false,
  error: null,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  model,
  output,
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  store: false,
  temperature: 1,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_p: 1,
  truncation: 'disabled',
  usage: {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: said,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + said,
  },
  user: null,
});
export type WholeResponse = ReturnType<typeof wholeResponse>;

export interface ResponseEvent {
  readonly type: string;
  readonly sequence_number: number;
}

/** What the Responses API says of a response while it streams: every event, in its order, numbered from 0. Texts come in pieces. */
export function* responseEvents(whole: WholeResponse, piecesOf: (text: string) => readonly string[]): Generator<ResponseEvent> {
  let number = 0;
  const say = (type: string, said: object): ResponseEvent => ({ type, sequence_number: number++, ...said });
  const begun = { ...whole, status: 'in_progress', output: [], usage: null };
  yield say('response.created', { response: begun });
  yield say('response.in_progress', { response: begun });
  for (const [place, item] of whole.output.entries()) {
    const where = { item_id: item.id, output_index: place };
    const empty = item.type === 'message' ? { content: [] } : { arguments: '' };
    yield say('response.output_item.added', { output_index: place, item: { ...item, status: 'in_progress', ...empty } });
    if (item.type === 'message')
      for (const [index, part] of item.content.entries()) {
        const at = { ...where, content_index: index };
        yield say('response.content_part.added', { ...at, part: { ...part, text: '' } });
        for (const delta of piecesOf(part.text)) yield say('response.output_text.delta', { ...at, delta, logprobs: [] });
        yield say('response.output_text.done', { ...at, text: part.text, logprobs: [] });
        yield say('response.content_part.done', { ...at, part });
      }
    else {
      for (const delta of piecesOf(item.arguments)) yield say('response.function_call_arguments.delta', { ...where, delta });
      yield say('response.function_call_arguments.done', { ...where, name: item.name, arguments: item.arguments });
    }
    yield say('response.output_item.done', { output_index: place, item });
  }
  yield say('response.completed', { response: whole });
}
