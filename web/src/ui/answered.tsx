import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { problemOf } from '../api/problem.ts';
import { ProblemNote, Skeleton } from './primitives.tsx';

/** What a question was answered with; until then its shape, and where that failed, why. */
export function Answered<Answer>({
  query,
  children,
}: {
  readonly query: UseQueryResult<Answer>;
  readonly children: (answer: Answer) => ReactNode;
}): ReactNode {
  if (query.data !== undefined) return children(query.data);
  if (!query.isPending) return <ProblemNote problem={problemOf(query.error)} retry={() => void query.refetch()} />;
  return (
    <div className="flex flex-col gap-4 p-4">
      <Skeleton className="h-6" />
      <Skeleton className="h-6" />
    </div>
  );
}
