import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { problemOf } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import type { Agent } from '../../api/types.ts';
import { useRange } from '../../charts/range.ts';
import { RangePicker } from '../../charts/range-picker.tsx';
import { useNow } from '../../live/now.ts';
import { words } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { AsOf, Button, Empty, PageHeader, ProblemNote, Skeleton, StandingLabel } from '../../ui/primitives.tsx';
import { type Standing, standingOf, standings, toneText } from '../../ui/standing.ts';
import { actionsOf } from '../agents/actions.ts';
import { useActions } from '../agents/use-actions.tsx';
import { AgentCharts } from './charts.tsx';
import { Capabilities, Configuration } from './configuration.tsx';
import { Facts } from './facts.tsx';
import { CommandHistory, EventHistory } from './history.tsx';
import { HeartbeatStrip } from './heartbeat-strip.tsx';
import { AgentLog } from './log.tsx';
import { Moves } from './moves.tsx';
import { RunHistory } from './runs.tsx';
import { WhyScore } from '../why-score.tsx';

export function AgentPage({ id }: { readonly id: string }): ReactNode {
  const { data: agent, dataUpdatedAt, isPending, error, refetch } = useQuery(queries.agent(id));
  const now = useNow();
  const [range, chooseRange] = useRange();
  const [run, setRun] = useState<string>();
  const back = (
    <nav aria-label="Breadcrumb" className="-mb-2 text-xs text-ink-3">
      <Link href="/agents" className="hover:text-ink hover:underline">
        Agents
      </Link>
      <Icon name="right" className="mx-1 inline size-3 align-[-3px]" />
      <span className="font-mono">{id}</span>
    </nav>
  );
  if (isPending || !agent) {
    const missing = error !== null && problemOf(error).status === 404;
    return (
      <>
        {back}
        <PageHeader title={id} />
        <div className="card">
          {isPending ? (
            <div className="flex flex-col gap-4 p-4">
              <Skeleton className="h-5 w-1/3" />
              <Skeleton className="h-24" />
              <Skeleton className="h-40" />
            </div>
          ) : missing ? (
            <Empty title={`There is no agent ${id}`} icon="unknown">
              It may have been removed.{' '}
              <Link href="/agents" className="text-accent underline underline-offset-3">
                See all agents
              </Link>
            </Empty>
          ) : (
            <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
          )}
        </div>
      </>
    );
  }
  const standing = standingOf(agent, now);
  return (
    <>
      {back}
      <PageHeader title={agent.agent_name} note={<AsOf at={dataUpdatedAt} staleAfterMs={15_000} />}>
        <Actions agent={agent} standing={standing} />
      </PageHeader>
      <p className="-mt-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-ink-2">
        <StandingLabel standing={standing} className="font-medium" />
        <span>{words(agent.agent_type)}</span>
        {agent.implementation !== null && (
          <span className="font-mono text-xs" title={`The code it runs: ${agent.implementation.name}@${agent.implementation.hash}`}>
            {agent.implementation.name}@{agent.implementation.hash.slice(0, 12)}
          </span>
        )}
        {agent.schedule !== null && <span>{agent.schedule}</span>}
        {(agent.description ?? purpose(agent)) !== null && <span className="text-ink-3">{agent.description ?? purpose(agent)}</span>}
      </p>
      <Trouble agent={agent} standing={standing} />
      <WhyScore subject={`agent:${id}`} />
      <Facts agent={agent} standing={standing} />
      <HeartbeatStrip agent={agent} />
      <RunHistory id={id} onRead={setRun} />
      <AgentLog id={id} run={run} onAllRuns={() => setRun(undefined)} />
      <div className="grid gap-x-4 gap-y-5 xl:grid-cols-[minmax(0,1fr)_22rem]">
        <section className="flex min-w-0 flex-col gap-2.5" aria-labelledby="metrics-title">
          <div className="flex min-h-8 flex-wrap items-center justify-between gap-x-3 gap-y-2">
            <h2 id="metrics-title" className="text-md">
              Metrics
            </h2>
            <RangePicker value={range.name} onChange={chooseRange} />
          </div>
          <AgentCharts agent={agent} range={range} />
        </section>
        <div className="flex min-w-0 flex-col gap-4">
          <Moves id={id} />
          <CommandHistory id={id} />
          <EventHistory id={id} />
          <Capabilities agent={agent} />
          <Configuration agent={agent} />
        </div>
      </div>
    </>
  );
}

function Actions({ agent, standing }: { readonly agent: Agent; readonly standing: Standing }): ReactNode {
  const { allowed, act, dialog } = useActions();
  return (
    <div className="grid w-full grid-cols-4 gap-2 max-sm:*:justify-center max-sm:*:px-1 sm:flex sm:w-auto max-sm:[&_svg]:hidden">
      {actionsOf(agent, standing)
        .filter((action) => action.verb !== 'start' || agent.state !== 'active')
        .map((action) => (
          <Button
            key={action.verb}
            icon={action.icon}
            disabled={!allowed || action.unfit !== undefined}
            title={
              allowed ? (action.unfit === undefined ? undefined : `${agent.agent_id} ${action.unfit}`) : 'This needs the role operator'
            }
            onClick={() => act(agent.agent_id, action)}
          >
            {action.label}
          </Button>
        ))}
      {dialog}
    </div>
  );
}

/** What is wrong, in the agent's own words, before all figures. */
function Trouble({ agent, standing }: { readonly agent: Agent; readonly standing: Standing }): ReactNode {
  const { tone } = standings[standing];
  const failing = tone === 'warn' || tone === 'bad';
  // A slot that somebody activated and that was refused.
  const refused = standing === 'open_slot' && agent.reason !== null && agent.reason !== 'inactive';
  if (!failing && !refused && agent.last_error === null) return null;
  return (
    <section
      aria-label="What is wrong"
      className={`card flex gap-3 px-4 py-3 ${tone === 'bad' ? 'border-bad/50' : failing ? 'border-warn/50' : ''}`}
    >
      <Icon
        name={tone === 'bad' ? 'critical' : failing ? 'warning' : 'info'}
        className={`mt-0.5 ${failing ? toneText[tone] : 'text-ink-3'}`}
      />
      <div className="flex min-w-0 flex-col gap-1">
        {agent.reason !== null && <p className="font-medium">{agent.reason}</p>}
        {agent.last_error !== null && (
          <p className="[overflow-wrap:anywhere]">
            <span className="text-ink-3">Last error: </span>
            <span className="font-mono text-xs">{agent.last_error}</span>
          </p>
        )}
        {failing && agent.reason === null && agent.last_error === null && <p className="text-ink-2">{hint(standing)}</p>}
      </div>
    </section>
  );
}

function hint(standing: Standing): string {
  if (standing === 'waiting') return 'No host runs it. Is one running that knows this type and has room? See Hosts.';
  if (standing === 'silent')
    return 'No heartbeat came for some seconds. Its host may be busy or cut off; if it stays away, another one takes over.';
  if (standing === 'lost') return 'Its host stopped renewing its lease. Another host takes over as soon as one with room is there.';
  return 'It gave no reason.';
}

function purpose(agent: Agent): string | null {
  return typeof agent.metadata['purpose'] === 'string' ? agent.metadata['purpose'] : null;
}
