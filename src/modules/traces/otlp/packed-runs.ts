import type { NewFeedback, Refused } from '../intake/intake.ts';
import type { NewAttachment, RunOperation } from '../run/operation.ts';
import type { ExportedRuns } from './submission.ts';

type Field = keyof RunOperation;

/** All fields of an operation: the compiler sees to it that none is left out. */
const FIELDS = Object.keys({
  kind: true,
  runId: true,
  project: true,
  traceId: true,
  parentRunId: true,
  dottedOrder: true,
  name: true,
  runType: true,
  startTime: true,
  endTime: true,
  inputs: true,
  outputs: true,
  error: true,
  extra: true,
  events: true,
  serialized: true,
  tags: true,
  referenceExampleId: true,
  rest: true,
  attachments: true,
  trail: true,
} satisfies Record<Field, true>) as readonly Field[];

/**
 * Runs as they cross from one thread to another: a list a field, left out where no run says anything. A clone of hundreds of objects writes
 * and reads every name of every one.
 */
export interface PackedRuns {
  readonly count: number;
  readonly columns: Readonly<Partial<Record<Field, readonly unknown[]>>>;
  readonly feedback: readonly NewFeedback[];
  readonly refused: readonly (Omit<Refused, 'body'> & { readonly body: Uint8Array | string })[];
}

export function packRuns({ operations, feedback, refused }: ExportedRuns): PackedRuns {
  const columns: Partial<Record<Field, readonly unknown[]>> = {};
  for (const field of FIELDS)
    if (operations.some((operation) => operation[field] !== undefined))
      columns[field] = operations.map((operation) => (field === 'attachments' ? alone(operation.attachments) : operation[field]));
  return {
    count: operations.length,
    columns,
    feedback,
    refused: refused.map((one) => ({ ...one, body: typeof one.body === 'string' ? one.body : new Uint8Array(one.body) })),
  };
}

/** Bytes of their own: of a part the clone would take the whole. */
const alone = (attachments: readonly NewAttachment[] | undefined): readonly unknown[] | undefined =>
  attachments?.map((attachment) => ({ ...attachment, body: new Uint8Array(attachment.body) }));

export function unpackRuns({ count, columns, feedback, refused }: PackedRuns): ExportedRuns {
  const operations: RunOperation[] = [];
  for (let index = 0; index < count; index += 1) {
    const operation: Partial<Record<Field, unknown>> = {};
    for (const field of FIELDS) operation[field] = columns[field]?.[index];
    if (columns.attachments !== undefined) operation.attachments = revived(operation.attachments as readonly NewAttachment[] | undefined);
    operations.push(operation as unknown as RunOperation);
  }
  return {
    operations,
    feedback,
    refused: refused.map((one) => ({ ...one, body: typeof one.body === 'string' ? one.body : bufferOf(one.body) })),
  };
}

const revived = (attachments: readonly NewAttachment[] | undefined): readonly NewAttachment[] | undefined =>
  attachments?.map((attachment) => ({ ...attachment, body: bufferOf(attachment.body) }));

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
