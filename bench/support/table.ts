import type { Outcome } from './results.ts';

/** A number as a person reads it: three significant digits, no more. */
export function readable(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

/** Lines of a table figure | bar | measured | verdict. */
export function figureTable(outcomes: readonly Outcome[]): string[] {
  const rows = outcomes.map(({ title, bar, better, unit, value, verdict }) => [
    title,
    bar === undefined ? '' : `${better === 'less' ? '≤' : '≥'} ${readable(bar)} ${unit}`,
    `${readable(value)} ${unit}`,
    verdict,
  ]);
  return alignColumns([['figure', 'bar', 'measured', 'verdict'], ...rows]);
}

export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
