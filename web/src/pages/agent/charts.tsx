import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import { queries } from '../../api/queries.ts';
import type { Agent, LatestValue } from '../../api/types.ts';
import { MetricChart } from '../../charts/metric-chart.tsx';
import type { Range } from '../../charts/range.ts';
import type { ChartSpec } from '../../charts/spec.ts';
import { Button, Empty, Skeleton } from '../../ui/primitives.tsx';
import { SearchField } from '../../ui/search-field.tsx';

/** So many charts at first: an agent may record hundreds of metrics. */
const atFirst = 8;

/** A chart for each metric the agent has recorded. */
export function AgentCharts({ agent, range }: { readonly agent: Agent; readonly range: Range }): ReactNode {
  const { data, isPending } = useQuery(queries.latestOf(agent.agent_id));
  const [all, setAll] = useState(false);
  const [filter, setFilter] = useState('');
  const specs = useMemo(() => specsOf(data?.items ?? []), [data]);
  const chosen = specs.filter((spec) => spec.id.includes(filter.trim().toLowerCase().replaceAll(' ', '_')));
  const shown = all || filter !== '' ? chosen : chosen.slice(0, atFirst);

  if (isPending) return <Skeleton className="h-48" />;
  if (specs.length === 0) {
    return (
      <div className="card">
        <Empty title="It has recorded no metrics" icon="chart">
          An agent records one with <code>ctx.metric(name, value)</code>; it appears here within seconds.
        </Empty>
      </div>
    );
  }
  return (
    <>
      {specs.length > atFirst && (
        <SearchField label={`Filter ${specs.length} metrics`} className="max-w-80" value={filter} onChange={setFilter} />
      )}
      <div className="grid gap-3 sm:grid-cols-2">
        {shown.map((spec) => (
          <MetricChart key={spec.id} spec={spec} range={range} agentId={agent.agent_id} notBefore={Date.parse(agent.created_at)} />
        ))}
      </div>
      {shown.length < chosen.length && (
        <Button className="self-center" onClick={() => setAll(true)}>
          Show {chosen.length - shown.length} more
        </Button>
      )}
    </>
  );
}

/** Labels that tell one place of measurement from another are no reason for a line each when there is only one. */
export function specsOf(latest: readonly LatestValue[]): readonly ChartSpec[] {
  const byName = new Map<string, LatestValue[]>();
  for (const value of latest) byName.set(value.metric_name, [...(byName.get(value.metric_name) ?? []), value]);
  return [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, values]) => specOf(name, values));
}

function specOf(name: string, values: readonly LatestValue[]): ChartSpec {
  const unit = values[0]?.unit ?? '';
  const counts = name.endsWith('_total');
  const by = distinguishing(values);
  return {
    id: name,
    title: name,
    exact: true,
    ...(counts ? { note: 'a second' } : {}),
    unit: counts ? perSecond(unit) : unit,
    absence: 'Nothing recorded in this range.',
    lines: [{ metric: name, aggregate: counts ? 'rate' : 'avg', label: 'value', ...(by === undefined ? {} : { by }) }],
  };
}

/** The label with the most distinct values, if any has more than one. */
function distinguishing(values: readonly LatestValue[]): string | undefined {
  const distinct = new Map<string, Set<string>>();
  for (const { labels } of values)
    for (const [label, value] of Object.entries(labels)) distinct.set(label, (distinct.get(label) ?? new Set()).add(value));
  const [first] = [...distinct].toSorted(([, a], [, b]) => b.size - a.size);
  return first && first[1].size > 1 ? first[0] : undefined;
}

function perSecond(unit: string): string {
  if (unit === 'bytes') return 'bytes_per_second';
  // Seconds a second: a share of the time.
  if (unit === 'seconds') return 'ratio';
  return 'per_second';
}
