/** What a message of a template consists of: text with places for variables, or something that is shown as it is. */
export type TemplatePart = { readonly type: 'text'; readonly text: string } | { readonly type: 'json'; readonly value: unknown };

export interface TemplateMessage {
  /** system, human, ai, tool, a role of its author's own; `placeholder` is where messages are put in. */
  readonly role: string;
  /** The variable whose messages stand there, of a placeholder. */
  readonly variable?: string;
  readonly parts: readonly TemplatePart[];
}

/** A prompt as people read it. */
export interface Template {
  /** f-string or mustache: how variables are written in it. */
  readonly format: string;
  readonly variables: readonly string[];
  readonly messages: readonly TemplateMessage[];
  /** The JSON schema of what is to come back, of a structured prompt. */
  readonly schema: unknown;
  /** Pushed together with the prompt. */
  readonly model: string | null;
}

const ROLES: Readonly<Record<string, string>> = {
  SystemMessagePromptTemplate: 'system',
  HumanMessagePromptTemplate: 'human',
  AIMessagePromptTemplate: 'ai',
  SystemMessage: 'system',
  HumanMessage: 'human',
  AIMessage: 'ai',
  ToolMessage: 'tool',
};
/** A prompt within a sequence within a binding is as deep as programs write it. */
const DEEPEST = 6;

/** What LangChain's clients push, read; undefined where it is something else, which is shown as the JSON that it is. */
export function templateOf(manifest: unknown, depth = 0): Template | undefined {
  const made = constructorOf(manifest);
  if (made === undefined || depth > DEEPEST) return undefined;
  const { kwargs, name } = made;
  if (name === 'RunnableSequence') {
    const prompt = templateOf(kwargs['first'], depth + 1);
    if (prompt === undefined) return undefined;
    const rest = [...listOf(kwargs['middle']), kwargs['last']];
    return { ...prompt, model: rest.map((each) => modelOf(each, depth + 1)).find((each) => each !== null) ?? null };
  }
  const common = {
    format: textOf(kwargs['template_format']) ?? 'f-string',
    variables: listOf(kwargs['input_variables']).filter((each) => typeof each === 'string'),
    schema: kwargs['schema_'] ?? kwargs['schema'] ?? null,
    model: null,
  };
  if (Array.isArray(kwargs['messages'])) return { ...common, messages: kwargs['messages'].flatMap(messageOf) };
  if (typeof kwargs['template'] === 'string')
    return { ...common, messages: [{ role: 'human', parts: [{ type: 'text', text: kwargs['template'] }] }] };
  return undefined;
}

function messageOf(value: unknown): readonly TemplateMessage[] {
  const made = constructorOf(value);
  if (made === undefined) return [{ role: 'other', parts: [{ type: 'json', value }] }];
  const { kwargs, name } = made;
  const variable = textOf(kwargs['variable_name']);
  if (name === 'MessagesPlaceholder' && variable !== undefined) return [{ role: 'placeholder', variable, parts: [] }];
  const role = ROLES[name] ?? textOf(kwargs['role']) ?? 'other';
  const said = kwargs['prompt'] ?? kwargs['content'];
  if (said === undefined) return [{ role, parts: [{ type: 'json', value: kwargs }] }];
  return [{ role, parts: (Array.isArray(said) ? said : [said]).map(partOf) }];
}

function partOf(value: unknown): TemplatePart {
  if (typeof value === 'string') return { type: 'text', text: value };
  const made = constructorOf(value);
  const content = made === undefined ? value : (made.kwargs['template'] ?? made.kwargs);
  const text = typeof content === 'string' ? content : textOf(objectOf(content)?.['text']);
  return text === undefined ? { type: 'json', value: content } : { type: 'text', text };
}

function modelOf(value: unknown, depth: number): string | null {
  const made = constructorOf(value);
  if (made === undefined || depth > DEEPEST) return null;
  const { kwargs, name } = made;
  return (
    textOf(kwargs['model']) ??
    textOf(kwargs['model_name']) ??
    (kwargs['bound'] === undefined ? (name.startsWith('Chat') ? name : null) : modelOf(kwargs['bound'], depth + 1))
  );
}

/** `{"lc": 1, "type": "constructor", "id": ["langchain_core", "prompts", …, "Name"], "kwargs": {…}}`. */
function constructorOf(value: unknown): { readonly name: string; readonly kwargs: Readonly<Record<string, unknown>> } | undefined {
  const object = objectOf(value);
  const name = listOf(object?.['id']).at(-1);
  const kwargs = objectOf(object?.['kwargs']);
  return typeof name === 'string' && kwargs !== undefined ? { name, kwargs } : undefined;
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
