import type { ReactNode, SelectHTMLAttributes } from 'react';
import { Icon } from './icons.tsx';

export interface SelectProps extends SelectHTMLAttributes<HTMLSelectElement> {
  /** Spoken; the chosen option says it to the eye. */
  readonly label: string;
}

/** The platform's own list under a quiet arrow. */
export function Select({ label, className = '', children, ...rest }: SelectProps): ReactNode {
  return (
    <span className={`relative inline-flex items-center ${className}`}>
      <select
        aria-label={label}
        className="h-8 w-full appearance-none rounded-md border border-line-strong bg-surface pr-8 pl-2.5 text-ink hover:bg-raised"
        {...rest}
      >
        {children}
      </select>
      <Icon name="down" className="pointer-events-none absolute right-2 size-3.5 text-ink-3" />
    </span>
  );
}
