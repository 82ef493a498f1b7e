import { randomUUID } from 'node:crypto';
import type { NewFeedback, Refused } from '../intake/intake.ts';
import { isTooDeep, MOST_LEVELS } from '../json/depth.ts';
import { readTrail, TRAIL_FIELD } from '../origin/trail.ts';
import { uuidOf } from '../run/uuid.ts';

const LONGEST_KEY = 200;
const SOURCES = ['api', 'app', 'model', 'heuristic'] as const;
const READ = new Set(['id', 'run_id', 'trace_id', 'key', 'score', 'value', 'comment', 'correction']);

/** Feedback as the LangSmith protocol writes it. What has no column is kept as it came. */
export function readFeedback(said: unknown, text: string, idHint?: string): NewFeedback | Refused {
  const refused = (message: string): Refused => ({ reason: 'bad_feedback', message, runId: uuidOf(fieldsOf(said)['run_id']), body: text });
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return refused('feedback is a JSON object');
  // Whoever reads it gets it within a list of others, which must not be lost for it.
  if (isTooDeep(text)) return refused(`feedback is nested deeper than ${MOST_LEVELS} levels`);
  const fields = fieldsOf(said);
  const { id, key, score } = fields;
  const feedbackId = id === undefined && idHint === undefined ? randomUUID() : uuidOf(idHint ?? id);
  if (feedbackId === undefined) return refused('the id of feedback is a UUID');
  if (typeof key !== 'string' || key === '' || key.length > LONGEST_KEY) return refused(`key is a text of 1 to ${LONGEST_KEY} characters`);
  if (score !== undefined && score !== null && typeof score !== 'boolean' && !(typeof score === 'number' && Number.isFinite(score)))
    return refused('score is a number, true, false or null');
  const runId = uuidOf(fields['run_id']);
  const rest = Object.fromEntries(Object.entries(fields).filter(([name, value]) => !READ.has(name) && value !== null));
  return {
    feedbackId,
    runId,
    projectId: runId === undefined ? uuidOf(fields['session_id']) : undefined,
    traceId: uuidOf(fields['trace_id']),
    key,
    score: typeof score === 'number' ? score : typeof score === 'boolean' ? Number(score) : undefined,
    value: jsonOf(fields['value']),
    comment: typeof fields['comment'] === 'string' ? fields['comment'] : undefined,
    correction: jsonOf(fields['correction']),
    source: sourceOf(fields['feedback_source']),
    extra: Object.keys(rest).length === 0 ? undefined : JSON.stringify(rest),
    trail: readTrail(fields[TRAIL_FIELD]),
  };
}

export const isRefusedFeedback = (read: NewFeedback | Refused): read is Refused => 'reason' in read;

const fieldsOf = (said: unknown): Readonly<Record<string, unknown>> =>
  typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {};

function sourceOf(source: unknown): NewFeedback['source'] {
  const { type } = fieldsOf(source);
  return SOURCES.find((known) => known === type) ?? 'api';
}

const jsonOf = (value: unknown): string | undefined => (value === null || value === undefined ? undefined : JSON.stringify(value));
