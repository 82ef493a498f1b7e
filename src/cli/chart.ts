/** One series to draw: values evenly spaced in time, null where nothing was measured. */
export type Line = readonly (number | null)[];

export interface ChartOptions {
  /** Terminal columns and rows of the plot itself, axis included. */
  readonly columns: number;
  readonly rows: number;
  readonly format: (value: number) => string;
}

/** Braille cells hold 2 × 4 dots: bits by column and row. */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/**
 * Draws one line in braille dots, with its highest and lowest value at the axis. Each dot column shows the range of the
 * points that fall on it, so that no peak is lost; a gap stays a gap.
 */
export function drawChart(line: Line, { columns, rows, format }: ChartOptions): readonly string[] {
  const values = line.filter((value): value is number => value !== null);
  if (values.length === 0) return ['(nothing was measured)'];
  const high = Math.max(...values);
  const low = Math.min(...values);
  const labels = [format(high), format(low)];
  const margin = Math.max(...labels.map((label) => label.length));
  const width = Math.max(4, columns - margin - 2);
  const cells = Array.from({ length: rows }, () => new Uint8Array(width));
  const dotRows = rows * 4;
  const rowOf = (value: number): number => (high === low ? dotRows / 2 : Math.round(((high - value) / (high - low)) * (dotRows - 1)));

  let before: number | null = null;
  for (let dot = 0; dot < width * 2; dot++) {
    const first = Math.floor((dot / (width * 2)) * line.length);
    const next = Math.max(first + 1, Math.floor(((dot + 1) / (width * 2)) * line.length));
    const here = line.slice(first, next).filter((value): value is number => value !== null);
    if (here.length === 0) {
      before = null;
      continue;
    }
    const ends: readonly number[] = before === null ? here : [...here, before];
    const top = rowOf(Math.max(...ends));
    const bottom = rowOf(Math.min(...ends));
    for (let row = top; row <= bottom; row++) {
      const cell = cells[Math.min(rows - 1, row >> 2)];
      if (cell !== undefined) cell[dot >> 1] = (cell[dot >> 1] ?? 0) | (DOTS[dot % 2 === 0 ? 0 : 1][row % 4] ?? 0);
    }
    before = here.at(-1) ?? null;
  }
  return cells.map((cell, row) => {
    const label = row === 0 ? labels[0] : row === rows - 1 ? labels[1] : '';
    const axis = row === 0 || row === rows - 1 ? '┤' : '│';
    return `${(label ?? '').padStart(margin)} ${axis}${String.fromCodePoint(...[...cell].map((bits) => 0x2800 + bits))}`;
  });
}
