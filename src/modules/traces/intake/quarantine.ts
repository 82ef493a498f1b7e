/** Why something lies in trace_quarantine. Codes are stable: programs and alerts name them. */
export const REASONS = {
  bad_json: 'is not valid JSON',
  bad_run: 'is not what a run can be',
  bad_span: 'is not what a span can be',
  bad_feedback: 'is not what feedback can be',
  wrong_project: 'belongs to a project that the key may not write to',
  unknown_project: 'names a project by an id that nobody has',
  unknown_part: 'is a part of a request that nobody here knows',
  no_run: 'added to a run that nobody has begun within a day',
  refused_by_database: 'could not be stored',
} as const;

export type Reason = keyof typeof REASONS;

/** What is kept of a body. */
export const MOST_KEPT_BYTES = 65_536;
