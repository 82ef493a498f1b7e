import { stripVTControlCharacters } from 'node:util';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Narrowed first, down to this many columns, where the terminal is too small. */
  readonly shrinkTo?: number;
}

/** Rows under titles, aligned by what is seen (colours count nothing), never wider than `width`. */
export function drawTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  title: (text: string) => string = (text) => text,
): string {
  const widths = columns.map((column, index) => Math.max(column.title.length, ...rows.map((row) => visibleLength(row[index] ?? ''))));
  let excess = widths.reduce((sum, each) => sum + each, 0) + 2 * (columns.length - 1) - width;
  for (const [index, column] of columns.entries()) {
    if (excess <= 0 || column.shrinkTo === undefined) continue;
    const taken = Math.min(excess, Math.max(0, (widths[index] ?? 0) - column.shrinkTo));
    widths[index] = (widths[index] ?? 0) - taken;
    excess -= taken;
  }
  const line = (cells: readonly string[], paint: (text: string) => string): string =>
    cells
      .map((cell, index) => paint(pad(cell, widths[index] ?? 0, columns[index]?.align ?? 'left')))
      .join('  ')
      .trimEnd();
  return [
    line(
      columns.map((column) => column.title),
      title,
    ),
    ...rows.map((row) => line(row, (text) => text)),
  ].join('\n');
}

/** How many terminal columns a text takes; wide East Asian characters and emoji count two. */
export function visibleLength(text: string): number {
  let length = 0;
  for (const { segment } of segments.segment(stripVTControlCharacters(text))) length += WIDE.test(segment) ? 2 : 1;
  return length;
}

const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

function pad(cell: string, width: number, align: 'left' | 'right'): string {
  const fitted = visibleLength(cell) > width ? shorten(cell, width) : cell;
  const space = ' '.repeat(Math.max(0, width - visibleLength(fitted)));
  return align === 'right' ? space + fitted : fitted + space;
}

/** The beginning of a text and `…`, in `width` columns; loses colours, which could be cut open. */
export function shorten(text: string, width: number): string {
  const plain = stripVTControlCharacters(text);
  if (visibleLength(plain) <= width) return text;
  let kept = '';
  let length = 0;
  for (const { segment } of segments.segment(plain)) {
    length += WIDE.test(segment) ? 2 : 1;
    if (length > width - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** Text from outside on its way to a terminal: without control characters, so that a name cannot move the cursor. */
export const printable = (text: string): string => stripVTControlCharacters(text).replace(/[\p{Cc}\u2028\u2029]+/gu, ' ');
