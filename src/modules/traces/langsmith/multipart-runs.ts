import type { NewFeedback, Refused } from '../intake/intake.ts';
import { readLenient } from '../json/mend.ts';
import type { RunOperation } from '../run/operation.ts';
import { uuidOf } from '../run/uuid.ts';
import { isRefusedFeedback, readFeedback } from './feedback-fields.ts';
import type { Part } from './multipart.ts';
import { isJsonField, isRefused, readRun, setField, type JsonField, type OpenOperation } from './run-fields.ts';

/** What a request of the multipart door says. */
export interface Said {
  readonly operations: readonly RunOperation[];
  readonly feedback: readonly NewFeedback[];
  readonly refused: readonly Refused[];
}

/** `post.<id>`, `patch.<id>.outputs`, `attachment.<id>.<name>`, `feedback.<id>` */
const NAME = /^(post|patch|attachment|feedback)\.([^.]+)(?:\.(.+))?$/s;
const LONGEST_ATTACHMENT_NAME = 200;

/** Reads the parts in whatever order they come: a field may stand before the run it belongs to. What is bad costs its own part only. */
export function readParts(parts: readonly Part[]): Said {
  const operations: OpenOperation[] = [];
  const open = new Map<string, OpenOperation>();
  const early = new Map<string, { readonly field: JsonField; readonly json: string }[]>();
  const attachments: { readonly runId: string; readonly name: string; readonly part: Part }[] = [];
  const feedback: NewFeedback[] = [];
  const refused: Refused[] = [];

  for (const part of parts) {
    const match = NAME.exec(part.name);
    const [, kind = '', id = '', field] = match ?? [];
    if (kind === '') {
      refused.push({ reason: 'unknown_part', message: `no part is named ${part.name.slice(0, 200)}`, body: part.body });
    } else if (kind === 'attachment') {
      const runId = uuidOf(id);
      if (runId === undefined || field === undefined || field.length > LONGEST_ATTACHMENT_NAME)
        refused.push({ reason: 'unknown_part', message: 'an attachment is named attachment.<run id>.<name>', runId: id, body: part.body });
      else attachments.push({ runId, name: field, part });
    } else if (kind === 'feedback') {
      const said = readLenient(part.body.toString('utf8'));
      const read = said === undefined ? badJson(part, id) : readFeedback(said.value, said.text, id);
      if (isRefusedFeedback(read)) refused.push(read);
      else feedback.push(read);
    } else {
      const came = part.body.toString('utf8');
      // An error that cannot be read is kept as text: a run that failed must not look as if it went well.
      const said = readLenient(came) ?? (field === 'error' ? { text: JSON.stringify(came), value: came } : undefined);
      const key = `${kind}.${id.toLowerCase()}`;
      if (said === undefined) refused.push(badJson(part, id));
      else if (field === undefined) {
        const read = readRun(kind as RunOperation['kind'], said.value, said.text, id);
        if (isRefused(read)) {
          refused.push(read);
          continue;
        }
        for (const { field: name, json } of early.get(key) ?? []) setField(read, name, json);
        early.delete(key);
        open.set(key, read);
        operations.push(read);
      } else if (!isJsonField(field)) {
        refused.push({ reason: 'unknown_part', message: `a run has no field ${field.slice(0, 200)}`, runId: id, body: part.body });
      } else {
        const operation = open.get(key);
        if (operation === undefined) early.set(key, [...(early.get(key) ?? []), { field, json: said.text }]);
        else setField(operation, field, said.text);
      }
    }
  }
  // Fields whose run was not in the request, or was refused: they may still belong to one that is known.
  for (const [key, fields] of early) {
    const runId = uuidOf(key.slice(key.indexOf('.') + 1));
    if (runId === undefined) continue;
    const operation: OpenOperation = { kind: 'patch', runId };
    for (const { field, json } of fields) setField(operation, field, json);
    operations.push(operation);
  }
  for (const { runId, name, part } of attachments) {
    let operation = open.get(`post.${runId}`) ?? open.get(`patch.${runId}`);
    if (operation === undefined) {
      operation = { kind: 'patch', runId };
      open.set(`patch.${runId}`, operation);
      operations.push(operation);
    }
    operation.attachments = [...(operation.attachments ?? []), { name, mimeType: part.contentType, body: part.body }];
  }
  return { operations, feedback, refused };
}

const badJson = (part: Part, id: string): Refused => ({
  reason: 'bad_json',
  message: `the part ${part.name.slice(0, 200)} is not valid JSON`,
  runId: uuidOf(id),
  body: part.body,
});
