import type { ReactNode } from 'react';
import { formatCount } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';

/** 0 to 100; below 70 marked by a shape too. Unknown is a dash, never 0. */
export function HealthFigure({ score }: { readonly score: number | null }): ReactNode {
  if (score === null) {
    return (
      <span className="text-ink-3" title="not known yet">
        <span aria-hidden="true">–</span>
        <span className="sr-only">unknown</span>
      </span>
    );
  }
  if (score >= 70) return formatCount(Math.round(score));
  return (
    <span className={`inline-flex items-center gap-1 align-middle font-medium ${score < 50 ? 'text-bad' : 'text-warn'}`}>
      <Icon name={score < 50 ? 'critical' : 'warning'} className="size-3.5" />
      {formatCount(Math.round(score))}
    </span>
  );
}
