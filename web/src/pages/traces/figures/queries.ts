import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from '../../../api/client.ts';
import type { Grouping, Order, SeriesAnswer, Stats } from './types.ts';

export interface FigureQuestion {
  readonly project: string;
  readonly seconds: number;
  readonly groupBy: Grouping | '';
  readonly orderBy: Order;
}

const everyMs = 15_000;
/** Groups in the table; and lines that can still be told apart in a chart. */
const mostGroups = 50;
const mostLines = 5;

const common = ({ groupBy, orderBy, project, seconds }: FigureQuestion): Readonly<Record<string, string>> => ({
  project,
  from: `now-${seconds}s`,
  to: 'now',
  group_by: groupBy,
  order_by: orderBy,
});

export const figureQueries = {
  stats: (question: FigureQuestion) =>
    queryOptions({
      queryKey: ['traces', 'stats', question],
      queryFn: ({ signal }) => call<Stats>('/traces/stats', { query: { ...common(question), limit: mostGroups }, signal }),
      refetchInterval: everyMs,
      placeholderData: keepPreviousData,
    }),

  series: (question: FigureQuestion, metrics: readonly string[]) =>
    queryOptions({
      queryKey: ['traces', 'series', question, metrics],
      queryFn: ({ signal }) =>
        call<SeriesAnswer>('/traces/series', {
          query: { ...common(question), metrics: metrics.join(','), points: 60, ...(question.groupBy === '' ? {} : { limit: mostLines }) },
          signal,
        }),
      refetchInterval: everyMs,
      placeholderData: keepPreviousData,
    }),
};
