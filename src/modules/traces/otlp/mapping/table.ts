import { TRAIL_ATTRIBUTE } from '../../origin/trail.ts';
import type { RunType } from '../../run/run-type.ts';

/**
 * What attributes of spans become in a run: data, since the conventions are drafts that go on changing. docs/traces/opentelemetry.md shows
 * these tables.
 *
 * Names: `a.b` is that attribute; `a.*` any other that begins so, the rest of its name going behind that of the field; `a.N.*` a list
 * that was flattened: item by item, each with whatever path.
 */
export const CONVENTIONS = ['langsmith', 'genai', 'openinference', 'aisdk', 'traceloop', 'legacy'] as const;

export type Convention = (typeof CONVENTIONS)[number];

/** How a value is read. What cannot be read so counts as unmapped, and is kept. */
export type Reading =
  | 'text'
  | 'number'
  /** JSON, or a text that holds JSON; a text that holds none is itself. */
  | 'json'
  /** Whatever it is; of texts, only lists and objects in JSON are read. */
  | 'nested'
  /** Texts: a list, a JSON list in a text, or what commas part. */
  | 'list'
  | 'messages'
  | 'documents'
  /** A list flattened or in JSON, of tools' definitions. */
  | 'tools'
  | 'provider'
  | 'uuid';

export interface Row {
  readonly field: string;
  readonly as: Reading;
  /** Only in runs of these types; in others it is unmapped. */
  readonly when?: readonly RunType[];
  /** By convention, the better ones first. Where several speak, the order of CONVENTIONS decides. */
  readonly names: { readonly [convention in Convention]?: readonly string[] };
}

/** Tokens and costs count where they were spent: parents repeat the sum of their children. */
const SPENDS = ['llm', 'embedding'] as const;

export const ROWS: readonly Row[] = [
  { field: 'id', as: 'uuid', names: { langsmith: ['langsmith.span.id'] } },
  { field: 'parent', as: 'uuid', names: { langsmith: ['langsmith.span.parent_id'] } },
  { field: 'trace', as: 'uuid', names: { langsmith: ['langsmith.trace.id'] } },
  { field: 'dotted_order', as: 'text', names: { langsmith: ['langsmith.span.dotted_order'] } },
  { field: 'reference_example', as: 'uuid', names: { langsmith: ['langsmith.reference_example_id'] } },
  { field: 'trail', as: 'text', names: { langsmith: [TRAIL_ATTRIBUTE] } },
  { field: 'name', as: 'text', names: { langsmith: ['langsmith.trace.name', 'langsmith.metadata.ls_run_name'] } },
  {
    field: 'name',
    as: 'text',
    when: ['tool'],
    names: { genai: ['gen_ai.tool.name'], openinference: ['tool.name'], aisdk: ['ai.toolCall.name'], traceloop: ['traceloop.entity.name'] },
  },
  {
    field: 'name',
    as: 'text',
    when: ['chain'],
    names: {
      genai: ['gen_ai.workflow.name', 'gen_ai.agent.name'],
      openinference: ['agent.name'],
      aisdk: ['ai.telemetry.functionId'],
      traceloop: ['traceloop.entity.name'],
    },
  },
  {
    field: 'project',
    as: 'text',
    names: {
      langsmith: ['langsmith.trace.session_name'],
      openinference: ['openinference.project.name'],
      aisdk: ['ai.telemetry.metadata.ls_project_name'],
    },
  },
  { field: 'project_id', as: 'uuid', names: { langsmith: ['langsmith.trace.session_id'], aisdk: ['ai.telemetry.metadata.ls_project_id'] } },
  {
    field: 'tags',
    as: 'list',
    names: {
      langsmith: ['langsmith.span.tags'],
      openinference: ['tag.tags'],
      aisdk: ['ai.telemetry.metadata.tags'],
      legacy: ['langfuse.trace.tags'],
    },
  },
  {
    field: 'metadata.thread_id',
    as: 'text',
    names: {
      langsmith: ['langsmith.metadata.thread_id'],
      genai: ['gen_ai.conversation.id'],
      openinference: ['session.id'],
      aisdk: ['ai.telemetry.metadata.thread_id', 'ai.telemetry.metadata.threadId', 'ai.telemetry.metadata.sessionId'],
      traceloop: ['traceloop.association.properties.thread_id', 'traceloop.association.properties.session_id'],
      legacy: ['langfuse.session.id'],
    },
  },
  {
    field: 'metadata.user_id',
    as: 'text',
    names: {
      langsmith: ['langsmith.metadata.user_id'],
      genai: ['user.id', 'enduser.id'],
      openinference: ['user.id'],
      aisdk: ['ai.telemetry.metadata.user_id', 'ai.telemetry.metadata.userId'],
      traceloop: ['traceloop.association.properties.user_id'],
      legacy: ['gen_ai.user', 'llm.user', 'langfuse.user.id'],
    },
  },
  {
    field: 'metadata.ls_provider',
    as: 'provider',
    names: {
      langsmith: ['langsmith.metadata.ls_provider'],
      genai: ['gen_ai.provider.name'],
      openinference: ['llm.provider', 'llm.system'],
      aisdk: ['ai.model.provider'],
      legacy: ['gen_ai.system', 'llm.vendor'],
    },
  },
  {
    field: 'metadata.ls_model_name',
    as: 'text',
    names: {
      langsmith: ['langsmith.metadata.ls_model_name'],
      genai: ['gen_ai.request.model'],
      openinference: ['llm.request.model_name', 'llm.model_name', 'embedding.model_name', 'reranker.model_name'],
      aisdk: ['ai.model.id'],
      traceloop: ['llm.request.model'],
    },
  },
  {
    field: 'metadata.response_model',
    as: 'text',
    names: {
      genai: ['gen_ai.response.model'],
      openinference: ['llm.response.model_name'],
      aisdk: ['ai.response.model'],
      traceloop: ['llm.response.model'],
    },
  },
  {
    field: 'metadata.prompt_name',
    as: 'text',
    names: {
      genai: ['gen_ai.prompt.name'],
      openinference: ['llm.prompt_template.name', 'prompt.id'],
      traceloop: ['traceloop.prompt.key'],
      legacy: ['langfuse.observation.prompt.name'],
    },
  },
  {
    field: 'metadata.response_id',
    as: 'text',
    names: { genai: ['gen_ai.response.id'], openinference: ['llm.response.id'], aisdk: ['ai.response.id'] },
  },
  {
    field: 'metadata.finish_reason',
    as: 'list',
    names: {
      genai: ['gen_ai.response.finish_reasons'],
      openinference: ['llm.finish_reason'],
      aisdk: ['ai.response.finishReason'],
      traceloop: ['llm.response.finish_reason'],
      legacy: ['gen_ai.response.finish_reason'],
    },
  },
  { field: 'metadata', as: 'json', names: { openinference: ['metadata'] } },
  {
    field: 'metadata.*',
    as: 'nested',
    names: {
      langsmith: ['langsmith.metadata.*'],
      aisdk: ['ai.telemetry.metadata.*'],
      traceloop: ['traceloop.association.properties.*'],
      legacy: ['langfuse.trace.metadata.*', 'langfuse.observation.metadata.*'],
    },
  },

  { field: 'params', as: 'json', names: { openinference: ['llm.invocation_parameters'] } },
  { field: 'params.n', as: 'number', names: { genai: ['gen_ai.request.choice.count'] } },
  { field: 'params.stop', as: 'list', names: { genai: ['gen_ai.request.stop_sequences'], traceloop: ['llm.chat.stop_sequences'] } },
  { field: 'params.frequency_penalty', as: 'number', names: { traceloop: ['llm.frequency_penalty'] } },
  { field: 'params.presence_penalty', as: 'number', names: { traceloop: ['llm.presence_penalty'] } },
  { field: 'params.top_k', as: 'number', names: { traceloop: ['llm.top_k'] } },
  { field: 'params.stream', as: 'json', names: { traceloop: ['llm.is_streaming', 'gen_ai.is_streaming'] } },
  { field: 'params.output_type', as: 'text', names: { genai: ['gen_ai.output.type'] } },
  {
    field: 'params.tools',
    as: 'tools',
    names: {
      genai: ['gen_ai.tool.definitions'],
      openinference: ['llm.tools.N.*'],
      aisdk: ['ai.prompt.tools'],
      traceloop: ['llm.request.functions.N.*'],
    },
  },
  { field: 'params.tool_choice', as: 'json', names: { aisdk: ['ai.prompt.toolChoice'] } },
  {
    field: 'params.*',
    as: 'json',
    names: { langsmith: ['langsmith.request.*'], genai: ['gen_ai.request.*'], aisdk: ['ai.settings.*'] },
  },

  {
    field: 'inputs.messages',
    as: 'messages',
    names: {
      genai: ['gen_ai.input.messages'],
      openinference: ['llm.input_messages', 'llm.input_messages.N.*'],
      aisdk: ['ai.prompt.messages'],
      legacy: ['gen_ai.prompt.N.*', 'llm.prompts.N.*'],
    },
  },
  { field: 'inputs.system', as: 'json', names: { genai: ['gen_ai.system_instructions'] } },
  {
    field: 'inputs',
    as: 'json',
    names: {
      genai: ['gen_ai.tool.call.arguments', 'gen_ai.retrieval.query.text'],
      openinference: ['input.value'],
      aisdk: ['ai.toolCall.input', 'ai.toolCall.args', 'ai.prompt', 'ai.value', 'ai.values'],
      traceloop: ['traceloop.entity.input'],
      legacy: [
        'gen_ai.prompt',
        'prompt',
        'all_messages_events',
        'pydantic_ai.all_messages',
        'mlflow.spanInputs',
        'langfuse.observation.input',
      ],
    },
  },
  {
    field: 'outputs.messages',
    as: 'messages',
    names: {
      genai: ['gen_ai.output.messages'],
      openinference: ['llm.output_messages', 'llm.output_messages.N.*'],
      legacy: ['gen_ai.completion.N.*', 'llm.completions.N.*'],
    },
  },
  { field: 'outputs.text', as: 'text', names: { aisdk: ['ai.response.text'] } },
  { field: 'outputs.reasoning', as: 'text', names: { aisdk: ['ai.response.reasoning'] } },
  { field: 'outputs.tool_calls', as: 'json', names: { aisdk: ['ai.response.toolCalls'] } },
  {
    field: 'outputs.documents',
    as: 'documents',
    names: {
      genai: ['gen_ai.retrieval.documents'],
      openinference: ['retrieval.documents', 'retrieval.documents.N.*', 'reranker.output_documents.N.*'],
    },
  },
  {
    field: 'outputs',
    as: 'json',
    names: {
      genai: ['gen_ai.tool.call.result'],
      openinference: ['output.value'],
      aisdk: ['ai.toolCall.output', 'ai.toolCall.result', 'ai.response.object'],
      traceloop: ['traceloop.entity.output'],
      legacy: ['gen_ai.completion', 'mlflow.spanOutputs', 'langfuse.observation.output'],
    },
  },

  { field: 'usage', as: 'json', when: SPENDS, names: { langsmith: ['langsmith.usage_metadata'] } },
  {
    field: 'usage.input_tokens',
    as: 'number',
    when: SPENDS,
    names: {
      genai: ['gen_ai.usage.input_tokens'],
      openinference: ['llm.token_count.prompt'],
      aisdk: ['ai.usage.inputTokens', 'ai.usage.promptTokens', 'ai.usage.tokens'],
      traceloop: ['llm.usage.prompt_tokens'],
      legacy: ['gen_ai.usage.prompt_tokens'],
    },
  },
  {
    field: 'usage.output_tokens',
    as: 'number',
    when: SPENDS,
    names: {
      genai: ['gen_ai.usage.output_tokens'],
      openinference: ['llm.token_count.completion'],
      aisdk: ['ai.usage.outputTokens', 'ai.usage.completionTokens'],
      traceloop: ['llm.usage.completion_tokens'],
      legacy: ['gen_ai.usage.completion_tokens'],
    },
  },
  {
    field: 'usage.total_tokens',
    as: 'number',
    when: SPENDS,
    names: {
      openinference: ['llm.token_count.total'],
      aisdk: ['ai.usage.totalTokens'],
      traceloop: ['llm.usage.total_tokens'],
      legacy: ['gen_ai.usage.total_tokens'],
    },
  },
  { field: 'usage.input_token_details', as: 'json', when: SPENDS, names: { legacy: ['gen_ai.usage.input_token_details'] } },
  { field: 'usage.output_token_details', as: 'json', when: SPENDS, names: { legacy: ['gen_ai.usage.output_token_details'] } },
  {
    field: 'usage.input_token_details.cache_read',
    as: 'number',
    when: SPENDS,
    names: {
      genai: ['gen_ai.usage.cache_read.input_tokens'],
      openinference: ['llm.token_count.prompt_details.cache_read'],
      aisdk: ['ai.usage.inputTokenDetails.cacheReadTokens', 'ai.usage.cachedInputTokens'],
      legacy: ['gen_ai.usage.cache_read_input_tokens', 'gen_ai.usage.details.cache_read_tokens', 'llm.usage.cache_read_input_tokens'],
    },
  },
  {
    field: 'usage.input_token_details.cache_creation',
    as: 'number',
    when: SPENDS,
    names: {
      genai: ['gen_ai.usage.cache_creation.input_tokens', 'gen_ai.usage.cache_write.input_tokens'],
      openinference: ['llm.token_count.prompt_details.cache_write'],
      aisdk: ['ai.usage.inputTokenDetails.cacheWriteTokens'],
      legacy: [
        'gen_ai.usage.cache_creation_input_tokens',
        'gen_ai.usage.details.cache_write_tokens',
        'llm.usage.cache_creation_input_tokens',
      ],
    },
  },
  {
    field: 'usage.input_token_details.audio',
    as: 'number',
    when: SPENDS,
    names: { genai: ['gen_ai.usage.audio.input_tokens'], openinference: ['llm.token_count.prompt_details.audio'] },
  },
  { field: 'usage.input_token_details.text', as: 'number', when: SPENDS, names: { genai: ['gen_ai.usage.text.input_tokens'] } },
  { field: 'usage.input_token_details.image', as: 'number', when: SPENDS, names: { genai: ['gen_ai.usage.image.input_tokens'] } },
  { field: 'usage.input_token_details.video', as: 'number', when: SPENDS, names: { genai: ['gen_ai.usage.video.input_tokens'] } },
  {
    field: 'usage.output_token_details.reasoning',
    as: 'number',
    when: SPENDS,
    names: {
      genai: ['gen_ai.usage.reasoning.output_tokens'],
      openinference: ['llm.token_count.completion_details.reasoning'],
      aisdk: ['ai.usage.outputTokenDetails.reasoningTokens', 'ai.usage.reasoningTokens'],
      legacy: ['gen_ai.usage.reasoning_tokens', 'gen_ai.usage.details.reasoning_tokens', 'llm.usage.reasoning_tokens'],
    },
  },
  {
    field: 'usage.output_token_details.audio',
    as: 'number',
    when: SPENDS,
    names: { genai: ['gen_ai.usage.audio.output_tokens'], openinference: ['llm.token_count.completion_details.audio'] },
  },
  { field: 'usage.output_token_details.text', as: 'number', when: SPENDS, names: { genai: ['gen_ai.usage.text.output_tokens'] } },
  {
    field: 'usage.total_cost',
    as: 'number',
    when: SPENDS,
    names: { openinference: ['llm.cost.total'], legacy: ['gen_ai.usage.cost', 'gen_ai.usage.total_cost', 'total_cost'] },
  },
  {
    field: 'usage.input_cost',
    as: 'number',
    when: SPENDS,
    names: { openinference: ['llm.cost.prompt'], legacy: ['gen_ai.usage.input_cost'] },
  },
  {
    field: 'usage.output_cost',
    as: 'number',
    when: SPENDS,
    names: { openinference: ['llm.cost.completion'], legacy: ['gen_ai.usage.output_cost'] },
  },

  { field: 'first_token.seconds', as: 'number', names: { genai: ['gen_ai.response.time_to_first_chunk'] } },
  { field: 'first_token.milliseconds', as: 'number', names: { aisdk: ['ai.response.msToFirstChunk'] } },
  { field: 'first_token.time', as: 'text', names: { legacy: ['langfuse.observation.completion_start_time'] } },
  { field: 'error.type', as: 'text', names: { genai: ['error.type'] } },
  { field: 'attachments', as: 'json', names: { langsmith: ['langsmith.attachments'] } },
  { field: 'feedback', as: 'json', names: { openinference: ['evaluations.N.*', 'annotations.N.*'] } },
  { field: 'feedback.trace', as: 'json', names: { openinference: ['trace.evaluations.N.*', 'trace.annotations.N.*'] } },
];

/** What says the type of a run: the first that is there and known decides. `*` stands for anything. */
export const RUN_TYPE_RULES: readonly { readonly name: string; readonly values: Readonly<Record<string, RunType>> }[] = [
  {
    name: 'langsmith.span.kind',
    values: {
      llm: 'llm',
      chain: 'chain',
      tool: 'tool',
      retriever: 'retriever',
      embedding: 'embedding',
      prompt: 'prompt',
      parser: 'parser',
    },
  },
  {
    name: 'openinference.span.kind',
    values: {
      LLM: 'llm',
      EMBEDDING: 'embedding',
      RETRIEVER: 'retriever',
      RERANKER: 'retriever',
      TOOL: 'tool',
      PROMPT: 'prompt',
      CHAIN: 'chain',
      AGENT: 'chain',
      GUARDRAIL: 'chain',
      EVALUATOR: 'chain',
    },
  },
  {
    name: 'ai.operationId',
    values: { '*.doGenerate': 'llm', '*.doStream': 'llm', '*.doEmbed': 'embedding', 'ai.toolCall': 'tool', 'ai.*': 'chain' },
  },
  {
    name: 'gen_ai.operation.name',
    values: {
      chat: 'llm',
      generate_content: 'llm',
      text_completion: 'llm',
      embeddings: 'embedding',
      retrieval: 'retriever',
      search_memory: 'retriever',
      execute_tool: 'tool',
      invoke_agent: 'chain',
      create_agent: 'chain',
      invoke_workflow: 'chain',
      plan: 'chain',
      '*_memory': 'chain',
    },
  },
  { name: 'traceloop.span.kind', values: { workflow: 'chain', task: 'chain', agent: 'chain', tool: 'tool' } },
  { name: 'llm.request.type', values: { chat: 'llm', completion: 'llm', embedding: 'embedding', rerank: 'retriever' } },
  {
    name: 'langfuse.observation.type',
    values: { generation: 'llm', embedding: 'embedding', tool: 'tool', retriever: 'retriever', '*': 'chain' },
  },
  // Nothing says it: what names a model and how many tokens it took is a call of that model.
  { name: 'gen_ai.usage.input_tokens', values: { '*': 'llm' } },
  { name: 'gen_ai.usage.prompt_tokens', values: { '*': 'llm' } },
];

/** Events that carry content, as GenAI instrumentations of 2024 and 2025 sent it. */
export const EVENT_ROWS: readonly {
  readonly event: string;
  readonly becomes: 'input' | 'output' | 'first_token' | 'attributes' | 'feedback' | 'error';
  /** Of the message; where the event says none itself. */
  readonly role?: string;
  /** The attribute that holds it all, where it is one. */
  readonly attribute?: string;
}[] = [
  { event: 'gen_ai.system.message', becomes: 'input', role: 'system' },
  { event: 'gen_ai.user.message', becomes: 'input', role: 'user' },
  { event: 'gen_ai.assistant.message', becomes: 'input', role: 'assistant' },
  { event: 'gen_ai.tool.message', becomes: 'input', role: 'tool' },
  { event: 'gen_ai.choice', becomes: 'output', role: 'assistant' },
  { event: 'gen_ai.content.prompt', becomes: 'input', role: 'user', attribute: 'gen_ai.prompt' },
  { event: 'gen_ai.content.completion', becomes: 'output', role: 'assistant', attribute: 'gen_ai.completion' },
  { event: 'gen_ai.client.inference.operation.details', becomes: 'attributes' },
  { event: 'gen_ai.evaluation.result', becomes: 'feedback' },
  { event: 'exception', becomes: 'error' },
  { event: 'gen_ai.client.operation.exception', becomes: 'error' },
  { event: 'First Token Stream Event', becomes: 'first_token' },
  { event: 'first_token', becomes: 'first_token' },
  { event: 'new_token', becomes: 'first_token' },
  { event: 'llm.content.completion.chunk', becomes: 'first_token' },
  { event: 'ai.stream.firstChunk', becomes: 'first_token' },
];

/** Attributes of the resource that describe the machine and the process: they go to `extra.runtime`. All others go to the metadata. */
export const RUNTIME_PREFIXES = [
  'telemetry.',
  'process.',
  'host.',
  'os.',
  'container.',
  'k8s.',
  'cloud.',
  'device.',
  'faas.',
  'aws.',
  'gcp.',
  'azure.',
] as const;

/** Providers' names as the price tables have them. */
export const PROVIDERS: Readonly<Record<string, string>> = {
  'aws.bedrock': 'aws',
  aws_bedrock: 'aws',
  'amazon-bedrock': 'aws',
  amazon_bedrock: 'aws',
  'az.ai.openai': 'azure',
  'az.ai.inference': 'azure',
  'azure.ai.openai': 'azure',
  'azure.ai.inference': 'azure',
  'azure-openai': 'azure',
  'gcp.gemini': 'google',
  'gcp.gen_ai': 'google',
  'gcp.vertex_ai': 'google',
  vertex_ai: 'google',
  vertexai: 'google',
  gemini: 'google',
  'google.generative-ai': 'google',
  'google.vertex': 'google',
  'google-vertex': 'google',
  mistral_ai: 'mistral',
  mistralai: 'mistral',
  x_ai: 'x-ai',
  xai: 'x-ai',
};

/** The AI SDK adds how it called them: `openai.chat`, `anthropic.messages`, `xai.responses`. */
export const PROVIDER_SUFFIXES = ['chat', 'responses', 'messages', 'completion', 'completions', 'embedding', 'generative-ai'] as const;
