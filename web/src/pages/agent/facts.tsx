import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { queries } from '../../api/queries.ts';
import type { Agent } from '../../api/types.ts';
import { useNow } from '../../live/now.ts';
import { formatCount, formatDuration, formatFull, formatMoment, hostName } from '../../ui/format.ts';
import { Ago } from '../../ui/primitives.tsx';
import { type Standing, standings } from '../../ui/standing.ts';
import { HealthFigure } from '../agents/health-figure.tsx';

/** What is desired beside what is observed, and under which lease. */
export function Facts({ agent, standing }: { readonly agent: Agent; readonly standing: Standing }): ReactNode {
  const hosts = useQuery(queries.hosts());
  const now = useNow();
  const host = hosts.data?.items.find((each) => each.host_id === agent.host_id);
  const next = agent.next_run_at === null ? undefined : Date.parse(agent.next_run_at);
  const held = agent.acquired_at === null ? undefined : Date.parse(agent.acquired_at);
  return (
    <dl className="card grid grid-cols-2 gap-px overflow-hidden bg-line sm:grid-cols-3 xl:grid-cols-9">
      <Fact label="Desired">{agent.state}</Fact>
      <Fact label="Observed">{standings[standing].label.toLowerCase()}</Fact>
      <Fact label="Health">
        <HealthFigure score={agent.health_score} />
      </Fact>
      <Fact label="Last heartbeat">
        <Ago at={agent.last_heartbeat_at} />
      </Fact>
      <Fact label="Host" title={agent.host_id ?? undefined}>
        {agent.host_id === null ? (
          <span className="font-normal text-ink-3">none</span>
        ) : (
          hostName({ hostname: host?.hostname ?? null, host_id: agent.host_id })
        )}
      </Fact>
      <Fact label="Lease" title={held === undefined ? undefined : `since ${formatFull(held)}`}>
        {agent.host_id === null || held === undefined ? (
          <span className="font-normal text-ink-3">not held</span>
        ) : (
          `for ${formatDuration(now - held)}`
        )}
      </Fact>
      <Fact label="Epoch" title="Counts the holders: the fencing token">
        {formatCount(agent.epoch)}
      </Fact>
      <Fact label="Next run" title={next === undefined ? undefined : formatFull(next)}>
        {next === undefined ? (
          <span className="font-normal text-ink-3">none planned</span>
        ) : (
          <>
            {next <= now ? 'due' : `in ${formatDuration(next - now)}`}
            <span className="font-normal text-ink-3">, {formatMoment(next, now)}</span>
          </>
        )}
      </Fact>
      <Fact label="Runs">
        {formatCount(agent.run_count)}
        <span className={agent.error_count > 0 ? 'text-bad' : 'font-normal text-ink-3'}>
          , {agent.error_count === 0 ? 'no errors' : `${formatCount(agent.error_count)} failed`}
        </span>
      </Fact>
    </dl>
  );
}

function Fact({
  label,
  title,
  children,
}: {
  readonly label: string;
  readonly title?: string | undefined;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div className="min-w-0 bg-surface px-4 last:col-span-2 sm:last:col-span-1 py-2.5" title={title}>
      <dt className="text-xs text-ink-3">{label}</dt>
      <dd className="min-h-5 truncate font-medium">{children}</dd>
    </div>
  );
}
