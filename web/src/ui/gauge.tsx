import type { ReactNode } from 'react';
import { formatRatio } from './format.ts';

/** How much of a limit is used: 0 to 1, and beyond. Of nothing that is allowed, all is. */
export const shareOf = (used: number, limit: number): number => (limit === 0 ? 1 : used / limit);

/** What is used of what is allowed; from four fifths on it is said in colour too. */
export function Gauge({
  name,
  used,
  limit,
  format,
}: {
  /** Spoken. */
  readonly name: string;
  readonly used: number;
  readonly limit: number;
  readonly format: (value: number) => string;
}): ReactNode {
  const share = shareOf(used, limit);
  const tone = share >= 1 ? 'bad' : share >= 0.8 ? 'warn' : undefined;
  return (
    <span className="block min-w-28">
      <span className={tone === undefined ? '' : tone === 'bad' ? 'font-medium text-bad' : 'font-medium text-warn'}>{format(used)}</span>
      <span className="text-ink-2"> of {format(limit)}</span>
      <span
        role="meter"
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(100, Math.round(share * 100))}
        aria-valuetext={`${format(used)} of ${format(limit)}, ${formatRatio(share)}`}
        className="mt-1 block h-1 overflow-hidden rounded-full bg-line"
      >
        <span
          className={`block h-full ${tone === 'bad' ? 'bg-bad' : tone === 'warn' ? 'bg-warn' : 'bg-accent'}`}
          style={{ width: `${Math.min(100, share * 100)}%` }}
        />
      </span>
    </span>
  );
}
