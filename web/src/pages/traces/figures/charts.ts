import type { ChartSeries } from '../../../charts/align.ts';
import type { FigureSeries } from './types.ts';

export interface FigureChart {
  readonly title: string;
  readonly unit: string;
  /** One for each line; where the figures are grouped, the first one for each group. */
  readonly metrics: readonly { readonly metric: string; readonly label: string }[];
  readonly absence: string;
}

export const figureCharts: readonly FigureChart[] = [
  {
    title: 'Runs',
    unit: '',
    metrics: [
      { metric: 'runs', label: 'runs' },
      { metric: 'traces', label: 'traces' },
    ],
    absence: 'No run in this time.',
  },
  { title: 'Errors', unit: '', metrics: [{ metric: 'errors', label: 'errors' }], absence: 'No run in this time.' },
  {
    title: 'Latency',
    unit: 'seconds',
    metrics: [
      { metric: 'latency_p95_seconds', label: '95 %' },
      { metric: 'latency_p50_seconds', label: 'half' },
      { metric: 'latency_p99_seconds', label: '99 %' },
    ],
    absence: 'No run ended in this time.',
  },
  {
    title: 'Time to first token',
    unit: 'seconds',
    metrics: [
      { metric: 'first_token_p95_seconds', label: '95 %' },
      { metric: 'first_token_p50_seconds', label: 'half' },
    ],
    absence: 'No run in this time streamed and told when its first token came.',
  },
  {
    title: 'Tokens',
    unit: '',
    metrics: [
      { metric: 'total_tokens', label: 'all' },
      { metric: 'cached_tokens', label: 'of them cached' },
      { metric: 'completion_tokens', label: 'of them answers' },
    ],
    absence: 'No call of a model in this time told its tokens.',
  },
  { title: 'Cost', unit: 'usd', metrics: [{ metric: 'total_cost', label: 'cost' }], absence: 'No call in this time has a price.' },
];

export const allMetrics: readonly string[] = [...new Set(figureCharts.flatMap(({ metrics }) => metrics.map(({ metric }) => metric)))];

/** The lines of a chart, and which series each of them is. */
export function linesOf(
  chart: FigureChart,
  items: readonly FigureSeries[],
  grouped: boolean,
): readonly (ChartSeries & { readonly source: FigureSeries })[] {
  const wanted = grouped ? chart.metrics.slice(0, 1) : chart.metrics;
  return wanted.flatMap(({ label, metric }) =>
    items
      .filter((each) => each.metric === metric)
      .map((source) => ({
        label: grouped ? groupName(source.group) : label,
        points: source.points.map(([at, value]) => [at, value] as const),
        source,
      })),
  );
}

export const groupName = (group: string | null): string => (group === null ? 'others' : group === '' ? 'none' : group);
