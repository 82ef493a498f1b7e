import { isoMicros } from '../../reads/filter/timestamp.ts';
import type { FeedbackStats } from '../../reads/feedback-store.ts';
import { verbatim, writable, type Verbatim } from '../../reads/json-text.ts';
import { errorPreview, previewOf } from '../../reads/preview.ts';
import type { ProjectRecord } from '../../reads/project-store.ts';
import { latencySeconds, type TextField, type WholeRun } from '../../reads/run-record.ts';
import { isoOrNull } from '../../reads/run-view.ts';

/** A run with what stands around it, as the answers of both versions need it. */
export interface ShownRun {
  readonly run: WholeRun;
  readonly project: ProjectRecord;
  readonly feedback: Readonly<Record<string, FeedbackStats>>;
  readonly attachments: readonly { readonly name: string; readonly mimeType: string; readonly path: string }[];
  readonly shareToken: string | null;
  /** Where this server is reached. */
  readonly base: string;
}

type Fields<Name extends string> = Readonly<Record<Name, (shown: ShownRun) => unknown>>;

/** Where the dashboard shows a run. */
export const appPath = ({ run: { runId, traceId } }: ShownRun): string =>
  `/traces/trace/${traceId}${runId === traceId ? '' : `?run=${runId}`}`;
export const shareUrl = (base: string, token: string): string => `${base}/public/${token}/r`;

/** The first version: names and states in lower case, costs as texts. */
const V1 = {
  id: ({ run }) => run.runId,
  name: ({ run }) => run.name ?? '',
  run_type: ({ run }) => run.runType,
  status: ({ run }) => run.status,
  start_time: ({ run }) => isoMicros(run.startTime),
  end_time: ({ run }) => isoOrNull(run.endTime),
  first_token_time: ({ run }) => isoOrNull(run.firstTokenTime),
  trace_id: ({ run }) => run.traceId,
  parent_run_id: ({ run }) => run.parentRunId,
  parent_run_ids: ({ run }) => run.parentRunIds,
  dotted_order: ({ run }) => run.dottedOrder,
  execution_order: () => 1,
  child_run_ids: () => null,
  direct_child_run_ids: () => null,
  session_id: ({ project }) => project.projectId,
  app_path: appPath,
  thread_id: ({ run }) => run.threadId,
  tags: ({ run }) => run.tags,
  reference_example_id: ({ run }) => run.referenceExampleId,
  reference_dataset_id: ({ project }) => project.referenceDatasetId,
  prompt_tokens: ({ run }) => run.promptTokens ?? 0,
  completion_tokens: ({ run }) => run.completionTokens ?? 0,
  total_tokens: ({ run }) => run.totalTokens ?? 0,
  prompt_cost: ({ run }) => run.inputCost,
  completion_cost: ({ run }) => run.outputCost,
  total_cost: ({ run }) => run.totalCost,
  prompt_token_details: (shown) => usageOf(shown, 'input_token_details'),
  completion_token_details: (shown) => usageOf(shown, 'output_token_details'),
  prompt_cost_details: (shown) => texts(usageOf(shown, 'input_cost_details')),
  completion_cost_details: (shown) => texts(usageOf(shown, 'output_cost_details')),
  price_model_id: () => null,
  inputs: ({ run }) => verbatim(run.texts.inputs) ?? {},
  outputs: ({ run }) => verbatim(run.texts.outputs),
  error: ({ run }) => verbatim(run.texts.error),
  extra: ({ run }) => verbatim(run.texts.extra),
  events: ({ run }) => verbatim(run.texts.events),
  serialized: ({ run }) => verbatim(run.texts.serialized),
  inputs_preview: ({ run }) => previewOf(run.texts).inputs,
  outputs_preview: ({ run }) => previewOf(run.texts).outputs,
  feedback_stats: ({ feedback }) => statsView(feedback),
  s3_urls: ({ attachments }) =>
    attachments.length === 0
      ? null
      : Object.fromEntries(
          attachments.map(({ name, mimeType, path }) => [`attachment.${name}`, { presigned_url: path, s3_url: path, mime_type: mimeType }]),
        ),
  inputs_s3_urls: () => null,
  outputs_s3_urls: () => null,
  in_dataset: () => false,
  last_queued_at: () => null,
  manifest_id: () => null,
  share_token: ({ shareToken }) => shareToken,
  trace_tier: () => 'longlived',
  trace_upgrade: () => false,
} as const satisfies Fields<string>;

/** The second version: only what is asked for, in upper case; costs as numbers. */
const V2 = {
  ID: ({ run }) => run.runId,
  NAME: ({ run }) => run.name ?? '',
  RUN_TYPE: ({ run }) => run.runType.toUpperCase(),
  STATUS: ({ run }) => run.status.toUpperCase(),
  START_TIME: V1.start_time,
  END_TIME: V1.end_time,
  LATENCY_SECONDS: ({ run }) => latencySeconds(run),
  FIRST_TOKEN_TIME: V1.first_token_time,
  ERROR: V1.error,
  ERROR_PREVIEW: ({ run }) => errorPreview(run.texts.error),
  EXTRA: V1.extra,
  METADATA: ({ run }) => metadataOf(run.texts.extra),
  EVENTS: V1.events,
  INPUTS: V1.inputs,
  INPUTS_PREVIEW: V1.inputs_preview,
  OUTPUTS: V1.outputs,
  OUTPUTS_PREVIEW: V1.outputs_preview,
  MANIFEST: V1.serialized,
  PARENT_RUN_IDS: V1.parent_run_ids,
  PROJECT_ID: V1.session_id,
  TRACE_ID: V1.trace_id,
  THREAD_ID: V1.thread_id,
  DOTTED_ORDER: V1.dotted_order,
  IS_ROOT: ({ run }) => run.parentRunId === null,
  REFERENCE_EXAMPLE_ID: V1.reference_example_id,
  REFERENCE_DATASET_ID: V1.reference_dataset_id,
  TOTAL_TOKENS: ({ run }) => run.totalTokens,
  PROMPT_TOKENS: ({ run }) => run.promptTokens,
  COMPLETION_TOKENS: ({ run }) => run.completionTokens,
  TOTAL_COST: ({ run }) => numberOf(run.totalCost),
  PROMPT_COST: ({ run }) => numberOf(run.inputCost),
  COMPLETION_COST: ({ run }) => numberOf(run.outputCost),
  PROMPT_TOKEN_DETAILS: (shown) => rawOf(usageOf(shown, 'input_token_details')),
  COMPLETION_TOKEN_DETAILS: (shown) => rawOf(usageOf(shown, 'output_token_details')),
  PROMPT_COST_DETAILS: (shown) => rawOf(usageOf(shown, 'input_cost_details')),
  COMPLETION_COST_DETAILS: (shown) => rawOf(usageOf(shown, 'output_cost_details')),
  PRICE_MODEL_ID: () => undefined,
  TAGS: V1.tags,
  APP_PATH: V1.app_path,
  ATTACHMENTS: ({ attachments, base }) => Object.fromEntries(attachments.map(({ name, path }) => [name, `${base}/langsmith${path}`])),
  THREAD_EVALUATION_TIME: () => undefined,
  IS_IN_DATASET: () => false,
  LAST_QUEUED_AT: () => undefined,
  SHARE_URL: ({ shareToken, base }) => (shareToken === null ? undefined : shareUrl(base, shareToken)),
  FEEDBACK_STATS: V1.feedback_stats,
  LS_USER_ID: () => undefined,
} as const satisfies Fields<string>;

export type V1Field = keyof typeof V1;
export type V2Field = keyof typeof V2;
export const V1_FIELDS = Object.keys(V1) as V1Field[];
export const isV1Field = (name: string): name is V1Field => Object.hasOwn(V1, name);
export const isV2Field = (name: string): name is V2Field => Object.hasOwn(V2, name);

export const v1Fields = (shown: ShownRun, fields: readonly V1Field[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(fields.map((field) => [field, V1[field](shown)]));

/** `id` is always there. */
export const v2Fields = (shown: ShownRun, fields: readonly V2Field[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries([...new Set<V2Field>(['ID', ...fields])].map((field) => [field.toLowerCase(), V2[field](shown)]));

const TEXTS_OF: Readonly<Record<string, readonly TextField[]>> = {
  inputs: ['inputs'],
  outputs: ['outputs'],
  error: ['error'],
  error_preview: ['error'],
  extra: ['extra'],
  metadata: ['extra'],
  events: ['events'],
  serialized: ['serialized'],
  manifest: ['serialized'],
  inputs_preview: ['inputs', 'outputs'],
  outputs_preview: ['inputs', 'outputs'],
  prompt_token_details: ['usage'],
  completion_token_details: ['usage'],
  prompt_cost_details: ['usage'],
  completion_cost_details: ['usage'],
};

/** What of a run must be read for these fields: the rest stays where it is. */
export const textsFor = (fields: readonly string[]): readonly TextField[] => [
  ...new Set(fields.flatMap((field) => TEXTS_OF[field.toLowerCase()] ?? [])),
];

const parsedObject = (text: string | null | undefined): Readonly<Record<string, unknown>> => {
  if (text === null || text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // it came so, and is shown as it is in extra
  }
};

function usageOf({ run }: ShownRun, key: string): Readonly<Record<string, unknown>> | null {
  const details = parsedObject(run.texts.usage)[key];
  return typeof details === 'object' && details !== null ? (details as Record<string, unknown>) : null;
}

const rawOf = (details: Readonly<Record<string, unknown>> | null) =>
  details === null ? undefined : { raw: Object.fromEntries(Object.entries(details).map(([key, value]) => [key, Number(value)])) };
const texts = (details: Readonly<Record<string, unknown>> | null) =>
  details === null ? null : Object.fromEntries(Object.entries(details).map(([key, value]) => [key, String(value)]));
const numberOf = (cost: string | null): number | null => (cost === null ? null : Number(cost));

function metadataOf(extra: string | null | undefined): Verbatim | null {
  const { metadata } = parsedObject(extra);
  return typeof metadata === 'object' && metadata !== null ? (writable(metadata) ?? null) : null;
}

const statsView = (feedback: ShownRun['feedback']) =>
  Object.fromEntries(Object.entries(feedback).map(([key, stats]) => [key, { ...stats, errors: 0, contains_thread_feedback: false }]));
