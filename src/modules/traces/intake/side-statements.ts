import type { Sql } from '../../../db/sql.ts';
import { named, sql } from '../../../db/sql.ts';
import { BinaryArray, OID } from './binary-array.ts';
import type { NewFeedback, Refused } from './intake.ts';
import { cleanText } from './pg-text.ts';
import { MOST_KEPT_BYTES } from './quarantine.ts';
import type { NewBlob, RunRow } from './run-row.ts';

/** What repeats, where nobody wrote it yet. In one order everywhere, so that two writers never wait for each other in a circle. */
export function insertBlobs(rows: readonly RunRow[]): Sql | undefined {
  const wanted = new Map<string, { readonly blob: NewBlob; readonly row: RunRow }>();
  for (const row of rows) for (const blob of row.blobs) wanted.set(`${blob.hash}${row.keepDays}:${row.day}`, { blob, row });
  if (wanted.size === 0) return undefined;
  const [hashes, keeps, days, bodies] = [
    new BinaryArray(OID.bytea),
    new BinaryArray(OID.int2),
    new BinaryArray(OID.date),
    new BinaryArray(OID.text),
  ];
  for (const [, { blob, row }] of [...wanted].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hashes.bytes(Buffer.from(blob.hash, 'base64url'));
    keeps.int2(row.keepDays);
    days.day(row.day);
    bodies.text(blob.body);
  }
  return named(
    'traces: insert blobs',
    sql`insert into muster.trace_blobs (hash, keep_days, day, body)
      select * from unnest(${hashes.finish()}::bytea[], ${keeps.finish()}::int2[], ${days.finish()}::date[], ${bodies.finish()}::text[])
      on conflict do nothing`,
  );
}

export function upsertAttachments(rows: readonly RunRow[]): Sql | undefined {
  const wanted = new Map<string, { readonly row: RunRow; readonly attachment: RunRow['attachments'][number] }>();
  for (const row of rows)
    for (const attachment of row.attachments) wanted.set(`${row.runId}${attachment.name}:${row.keepDays}:${row.day}`, { row, attachment });
  if (wanted.size === 0) return undefined;
  const runs = new BinaryArray(OID.uuid);
  const keeps = new BinaryArray(OID.int2);
  const days = new BinaryArray(OID.date);
  const projects = new BinaryArray(OID.int4);
  const names = new BinaryArray(OID.text);
  const types = new BinaryArray(OID.text);
  const bodies = new BinaryArray(OID.bytea);
  for (const [, { row, attachment }] of [...wanted].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    runs.uuid(row.runId);
    keeps.int2(row.keepDays);
    days.day(row.day);
    projects.int4(row.projectNo);
    names.text(cleanText(attachment.name));
    types.text(cleanText(attachment.mimeType));
    bodies.bytes(attachment.body);
  }
  return sql`insert into muster.trace_attachments (run_id, keep_days, day, project_no, name, mime_type, size, body)
    select run_id, keep_days, day, project_no, name, mime_type, length(body), body
    from unnest(${runs.finish()}::uuid[], ${keeps.finish()}::int2[], ${days.finish()}::date[], ${projects.finish()}::int4[],
      ${names.finish()}::text[], ${types.finish()}::text[], ${bodies.finish()}::bytea[]) as t(run_id, keep_days, day, project_no, name, mime_type, body)
    on conflict (run_id, name, keep_days, day) do update set mime_type = excluded.mime_type, size = excluded.size, body = excluded.body`;
}

/** The same feedback may come again, and later with more to say: null says nothing. Returns of each its run and project: without one, its run is not there yet. */
export function upsertFeedback(all: readonly NewFeedback[]): Sql | undefined {
  const feedback = new Map<string, NewFeedback>();
  for (const one of all) feedback.set(one.feedbackId, { ...feedback.get(one.feedbackId), ...one });
  if (feedback.size === 0) return undefined;
  const items = [...feedback.values()]
    .toSorted((a, b) => (a.feedbackId < b.feedbackId ? -1 : 1))
    .map(({ feedbackId, runId, traceId, projectId, key, score, value, comment, correction, source, extra }) => ({
      feedback_id: feedbackId,
      run_id: runId,
      trace_id: traceId,
      project_id: projectId,
      key: wellFormed(key),
      score,
      value,
      comment: comment === undefined ? undefined : wellFormed(comment),
      correction,
      source,
      extra,
    }));
  return sql`insert into muster.trace_feedback as f (feedback_id, run_id, trace_id, project_no, key, score, value, comment, correction, source, extra)
    select feedback_id, run_id, coalesce(i.trace_id, r.trace_id), coalesce(r.project_no, p.project_no), key, score, value, comment, correction, source, i.extra
    from json_to_recordset(${JSON.stringify(items)}::json) as i(feedback_id uuid, run_id uuid, trace_id uuid, project_id uuid, key text, score float8, value text,
      comment text, correction text, source text, extra text)
    left join lateral (select trace_id, project_no from muster.trace_runs where run_id = i.run_id limit 1) r on true
    left join muster.trace_projects p on i.run_id is null and p.project_id = i.project_id
    on conflict (feedback_id) do update set run_id = coalesce(excluded.run_id, f.run_id), trace_id = coalesce(excluded.trace_id, f.trace_id),
      project_no = coalesce(excluded.project_no, f.project_no), key = excluded.key, score = coalesce(excluded.score, f.score),
      value = coalesce(excluded.value, f.value), comment = coalesce(excluded.comment, f.comment),
      correction = coalesce(excluded.correction, f.correction), source = excluded.source, extra = coalesce(excluded.extra, f.extra),
      modified_at = clock_timestamp()
    returning run_id, project_no`;
}

export function insertQuarantine(
  refused: readonly (Refused & { readonly source: string })[],
  redact: (text: string) => string,
): Sql | undefined {
  if (refused.length === 0) return undefined;
  const columns = {
    source: refused.map(({ source }) => source),
    project: refused.map(({ project }) => (project === undefined ? null : wellFormed(project))),
    run: refused.map(({ runId }) => (runId === undefined ? null : wellFormed(runId).slice(0, 200))),
    reason: refused.map(({ reason }) => reason),
    message: refused.map(({ message }) => wellFormed(message).slice(0, 2_000)),
    size: refused.map(({ body }) => Buffer.byteLength(body)),
    body: refused.map(({ body }) => keptBody(body, redact)),
  };
  return sql`insert into muster.trace_quarantine (source, project, run_id, reason, message, size, body)
    select * from unnest(${columns.source}::text[], ${columns.project}::text[], ${columns.run}::text[], ${columns.reason}::text[],
      ${columns.message}::text[], ${columns.size}::int[], ${columns.body}::bytea[])`;
}

/** Redacted where it is text: the tables of runs hold no secret, and this one must not either. */
function keptBody(body: Buffer | string, redact: (text: string) => string): Buffer {
  const head = typeof body === 'string' ? body.slice(0, MOST_KEPT_BYTES) : body.toString('utf8', 0, MOST_KEPT_BYTES);
  return Buffer.from(redact(head), 'utf8').subarray(0, MOST_KEPT_BYTES);
}

/** PostgreSQL's text holds neither half a surrogate nor U+0000. */
export const wellFormed = (text: string): string => cleanText(Buffer.from(text, 'utf8').toString('utf8'));
