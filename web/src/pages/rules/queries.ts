import { queryOptions } from '@tanstack/react-query';
import { call } from '../../api/client.ts';
import type { Page } from '../../api/types.ts';
import type { RuleRecord, RuleTarget } from './types.ts';

const everyMs = 5_000;

export const ruleQueries = {
  rules: () =>
    queryOptions({
      queryKey: ['rules'],
      queryFn: ({ signal }) => call<Page<RuleRecord>>('/rules', { query: { limit: 1_000 }, signal }),
      refetchInterval: everyMs,
    }),
  rule: (name: string) =>
    queryOptions({
      queryKey: ['rule', name],
      queryFn: ({ signal }) => call<RuleRecord>(`/rules/${encodeURIComponent(name)}`, { signal }),
      refetchInterval: everyMs,
    }),
  targets: (name: string) =>
    queryOptions({
      queryKey: ['rule', name, 'targets'],
      queryFn: ({ signal }) =>
        call<{ readonly items: readonly RuleTarget[] }>(`/rules/${encodeURIComponent(name)}/targets`, { query: { limit: 100 }, signal }),
      refetchInterval: everyMs,
    }),
  metricNames: () =>
    queryOptions({
      queryKey: ['metric-names'],
      queryFn: ({ signal }) =>
        call<Page<{ readonly metric_name: string; readonly unit: string }>>('/metrics/names', { query: { limit: 1_000 }, signal }),
      staleTime: 60_000,
    }),
};
