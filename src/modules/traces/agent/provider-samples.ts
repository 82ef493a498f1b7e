import { failingSeconds, FAILURE_REASONS, type HealthRecord } from '../gateway/index.ts';
import type { Counter } from './counters.ts';

/**
 * How providers fare, as metrics. One that was measured before and is gone is measured once more, as failing no longer: of a series that only
 * falls silent nobody knows whether it is well, so an alert about it would stay open for an hour.
 */
export function providerSamples(health: readonly HealthRecord[], before: ReadonlySet<string>, now: number): readonly Counter[] {
  const there = new Set(health.map(({ name }) => name));
  const samples: Counter[] = [];
  for (const record of health) {
    const failing = failingSeconds(record, now);
    for (const reason of FAILURE_REASONS) {
      const labels = { provider: record.name, reason };
      samples.push({ name: 'trace_provider_failures_total', labels, count: record.counts[reason] });
      samples.push({ name: 'trace_provider_failing_seconds', labels, count: failing[reason] });
    }
  }
  for (const provider of before)
    if (!there.has(provider))
      for (const reason of FAILURE_REASONS)
        samples.push({ name: 'trace_provider_failing_seconds', labels: { provider, reason }, count: 0 });
  return samples;
}
