import type { ReactNode } from 'react';
import { Button } from './primitives.tsx';

/** What a list that comes in pages says of itself. */
export interface Paged {
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly fetchNextPage: () => Promise<unknown>;
}

/** The foot of a list that comes in pages; nothing where all is there. */
export function More({ list, children = 'More' }: { readonly list: Paged; readonly children?: string }): ReactNode {
  if (!list.hasNextPage) return null;
  return (
    <p className="border-t border-line p-2 text-center">
      <Button kind="ghost" icon="down" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
        {children}
      </Button>
    </p>
  );
}
