import type { ReactNode } from 'react';

/** Four at the roll call, one of them answering. */
export function Mark({ className = 'size-6' }: { readonly className?: string }): ReactNode {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className={className}>
      <g className="fill-ink">
        <rect x="2" y="5" width="3" height="14" rx="1.5" />
        <rect x="7.67" y="5" width="3" height="14" rx="1.5" />
        <rect x="13.33" y="5" width="3" height="14" rx="1.5" />
      </g>
      <rect x="19" y="5" width="3" height="14" rx="1.5" className="fill-ok" />
    </svg>
  );
}
