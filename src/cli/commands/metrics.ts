import { MusterError } from '../../base/errors.ts';
import { durationMs } from '../../base/duration.ts';
import { nearest } from '../../config/nearest.ts';
import type { Aggregate, SeriesPoints } from '../../state/metrics/metrics.ts';
import { drawChart } from '../chart.ts';
import { usage, type Invocation } from '../invocation.ts';
import type { Output } from '../output.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { drawTable, printable } from '../table.ts';
import { withUnit } from '../wording.ts';

const AGGREGATES: readonly Aggregate[] = ['avg', 'min', 'max', 'sum', 'count', 'last', 'rate'];
const CHART_ROWS = 6;

export async function names(invocation: Invocation, _options: unknown, search?: string): Promise<void> {
  const { output } = invocation;
  await withFleet(invocation, async ({ state }) => {
    const items = await state.metrics.names(search === undefined ? {} : { search }, { limit: 1_000 });
    output.result({ items: items.map(({ metricName, unit, series }) => ({ metric_name: metricName, unit, series })) }, () =>
      items.length === 0
        ? 'No metrics.'
        : drawTable(
            [{ title: 'METRIC' }, { title: 'UNIT' }, { title: 'SERIES', align: 'right' }],
            items.map(({ metricName, unit, series }) => [printable(metricName), printable(unit), String(series)]),
            output.columns,
            output.colors.dim,
          ),
    );
  });
}

interface QueryOptions {
  readonly agent: readonly string[];
  readonly last: string;
  readonly points?: number;
  readonly aggregate: string;
  readonly limit: number;
}

export async function query(invocation: Invocation, options: QueryOptions, metricName: string): Promise<void> {
  const { output } = invocation;
  const aggregate = AGGREGATES.find((each) => each === options.aggregate);
  if (aggregate === undefined) throw usage(`--aggregate "${options.aggregate}" is none of ${AGGREGATES.join(', ')}`);
  const backMs = durationMs(options.last);
  if (backMs === 0) throw usage('--last 0 leaves no time to look at', 'Write it as 15m, 1h or 7d.');
  await withFleet(invocation, async ({ state, now }) => {
    const to = await now();
    const points = options.points ?? (output.json ? 300 : Math.max(20, (output.columns - 14) * 2));
    const result = await state.metrics.query({
      metricName,
      ...(options.agent.length === 0 ? {} : { agentIds: options.agent }),
      from: to - backMs,
      to,
      points: Math.min(Math.max(points, 1), 11_000),
      aggregate,
      limit: Math.max(1, options.limit),
    });
    if (result.series.length === 0 && !output.json) await refuseUnknown(state.metrics, metricName);
    output.result(
      {
        items: result.series.map((series) => ({
          metric_name: series.metricName,
          agent_id: series.agentId,
          unit: series.unit,
          labels: series.labels,
          points: series.points,
        })),
        next_cursor: null,
        step_ms: result.stepMs,
        source: result.source,
        truncated: result.truncated,
      },
      () =>
        result.series.length === 0
          ? `Nothing was measured in the last ${options.last}.`
          : [
              ...result.series.map((series) => draw(series, output)),
              ...(result.truncated ? ['More series are there: raise --limit, or choose with --agent.'] : []),
            ].join('\n\n'),
    );
  });
}

function draw(series: SeriesPoints, output: Output): string {
  const { colors } = output;
  const values = series.points.map(([, value]) => value);
  const last = values.findLast((value) => value !== null);
  const labels = Object.entries(series.labels).map(([name, value]) => `${name}=${value}`);
  const title = [
    colors.bold(printable(series.metricName)),
    printable(series.agentId),
    colors.dim(printable(labels.join(' '))),
    last === undefined || last === null ? '' : colors.cyan(withUnit(last, series.unit)),
  ];
  const chart = drawChart(values, {
    columns: Math.min(output.columns, 120),
    rows: CHART_ROWS,
    format: (value) => withUnit(value, series.unit),
  });
  const first = series.points[0]?.[0];
  const end = series.points.at(-1)?.[0];
  const clock = (ms: number | undefined): string => (ms === undefined ? '' : new Date(ms).toLocaleString('sv-SE').slice(0, 16));
  return [title.filter((part) => part !== '').join('  '), ...chart, colors.dim(`${clock(first)} … ${clock(end)}`)].join('\n');
}

/** A mistyped name gives an empty answer; say which one was meant. */
async function refuseUnknown(
  metrics: { names: (filter: { search?: string }, page: { limit: number }) => Promise<readonly { metricName: string }[]> },
  name: string,
): Promise<void> {
  const known = (await metrics.names({}, { limit: 1_000 })).map((each) => each.metricName);
  if (known.includes(name)) return;
  const meant = nearest(name, known);
  throw new MusterError('NOT_FOUND', `There is no metric "${printable(name)}"`, {
    remedy: meant === undefined ? 'Run `muster metrics names` for those there are.' : `Did you mean ${meant}?`,
  });
}
