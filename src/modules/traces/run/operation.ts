import type { Trail } from '../origin/trail.ts';
import type { RunType } from './run-type.ts';

/** JSON as text, valid and as it came: the database keeps it so. */
export type JsonText = string;

/** Microseconds since 1970: what the protocols' times are exact to; a double holds it until the year 2255. */
export type Micros = number;

export interface NewAttachment {
  readonly name: string;
  readonly mimeType: string;
  readonly body: Buffer;
}

/**
 * What is said about one run, from whichever door it came: begun (`post`), or added to (`patch`). Both are upserts and come in any order, any
 * number of times; what is undefined was not said and changes nothing.
 */
export interface RunOperation {
  readonly kind: 'post' | 'patch';
  /** A UUID in lower case. */
  readonly runId: string;
  /** By name, or by id where the client knows it. A patch may name none. */
  readonly project?: { readonly name: string } | { readonly id: string } | undefined;
  readonly traceId?: string | undefined;
  readonly parentRunId?: string | undefined;
  /** As text: `20261126T071424123456Z<uuid>.…`. Its last segment says when the run began and who it is, the one before who its parent is. */
  readonly dottedOrder?: string | undefined;
  readonly name?: string | undefined;
  readonly runType?: RunType | undefined;
  readonly startTime?: Micros | undefined;
  readonly endTime?: Micros | undefined;
  readonly inputs?: JsonText | undefined;
  readonly outputs?: JsonText | undefined;
  /** A JSON string. */
  readonly error?: JsonText | undefined;
  /** A JSON object; metadata, runtime and invocation_params stand in it. */
  readonly extra?: JsonText | undefined;
  /** A JSON array. */
  readonly events?: JsonText | undefined;
  readonly serialized?: JsonText | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly referenceExampleId?: string | undefined;
  /** A JSON object: fields nobody here knows. They are kept. */
  readonly rest?: JsonText | undefined;
  readonly attachments?: readonly NewAttachment[] | undefined;
  /** The Musters it came through; it stands in `rest` as well. */
  readonly trail?: Trail | undefined;
}
