import type { Outcome } from './results.ts';

/** A number as a person reads it: three significant digits, no more. */
export function readable(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

/** Rows of a table figure | bar | measured | verdict, its head first; with a column for peers where some figure has one. */
export function figureRows(outcomes: readonly Outcome[]): readonly (readonly string[])[] {
  const hasPeer = outcomes.some(({ peer }) => peer !== undefined);
  const rows = outcomes.map(({ title, bar, better, peer, unit, value, verdict }) => [
    title,
    bar === undefined ? '' : `${better === 'less' ? '≤' : '≥'} ${readable(bar)} ${unit}`,
    `${readable(value)} ${unit}`,
    ...(hasPeer ? [peer === undefined ? '' : `${peer.name}: ${readable(peer.value)} ${unit}${peer.isMeasured ? '' : ' (earlier)'}`] : []),
    verdict,
  ]);
  return [['figure', 'bar', 'measured', ...(hasPeer ? ['peer'] : []), 'verdict'], ...rows];
}

/** The same in columns, line by line. */
export const figureTable = (outcomes: readonly Outcome[]): string[] => alignColumns(figureRows(outcomes));

export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
