import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { queries } from '../../api/queries.ts';
import { MetricChart } from '../../charts/metric-chart.tsx';
import { useRange } from '../../charts/range.ts';
import { RangePicker } from '../../charts/range-picker.tsx';
import type { ChartSpec } from '../../charts/spec.ts';
import { PageHeader } from '../../ui/primitives.tsx';
import { databaseCharts, hostCharts } from './charts.ts';
import { DatabaseScores } from './database-scores.tsx';
import { Facts } from './facts.tsx';
import { HealthCard } from './health-card.tsx';
import { RecentEvents } from './recent-events.tsx';
import { RollCall } from './roll-call.tsx';

export function OverviewPage(): ReactNode {
  const [range, chooseRange] = useRange();
  const since = useFirstAgent();
  const charts = (title: string, specs: readonly ChartSpec[]): ReactNode => (
    <section className="flex min-w-0 flex-col gap-2.5">
      <h2 className="text-md">{title}</h2>
      <div className="grid gap-3 sm:grid-cols-2 min-[85rem]:grid-cols-3">
        {specs.map((spec) => (
          <MetricChart key={spec.id} spec={spec} range={range} notBefore={since} />
        ))}
      </div>
    </section>
  );
  return (
    <>
      <PageHeader title="Overview">
        <RangePicker value={range.name} onChange={chooseRange} />
      </PageHeader>
      <div className="grid gap-4 xl:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
        <HealthCard />
        <RollCall />
      </div>
      <Facts />
      <DatabaseScores />
      <div className="grid gap-x-4 gap-y-6 xl:grid-cols-[minmax(0,1fr)_17.5rem]">
        <div className="flex min-w-0 flex-col gap-6">
          {charts('Machine', hostCharts)}
          {charts('PostgreSQL', databaseCharts)}
        </div>
        <div className="min-w-0">
          <div className="flex flex-col xl:sticky xl:top-5 xl:max-h-[calc(100dvh-2.5rem)]">
            <RecentEvents />
          </div>
        </div>
      </div>
    </>
  );
}

/** When the first agent was created: nothing was measured before. */
function useFirstAgent(): number | undefined {
  const { data } = useQuery({
    ...queries.agents(),
    select: ({ items, complete }) =>
      complete && items.length > 0 ? Math.min(...items.map((agent) => Date.parse(agent.created_at))) : undefined,
  });
  return data;
}
