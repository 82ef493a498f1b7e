import { expect, test } from 'vitest';
import type { HealthRecord } from '../gateway/index.ts';
import { providerSamples } from './provider-samples.ts';

const REFUSED: HealthRecord = {
  name: 'main',
  enabled: true,
  counts: { key_refused: 3, over_limit: 0, failed: 1 },
  streak: 2,
  since: 10_000,
  failedAt: 20_000,
  reason: 'key_refused',
  said: 'it answered 401',
  answeredAt: 5_000,
};

test('a provider is measured by every reason, so that one that mends is seen to mend', () => {
  const samples = providerSamples([REFUSED], new Set(), 70_000);
  expect(samples.map(({ count, labels, name }) => `${name} ${labels['provider']} ${labels['reason']} ${count}`)).toEqual([
    'trace_provider_failures_total main key_refused 3',
    'trace_provider_failing_seconds main key_refused 60',
    'trace_provider_failures_total main over_limit 0',
    'trace_provider_failing_seconds main over_limit 0',
    'trace_provider_failures_total main failed 1',
    'trace_provider_failing_seconds main failed 0',
  ]);
});

test('one that is gone fails no longer, and is measured no more after that', () => {
  const gone = providerSamples([], new Set(['main']), 70_000);
  expect(gone.map(({ count, labels, name }) => [name, labels['reason'], count])).toEqual([
    ['trace_provider_failing_seconds', 'key_refused', 0],
    ['trace_provider_failing_seconds', 'over_limit', 0],
    ['trace_provider_failing_seconds', 'failed', 0],
  ]);
  expect(providerSamples([], new Set(), 70_000)).toEqual([]);
});
