import { expect, test } from 'vitest';
import { behindAlert } from './behind-alert.ts';

const alert = (metric: string, labels: Readonly<Record<string, string>> = {}, resolved: string | null = null) =>
  behindAlert({ metric_name: metric, labels, started_at: '2026-01-31T12:00:00.000Z', resolved_at: resolved })?.href;
const asked = (href: string | undefined) => Object.fromEntries(new URL(href ?? '', 'http://here').searchParams);

test.each([
  ['trace_quarantined_total', '/traces/quarantine'],
  ['trace_gateway_lost_total', '/traces/gateway'],
  ['trace_provider_failing_seconds', '/traces/gateway'],
])('an alert about %s leads to %s', (metric, href) => {
  expect(alert(metric)).toBe(href);
});

test('an alert about a project leads to what is behind its figure, from an hour before it fired until it was over', () => {
  const from = '2026-01-31T11:00:00.000Z';
  expect(asked(alert('trace_budget_usage_ratio', { project: 'shop & co' }))).toEqual({
    project: 'shop & co',
    by: 'model',
    order: 'total_cost',
  });
  expect(asked(alert('llm_error_ratio', { project: 'shop' }))).toEqual({ project: 'shop', status: 'error', all: '1', from });
  expect(asked(alert('llm_score_failure_ratio', { project: 'shop', key: 'not_empty' }, '2026-01-31T13:00:00.000Z'))).toEqual({
    project: 'shop',
    filter: 'and(eq(feedback_key, "not_empty"), lt(feedback_score, 0.5))',
    all: '1',
    from,
    to: '2026-01-31T13:00:00.000Z',
  });
  expect(asked(alert('llm_latency_seconds', { project: 'shop' }))).toEqual({ project: 'shop', from });
});

test('an alert about anything else leads nowhere from here', () => {
  expect(alert('health_score', { project: 'shop' })).toBeUndefined();
  expect(alert('trace_reader_lag_seconds', { reader: 'search' })).toBeUndefined();
});
