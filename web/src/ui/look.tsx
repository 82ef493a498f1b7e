import type { ReactNode } from 'react';
import { Icon, type IconName } from './icons.tsx';

/** How a state looks: a shape and a word of its own, which the colour only repeats. */
export interface Look {
  readonly icon: IconName;
  readonly colour: string;
  readonly label: string;
}

export function Mark({ look }: { readonly look: Look }): ReactNode {
  return (
    <span className={`inline-flex items-center gap-1.5 align-middle font-medium whitespace-nowrap ${look.colour}`}>
      <Icon name={look.icon} className="size-3.5" />
      {look.label}
    </span>
  );
}
