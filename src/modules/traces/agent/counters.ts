import type { Tally } from '../settings/index.ts';
import type { TRACE_METRICS } from './metrics.ts';

export interface Counter {
  readonly name: keyof typeof TRACE_METRICS;
  readonly labels: Readonly<Record<string, string>>;
  readonly count: number;
}

/** Growth is seen between two samples: who only began with the first loss would never be seen to grow by it. */
const FROM_NOTHING: readonly Tally[] = [
  { name: 'gateway_unlogged', label: '', count: 0 },
  { name: 'gateway_unaccounted', label: '', count: 0 },
];

/** What servers counted together, as metrics. */
export function counters(tally: readonly Tally[]): readonly Counter[] {
  const never = FROM_NOTHING.filter(({ name }) => !tally.some((one) => one.name === name));
  return [...never, ...tally].map(counterOf);
}

function counterOf({ count, label, name }: Tally): Counter {
  switch (name) {
    case 'redacted':
      return { name: 'trace_redactions_total', labels: { kind: label }, count };
    case 'sampled_out':
      return { name: 'trace_sampled_out_total', labels: {}, count };
    case 'deleted':
      return { name: 'trace_rows_expired_total', labels: {}, count };
    case 'gateway_unlogged':
      return { name: 'trace_gateway_lost_total', labels: { what: 'run' }, count };
    case 'gateway_unaccounted':
      return { name: 'trace_gateway_lost_total', labels: { what: 'account' }, count };
  }
}
