import { runTypeOf, statusOf } from './words.ts';

/** A run as it leaves: columns as text, JSON as it came. */
export interface ExportedRun {
  readonly run_id: string;
  readonly trace_id: string;
  readonly parent_run_id: string | null;
  readonly project: string;
  readonly keep_days: number;
  readonly day: string;
  readonly start_time: string;
  readonly end_time: string | null;
  readonly first_token_time: string | null;
  readonly run_type: number;
  readonly status: number;
  readonly name: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly thread_id: string | null;
  readonly user_id: string | null;
  readonly prompt: string | null;
  readonly tags: readonly string[] | null;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly total_tokens: number | null;
  readonly input_cost: string | null;
  readonly output_cost: string | null;
  readonly total_cost: string | null;
  readonly reference_example_id: string | null;
  readonly texts: Readonly<Record<TextColumn, string | null>>;
}

export const TEXT_COLUMNS = ['usage', 'inputs', 'outputs', 'error', 'extra', 'events', 'serialized', 'rest'] as const;
export type TextColumn = (typeof TEXT_COLUMNS)[number];

/** One line of NDJSON. What clients sent as JSON stands in it as they sent it: no number and no order of keys is lost. */
export function ndjsonLine(run: ExportedRun, cursor: string): string {
  const { texts, keep_days: _keepDays, day: _day, ...columns } = run;
  const plain = JSON.stringify({ type: 'run', ...columns, run_type: runTypeOf(run.run_type), status: statusOf(run.status) });
  let line = plain.slice(0, -1);
  for (const column of TEXT_COLUMNS) {
    const text = texts[column];
    // White space between values may hold line breaks; strings cannot.
    line += `,"${column}":${text === null ? 'null' : text.includes('\n') || text.includes('\r') ? text.replace(/[\n\r]+/g, ' ') : text}`;
  }
  return `${line},"cursor":${JSON.stringify(cursor)}}\n`;
}

const CSV_COLUMNS = [
  'run_id',
  'trace_id',
  'parent_run_id',
  'project',
  'name',
  'run_type',
  'status',
  'start_time',
  'end_time',
  'first_token_time',
  'model',
  'provider',
  'thread_id',
  'user_id',
  'prompt',
  'tags',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'input_cost',
  'output_cost',
  'total_cost',
  'reference_example_id',
  'error',
  'inputs',
  'outputs',
  'extra',
  'cursor',
] as const;

export const CSV_HEAD = `${CSV_COLUMNS.join(',')}\r\n`;

export function csvLine(run: ExportedRun, cursor: string): string {
  const values: Readonly<Record<(typeof CSV_COLUMNS)[number], string | number | null>> = {
    ...run,
    ...run.texts,
    run_type: runTypeOf(run.run_type),
    status: statusOf(run.status),
    tags: run.tags === null ? null : run.tags.join(' '),
    cursor,
  };
  return `${CSV_COLUMNS.map((column) => cell(values[column])).join(',')}\r\n`;
}

/** A cell that a spreadsheet would take for a formula is text to it with an apostrophe in front. */
export function cell(value: string | number | null): string {
  if (value === null) return '';
  const text = String(value);
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(?:\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
