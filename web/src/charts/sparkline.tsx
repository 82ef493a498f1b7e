import type { ReactNode } from 'react';
import type { Point } from '../api/types.ts';
import { extentOf } from './align.ts';

const width = 80;
const height = 20;

/** A line without axes that stands on zero, for a row of a table; gaps stay gaps. Decoration: the row says the figure. */
export function Sparkline({ points }: { readonly points: readonly Point[] }): ReactNode {
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
      focusable="false"
      className="h-5 w-20 fill-none stroke-[var(--series-1)] stroke-[1.25] [stroke-linejoin:round]"
    >
      <path d={sparkPath(points)} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

export function sparkPath(points: readonly Point[]): string {
  const extent = extentOf(points);
  const first = points[0];
  const last = points.at(-1);
  if (!extent || !first || !last) return '';
  const span = extent.highest - Math.min(0, extent.lowest);
  const time = Math.max(1, last[0] - first[0]);
  let path = '';
  let pen = false;
  for (const [at, value] of points) {
    if (value === null) {
      pen = false;
      continue;
    }
    const x = ((at - first[0]) / time) * width;
    const y = span === 0 ? height - 2 : height - 2 - ((value - Math.min(0, extent.lowest)) / span) * (height - 4);
    path += `${pen ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = true;
  }
  return path;
}
