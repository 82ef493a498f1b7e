import type { JsonText, Micros, NewAttachment, RunOperation } from '../run/operation.ts';
import { PATCHED, POSTED, TYPE_UNTOLD } from '../run/flags.ts';
import { RUN_TYPES, type RunType } from '../run/run-type.ts';
import type { RunFacts } from '../content/index.ts';

/** A part that stands for itself in a table of its own, since it repeats. */
export interface NewBlob {
  /** 22 characters of base64url: the first 16 bytes of SHA-256. */
  readonly hash: string;
  readonly body: string;
}

/** Where a run lies. */
export interface Place {
  readonly projectNo: number;
  readonly keepDays: number;
  /** Days since 1970. */
  readonly day: number;
  readonly startTime: Micros;
  readonly traceId: string;
}

/** Fields that a later word replaces and silence leaves alone. */
const SPOKEN = [
  'endTime',
  'firstTokenTime',
  'parentRunId',
  'promptTokens',
  'completionTokens',
  'totalTokens',
  'name',
  'model',
  'provider',
  'threadId',
  'userId',
  'prompt',
  'path',
  'tags',
  'inputCost',
  'outputCost',
  'totalCost',
  'usage',
  'referenceExampleId',
  'inputs',
  'outputs',
  'error',
  'extra',
  'events',
  'serialized',
  'rest',
] as const;

/** One row of trace_runs as it will be sent: what one or more operations said about a run. All fields from the start, so that all rows have one shape. */
export class RunRow {
  readonly runId: string;
  readonly keepDays: number;
  readonly day: number;
  readonly projectNo: number;
  startTime: Micros;
  traceId: string;
  flags: number;
  runType: number;
  endTime: Micros | undefined = undefined;
  firstTokenTime: Micros | undefined = undefined;
  parentRunId: string | undefined = undefined;
  promptTokens: number | undefined = undefined;
  completionTokens: number | undefined = undefined;
  totalTokens: number | undefined = undefined;
  name: string | undefined = undefined;
  model: string | undefined = undefined;
  provider: string | undefined = undefined;
  threadId: string | undefined = undefined;
  userId: string | undefined = undefined;
  prompt: string | undefined = undefined;
  path: Buffer | undefined = undefined;
  /** An array of PostgreSQL, as text. */
  tags: string | undefined = undefined;
  inputCost: string | undefined = undefined;
  outputCost: string | undefined = undefined;
  totalCost: string | undefined = undefined;
  usage: JsonText | undefined = undefined;
  referenceExampleId: string | undefined = undefined;
  inputs: JsonText | undefined = undefined;
  outputs: JsonText | undefined = undefined;
  error: JsonText | undefined = undefined;
  extra: JsonText | undefined = undefined;
  events: JsonText | undefined = undefined;
  serialized: JsonText | undefined = undefined;
  rest: JsonText | undefined = undefined;
  attachments: readonly NewAttachment[] = [];
  blobs: readonly NewBlob[] = [];

  constructor(runId: string, place: Place, operation: Pick<RunOperation, 'kind' | 'runType'>) {
    this.runId = runId;
    this.keepDays = place.keepDays;
    this.day = place.day;
    this.projectNo = place.projectNo;
    this.startTime = place.startTime;
    this.traceId = place.traceId;
    this.flags = (operation.kind === 'post' ? POSTED : PATCHED) | (operation.runType === undefined ? TYPE_UNTOLD : 0);
    this.runType = operation.runType === undefined ? 0 : RUN_TYPES.indexOf(operation.runType);
  }

  /** Takes what was said after this, as the database would: the same rules as in run-upsert.ts. */
  add(later: RunRow): void {
    const fillsOnly = isPostAlone(later.flags) && (this.flags & PATCHED) !== 0;
    const target = this as Record<string, unknown>;
    for (const field of SPOKEN) {
      const said = later[field];
      if (said !== undefined && !(fillsOnly && this[field] !== undefined)) target[field] = said;
    }
    if ((later.flags & TYPE_UNTOLD) === 0) this.runType = later.runType;
    if (!fillsOnly) {
      this.startTime = later.startTime;
      this.traceId = later.traceId;
    }
    this.flags = ((this.flags | later.flags) & ~TYPE_UNTOLD) | (this.flags & later.flags & TYPE_UNTOLD);
    if (later.attachments.length > 0) this.attachments = [...this.attachments, ...later.attachments];
    if (later.blobs.length > 0) this.blobs = [...this.blobs, ...later.blobs];
  }

  /** What its JSON says, in columns. */
  learn(facts: RunFacts): void {
    this.model = facts.model;
    this.provider = facts.provider;
    this.promptTokens = facts.promptTokens;
    this.completionTokens = facts.completionTokens;
    this.totalTokens = facts.totalTokens;
    this.usage = facts.usage;
    this.inputCost = facts.inputCost;
    this.outputCost = facts.outputCost;
    this.totalCost = facts.totalCost;
    this.threadId = facts.threadId;
    this.userId = facts.userId;
    this.prompt = facts.prompt;
    this.firstTokenTime = facts.firstTokenTime;
  }

  get typeSaid(): RunType | undefined {
    return (this.flags & TYPE_UNTOLD) === 0 ? RUN_TYPES[this.runType] : undefined;
  }

  /** About how much memory it holds. */
  get size(): number {
    let chars = 500;
    for (const text of [this.inputs, this.outputs, this.extra, this.events, this.serialized, this.rest, this.error])
      chars += text?.length ?? 0;
    for (const { body } of this.attachments) chars += body.length;
    return chars;
  }

  /** 0 pending, 1 success, 2 error. */
  get status(): number {
    if (this.error !== undefined) return 2;
    return this.endTime === undefined ? 0 : 1;
  }
}

const isPostAlone = (flags: number): boolean => (flags & (POSTED | PATCHED)) === POSTED;

/** Which row of the table it is. */
export const keyOf = ({ runId, keepDays, day }: RunRow): string => `${runId}${keepDays}:${day}`;
