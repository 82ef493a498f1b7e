import { randomUUID } from 'node:crypto';
import { MusterError } from '../../../base/errors.ts';
import { BASE_SPLIT, type Example, type ExampleFields } from './dataset.ts';
import { isUuid } from './datasets.ts';

/** Examples as files: JSON Lines, a line an example, or CSV with the columns inputs, outputs, metadata and splits as JSON. */
export const FORMATS = ['jsonl', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

const COLUMNS = ['id', 'inputs', 'outputs', 'metadata', 'splits'] as const;
const MOST_ROWS = 20_000;

export const headerOf = (format: Format): string => (format === 'csv' ? `${COLUMNS.join(',')}\r\n` : '');

export function lineOf(format: Format, { exampleId, inputs, outputs, metadata, splits }: Example): string {
  if (format === 'jsonl')
    return `{"id":"${exampleId}","inputs":${oneLine(inputs)},"outputs":${oneLine(outputs ?? 'null')},"metadata":${JSON.stringify(metadata)},"splits":${JSON.stringify(splits)}}\n`;
  return `${[exampleId, oneLine(inputs), outputs === null ? '' : oneLine(outputs), JSON.stringify(metadata), JSON.stringify(splits)].map(quoted).join(',')}\r\n`;
}

/** White space between tokens may hold line breaks; within texts JSON has none. */
const oneLine = (json: string): string => json.replace(/[\r\n]+/g, ' ');

/** A cell that a spreadsheet would take for a formula is none: these are JSON and ids. */
const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/**
 * Reads a file of examples. CSV without the column `inputs` is a table of plain values: the columns named become inputs and outputs. Throws
 * INVALID_INPUT with the number of the line.
 */
export function readExamples(
  format: Format,
  text: string,
  columns: { readonly inputs?: readonly string[] | undefined; readonly outputs?: readonly string[] | undefined } = {},
): readonly ExampleFields[] {
  const examples = format === 'jsonl' ? fromLines(text) : fromCsv(text, columns);
  if (examples.length > MOST_ROWS)
    throw new MusterError('TOO_LARGE', `more than ${MOST_ROWS} examples at once`, { remedy: 'Send them in several.' });
  return examples;
}

function fromLines(text: string): readonly ExampleFields[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const value = jsonAt(line, index + 1);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(index + 1, 'is no JSON object');
    const { id, inputs, outputs, metadata, splits, split } = value as Readonly<Record<string, unknown>>;
    if (inputs === undefined || inputs === null) throw bad(index + 1, 'has no inputs');
    return [
      {
        exampleId: typeof id === 'string' && isUuid(id) ? id.toLowerCase() : randomUUID(),
        inputs: JSON.stringify(inputs),
        outputs: outputs === undefined || outputs === null ? null : JSON.stringify(outputs),
        metadata: typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>) : {},
        splits: splitsOf(splits ?? split),
      },
    ];
  });
}

function fromCsv(
  text: string,
  columns: { readonly inputs?: readonly string[] | undefined; readonly outputs?: readonly string[] | undefined },
): readonly ExampleFields[] {
  const [header, ...rows] = readCsv(text);
  if (header === undefined) throw bad(1, 'is empty');
  const at = (name: string): number => header.indexOf(name);
  const missing = [...(columns.inputs ?? []), ...(columns.outputs ?? [])].find((name) => at(name) === -1);
  if (missing !== undefined) throw bad(1, `has no column ${missing}`);
  if (columns.inputs === undefined && at('inputs') === -1) throw bad(1, 'has no column inputs: say which columns are');
  return rows.map((row, index) => {
    const cell = (name: string): string => row[at(name)] ?? '';
    const values = (names: readonly string[]): string => JSON.stringify(Object.fromEntries(names.map((name) => [name, cell(name)])));
    const json = (name: string): unknown => (cell(name) === '' ? undefined : jsonAt(cell(name), index + 2));
    if (columns.inputs !== undefined)
      return {
        exampleId: randomUUID(),
        inputs: values(columns.inputs),
        outputs: columns.outputs === undefined || columns.outputs.length === 0 ? null : values(columns.outputs),
      };
    json('inputs');
    json('outputs');
    const metadata = json('metadata');
    return {
      exampleId: isUuid(cell('id')) ? cell('id').toLowerCase() : randomUUID(),
      inputs: cell('inputs') === '' ? '{}' : cell('inputs'),
      outputs: cell('outputs') === '' ? null : cell('outputs'),
      metadata: typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>) : {},
      splits: splitsOf(json('splits')),
    };
  });
}

function splitsOf(value: unknown): readonly string[] {
  const splits = [value].flat().filter((split): split is string => typeof split === 'string' && split !== '');
  return splits.length === 0 ? [BASE_SPLIT] : splits;
}

/** RFC 4180: quotes double, lines may end in CRLF or LF, and a quoted cell may hold both. */
export function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  while (at < text.length) {
    let cell = '';
    if (text[at] === '"') {
      const opened = at;
      for (;;) {
        const end = text.indexOf('"', at + 1);
        if (end === -1) throw bad(rows.length + 1, `has a quote that is never closed, at character ${opened}`);
        cell += text.slice(at + 1, end);
        at = end + 1;
        if (text[at] !== '"') break;
        cell += '"';
      }
    }
    const rest = /[^,\r\n]*/y;
    rest.lastIndex = at;
    cell += rest.exec(text)?.[0] ?? '';
    at = rest.lastIndex;
    row.push(cell);
    if (text[at] === ',') {
      at += 1;
      if (at === text.length) row.push('');
      continue;
    }
    at += text.startsWith('\r\n', at) ? 2 : 1;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

function jsonAt(text: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw bad(line, `holds what is no JSON: ${text.slice(0, 60)}`);
  }
}

const bad = (line: number, what: string): MusterError => new MusterError('INVALID_INPUT', `line ${line} ${what}`);
