import { z } from 'zod';
import { IsoTime } from '../../../http/schemas.ts';
import { RUN_STATUSES, RUN_TYPES } from '../run/run-type.ts';
import type { FeedbackRecord, FeedbackStats } from './feedback-store.ts';
import { isoMicros } from './filter/timestamp.ts';
import type { Preview } from './preview.ts';
import type { ProjectRecord } from './project-store.ts';
import type { TraceSums } from './trace-usage.ts';
import { firstTokenSeconds, latencySeconds, type RunRecord } from './run-record.ts';

const Id = z.guid().meta({ examples: ['01993b5e-6d8a-7c11-9d3e-5b1a2c3d4e5f'] });
const Tokens = z.number().int().nullable();
const Cost = z.string().nullable().describe('USD, as a decimal number; null: unknown');

const item = {
  run_id: Id,
  trace_id: Id,
  parent_run_id: Id.nullable(),
  is_root: z.boolean(),
  project: z.string(),
  project_id: Id,
  name: z.string().nullable(),
  run_type: z.enum(RUN_TYPES),
  status: z.enum(RUN_STATUSES),
  start_time: IsoTime,
  end_time: IsoTime.nullable(),
  latency_seconds: z.number().nullable(),
  first_token_seconds: z.number().nullable().describe('From the start of the run to the first token of its answer'),
  model: z.string().nullable(),
  provider: z.string().nullable(),
  thread_id: z.string().nullable(),
  user_id: z.string().nullable(),
  prompt: z.string().nullable().describe('The name of the prompt it was made with'),
  tags: z.array(z.string()),
  prompt_tokens: Tokens,
  completion_tokens: Tokens,
  total_tokens: Tokens,
  input_cost: Cost,
  output_cost: Cost,
  total_cost: Cost,
  reference_example_id: Id.nullable(),
};

export const RunItem = z
  .object({
    ...item,
    inputs_preview: z.string().nullable().describe('What was asked, in a line; null where previews were not asked for'),
    outputs_preview: z.string().nullable(),
    error_preview: z.string().nullable(),
    feedback: z.record(z.string(), z.object({ n: z.number().int(), avg: z.number().nullable() })),
    trace: z
      .object({
        runs: z.number().int(),
        errors: z.number().int(),
        total_tokens: Tokens.describe('Of its models and embeddings'),
        total_cost: Cost,
        unpriced_runs: z.number().int().describe('Calls whose price nobody knows: they are in no sum'),
        first_token_seconds: z.number().nullable().describe('From the start of the trace'),
      })
      .nullable()
      .describe('Of a root, what its trace adds up to; null of other runs, without previews, and of traces of more than 1,000 runs'),
  })
  .meta({ id: 'TraceRun', description: 'A run: one step of a conversation with a model' });

export type RunFields = z.input<z.ZodObject<typeof item>>;

/** What every view of a run holds. */
export const runFields = (run: RunRecord, project: Pick<ProjectRecord, 'name' | 'projectId'>): RunFields => ({
  run_id: run.runId,
  trace_id: run.traceId,
  parent_run_id: run.parentRunId,
  is_root: run.parentRunId === null,
  project: project.name,
  project_id: project.projectId,
  name: run.name,
  run_type: run.runType,
  status: run.status,
  start_time: isoMicros(run.startTime),
  end_time: isoOrNull(run.endTime),
  latency_seconds: latencySeconds(run),
  first_token_seconds: firstTokenSeconds(run),
  model: run.model,
  provider: run.provider,
  thread_id: run.threadId,
  user_id: run.userId,
  prompt: run.prompt,
  tags: [...run.tags],
  prompt_tokens: run.promptTokens,
  completion_tokens: run.completionTokens,
  total_tokens: run.totalTokens,
  input_cost: run.inputCost,
  output_cost: run.outputCost,
  total_cost: run.totalCost,
  reference_example_id: run.referenceExampleId,
});

export const isoOrNull = (micros: number | null): string | null => (micros === null ? null : isoMicros(micros));

export const runItem = (
  run: RunRecord,
  project: Pick<ProjectRecord, 'name' | 'projectId'>,
  { preview, error, feedback, trace }: RunNotes,
): z.input<typeof RunItem> => ({
  ...runFields(run, project),
  inputs_preview: preview?.inputs ?? null,
  outputs_preview: preview?.outputs ?? null,
  error_preview: error,
  feedback: Object.fromEntries(Object.entries(feedback ?? {}).map(([key, { n, avg }]) => [key, { n, avg }])),
  trace:
    trace === undefined
      ? null
      : {
          runs: trace.runs,
          errors: trace.errors,
          total_tokens: trace.totalTokens,
          total_cost: trace.totalCost,
          unpriced_runs: trace.unpricedRuns,
          first_token_seconds: firstTokenSeconds({ startTime: run.startTime, firstTokenTime: trace.firstTokenTime }),
        },
});

/** What is shown of a run besides its own columns. */
export interface RunNotes {
  readonly preview: Preview | undefined;
  readonly error: string | null;
  readonly feedback: Readonly<Record<string, FeedbackStats>> | undefined;
  readonly trace: TraceSums | undefined;
}

const Json = z.unknown().describe('JSON, as it came; null where it was not said');

export const AttachmentView = z.object({
  name: z.string(),
  mime_type: z.string(),
  size: z.number().int().describe('Bytes'),
  url: z.string().describe('Where it is got from, with the same key'),
});

export const FeedbackView = z
  .object({
    feedback_id: Id,
    run_id: Id.nullable(),
    trace_id: Id.nullable(),
    project: z.string().nullable(),
    key: z.string(),
    score: z.number().nullable(),
    value: Json,
    comment: z.string().nullable(),
    correction: Json,
    source: z.string().describe('api, app, model or heuristic'),
    created_at: IsoTime,
    modified_at: IsoTime,
  })
  .meta({ id: 'TraceFeedback', description: 'What somebody or something says of a run' });

export const feedbackFields = (feedback: FeedbackRecord, project: string | null) => ({
  feedback_id: feedback.feedbackId,
  run_id: feedback.runId,
  trace_id: feedback.traceId,
  project,
  key: feedback.key,
  score: feedback.score,
  comment: feedback.comment,
  source: feedback.source,
  created_at: isoMicros(feedback.createdAt),
  modified_at: isoMicros(feedback.modifiedAt),
});

export const RunDetail = z
  .object({
    ...item,
    dotted_order: z.string(),
    parent_run_ids: z.array(Id).describe('From the root down'),
    inputs: Json,
    outputs: Json,
    error: Json,
    extra: Json,
    events: Json,
    serialized: Json,
    rest: Json.describe('Fields that nobody here knows, as they came'),
    usage: Json.describe('Details of tokens and costs, and where the price came from'),
    conversation: z.unknown().describe('Its messages, whichever SDK wrote them; null where it is too large to read at once'),
    attachments: z.array(AttachmentView),
    feedback_items: z.array(FeedbackView),
    share: z.object({ token: z.string(), url: z.string(), expires_at: IsoTime.nullable() }).nullable(),
  })
  .meta({ id: 'TraceRunDetail', description: 'A run with all that was said of it' });

export const TreeNode = z
  .object({
    run_id: Id,
    parent_run_id: Id.nullable(),
    depth: z.number().int(),
    is_orphan: z.boolean().describe('Its parent is not there, or it would be its own ancestor: it stands below the root'),
    name: z.string().nullable(),
    run_type: z.enum(RUN_TYPES),
    status: z.enum(RUN_STATUSES),
    start_time: IsoTime,
    end_time: IsoTime.nullable(),
    latency_seconds: z.number().nullable(),
    first_token_seconds: z.number().nullable(),
    model: z.string().nullable(),
    tags: z.array(z.string()),
    prompt_tokens: Tokens,
    completion_tokens: Tokens,
    total_tokens: Tokens,
    total_cost: Cost,
    error_preview: z.string().nullable(),
  })
  .meta({ id: 'TraceNode', description: 'A run at its place in the tree of its trace' });

export const TreeView = z
  .object({
    trace_id: Id,
    project: z.string(),
    project_id: Id,
    items: z.array(TreeNode).describe('Parents before their children'),
    is_truncated: z.boolean(),
  })
  .meta({ id: 'TraceTree' });
