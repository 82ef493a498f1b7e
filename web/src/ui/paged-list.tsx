import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { problemOf } from '../api/problem.ts';
import { More } from './more.tsx';
import { ProblemNote, Skeleton } from './primitives.tsx';

/** A list that comes in pages: until then its shape, where that failed why, `empty` where there is nothing, and a foot where there is more. */
export function PagedList<Item>({
  list,
  empty,
  more = 'More',
  children,
}: {
  readonly list: UseInfiniteQueryResult<InfiniteData<{ readonly items: readonly Item[] }>>;
  readonly empty: ReactNode;
  /** What the foot says. */
  readonly more?: string;
  readonly children: (items: readonly Item[]) => ReactNode;
}): ReactNode {
  if (list.isPending)
    return (
      <div className="p-4">
        <Skeleton className="h-8" />
      </div>
    );
  if (list.data === undefined) return <ProblemNote problem={problemOf(list.error)} retry={() => void list.refetch()} />;
  const items = list.data.pages.flatMap((page) => page.items);
  return (
    <>
      {items.length === 0 ? empty : children(items)}
      <More list={list}>{more}</More>
    </>
  );
}
