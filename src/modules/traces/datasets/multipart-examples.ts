import { MusterError } from '../../../base/errors.ts';
import type { Part } from '../langsmith/multipart.ts';
import { uuidOf } from '../run/uuid.ts';
import { BASE_SPLIT, type ExampleFields, type NewAttachment } from './dataset.ts';
import type { AttachmentOperations } from './examples.ts';

/** What a form of examples says. */
export interface SaidExamples {
  readonly examples: readonly SaidExample[];
  readonly attachments: readonly NewAttachment[];
  readonly attachmentOperations: ReadonlyMap<string, AttachmentOperations>;
}

export interface SaidExample extends ExampleFields {
  /** Inputs and outputs are those of the run it comes from. */
  readonly usesRun: boolean;
  readonly usesRunAttachments: boolean;
}

/** `<id>`, `<id>.inputs`, `<id>.outputs`, `<id>.attachments_operations`, `<id>.attachment.<name>` */
const NAME = /^([0-9a-fA-F-]{36})(?:\.(inputs|outputs|attachments_operations|attachment)(?:\.(.+))?)?$/s;
const MOST_EXAMPLES_AT_ONCE = 20_000;

/** Reads the parts of a form in whatever order they come. Throws INVALID_INPUT: unlike runs, a client waits for what it hears. */
export function readExampleParts(parts: readonly Part[]): SaidExamples {
  const examples = new Map<string, SaidExample>();
  const attachments: NewAttachment[] = [];
  const attachmentOperations = new Map<string, AttachmentOperations>();
  const add = (exampleId: string, fields: Partial<SaidExample>): void => {
    examples.set(exampleId, { usesRun: false, usesRunAttachments: false, ...examples.get(exampleId), ...fields, exampleId });
  };
  for (const part of parts) {
    const [, id, field, name] = NAME.exec(part.name) ?? [];
    const exampleId = uuidOf(id);
    if (exampleId === undefined) throw bad(`the part ${part.name.slice(0, 100)} is none of an example: its name begins with the id of one`);
    if (field === 'attachment') {
      if (name === undefined) throw bad(`the attachment of ${exampleId} has no name`);
      attachments.push({ exampleId, name, mimeType: part.contentType, body: part.body });
      add(exampleId, {});
      continue;
    }
    const text = part.body.toString('utf8');
    const value = jsonOf(text, part.name);
    if (field === 'inputs') add(exampleId, { inputs: text });
    else if (field === 'outputs') add(exampleId, { outputs: text });
    else if (field === 'attachments_operations') attachmentOperations.set(exampleId, operationsOf(value));
    else add(exampleId, fieldsOf(value));
  }
  if (examples.size > MOST_EXAMPLES_AT_ONCE)
    throw new MusterError('TOO_LARGE', `more than ${MOST_EXAMPLES_AT_ONCE} examples in one request`, { remedy: 'Send them in several.' });
  return { examples: [...examples.values()], attachments, attachmentOperations };
}

/** Of an example as JSON, but for its id, inputs and outputs. */
export function fieldsOf(value: unknown): Partial<SaidExample> {
  const said = objectOf(value);
  const metadata = said['metadata'];
  const { dataset_split: fromMetadata, ...rest } = objectOf(metadata);
  const splits = splitsOf(said['split'] ?? fromMetadata);
  const createdAt = typeof said['created_at'] === 'string' ? new Date(said['created_at']) : undefined;
  const isUsable = createdAt !== undefined && !Number.isNaN(createdAt.getTime());
  return {
    ...(metadata === undefined || metadata === null ? {} : { metadata: rest }),
    ...(splits === undefined ? {} : { splits }),
    ...(uuidOf(said['source_run_id']) === undefined ? {} : { sourceRunId: uuidOf(said['source_run_id']) }),
    ...(isUsable ? { createdAt } : {}),
    usesRun: said['use_source_run_io'] === true,
    usesRunAttachments: Array.isArray(said['use_source_run_attachments']) && said['use_source_run_attachments'].length > 0,
  };
}

function splitsOf(said: unknown): readonly string[] | undefined {
  const splits = [said].flat().filter((split): split is string => typeof split === 'string' && split !== '' && split.length <= 200);
  if (said === undefined || said === null) return undefined;
  return splits.length === 0 ? [BASE_SPLIT] : [...new Set(splits)];
}

function operationsOf(value: unknown): AttachmentOperations {
  const { rename, retain } = objectOf(value);
  return {
    rename: Object.fromEntries(Object.entries(objectOf(rename)).filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
    retain: Array.isArray(retain) ? retain.filter((name) => typeof name === 'string') : [],
  };
}

function jsonOf(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw bad(`the part ${name.slice(0, 100)} is no JSON`);
  }
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

const bad = (message: string): MusterError =>
  new MusterError('INVALID_INPUT', message, {
    remedy: 'Send it as LangSmith SDKs do: a part with the id of the example, then <id>.inputs and <id>.outputs.',
  });
