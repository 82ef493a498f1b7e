import { useQuery } from '@tanstack/react-query';
import { memo, type ReactNode, useMemo } from 'react';
import { Link, useLocation } from 'wouter';
import { problemOf } from '../../api/problem.ts';
import { queries } from '../../api/queries.ts';
import type { Agent } from '../../api/types.ts';
import { useNow } from '../../live/now.ts';
import { formatAge, grouped } from '../../ui/format.ts';
import { StandingGlyph } from '../../ui/icons.tsx';
import { AsOf, Empty, ProblemNote, Skeleton } from '../../ui/primitives.tsx';
import { isExpected, isPresent, type Standing, standingOf, standingOrder, standings } from '../../ui/standing.ts';
import { agentAddress } from '../../ui/address.ts';

interface Called {
  readonly agent: Agent;
  readonly standing: Standing;
}

/** A fleet of this size is called by name; a larger one is shown as a field of marks. */
const byName = 14;

const slotsShown = 16;
/** How often standings are judged anew between answers: silence makes them change too. */
const lookMs = 3_000;

/** The roll call: every agent answers or is missed. */
export function RollCall(): ReactNode {
  const { data, dataUpdatedAt, isPending, error, refetch } = useQuery(queries.agents());
  const now = useNow();
  const looked = Math.floor(now / lookMs) * lookMs;
  const called = useMemo(() => call(data?.items ?? [], looked), [data, looked]);
  const agents = called.filter(({ standing }) => standing !== 'open_slot');
  const slots = called.filter(({ standing }) => standing === 'open_slot');
  const expected = agents.filter(({ agent }) => isExpected(agent));
  const present = expected.filter(({ standing }) => isPresent(standing)).length;

  return (
    <section aria-labelledby="roll-title" className="card flex min-w-0 flex-col">
      <div className="flex items-center gap-3 px-4 pt-3">
        <h2 id="roll-title" className="text-sm">
          Roll call
        </h2>
        {data && (
          <span className="text-ink-2">
            <span className={`font-medium ${present < expected.length ? 'text-warn' : 'text-ink'}`}>{grouped(present)}</span> of{' '}
            {grouped(expected.length)}
            {data.complete ? '' : '+'} present
          </span>
        )}
        <span className="ml-auto">
          <AsOf at={dataUpdatedAt} staleAfterMs={15_000} />
        </span>
      </div>
      <div className="flex-1 px-4 pt-2.5 pb-3">
        {isPending ? (
          <RollSkeleton />
        ) : !data ? (
          <ProblemNote problem={problemOf(error)} retry={() => void refetch()} />
        ) : called.length === 0 ? (
          <Empty title="No agents yet" icon="agents">
            <p>
              Start the default ones with <code>muster up</code>, or create one with <code>POST /api/v1/agents</code>.
            </p>
          </Empty>
        ) : agents.length <= byName ? (
          <Names called={agents} now={now} />
        ) : (
          <Field called={agents} />
        )}
        {slots.length > 0 && <Slots slots={slots} />}
      </div>
      {isPending ? <div className="h-[35px] border-t border-line" /> : called.length > 0 && <Tally called={called} />}
    </section>
  );
}

/** As large as the fleet that a first start makes: fourteen agents, eight slots. */
function RollSkeleton(): ReactNode {
  return (
    <>
      <div className="grid gap-x-8 sm:grid-cols-2">
        {Array.from({ length: 14 }, (_, index) => (
          <div key={index} className="flex h-[26px] items-center">
            <Skeleton className="h-3.5 w-2/3" />
          </div>
        ))}
      </div>
      <div className="mt-3 grid grid-cols-2 gap-1.5 min-[560px]:grid-cols-4">
        {Array.from({ length: 8 }, (_, index) => (
          <Skeleton key={index} className="h-6" />
        ))}
      </div>
    </>
  );
}

function call(agents: readonly Agent[], now: number): readonly Called[] {
  return agents
    .map((agent) => ({ agent, standing: standingOf(agent, now) }))
    .toSorted(
      (a, b) => standingOrder.indexOf(a.standing) - standingOrder.indexOf(b.standing) || a.agent.agent_id.localeCompare(b.agent.agent_id),
    );
}

function Names({ called, now }: { readonly called: readonly Called[]; readonly now: number }): ReactNode {
  return (
    <ul className="grid grid-cols-1 gap-x-8 sm:grid-cols-2">
      {called.map(({ agent, standing }) => (
        <li key={agent.agent_id} className="min-w-0">
          <Link
            href={agentAddress(agent.agent_id)}
            className="-mx-1.5 flex items-center gap-2 rounded-sm px-1.5 py-[3px] hover:bg-raised"
            title={standings[standing].meaning}
          >
            <StandingGlyph standing={standing} />
            <span className={`min-w-0 truncate font-mono text-xs ${standing === 'stopped' ? 'text-ink-3' : ''}`}>{agent.agent_id}</span>
            <span className="ml-auto shrink-0 text-xs text-ink-3">
              {isPresent(standing) && agent.last_heartbeat_at !== null
                ? formatAge(now - Date.parse(agent.last_heartbeat_at))
                : standings[standing].label}
            </span>
            {isPresent(standing) && <span className="sr-only">since its last heartbeat, {standings[standing].label}</span>}
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** Places kept free: shown as the places they are, so that one sees what may still come. */
function Slots({ slots }: { readonly slots: readonly Called[] }): ReactNode {
  return (
    <ul aria-label="Open slots" className="mt-3 grid grid-cols-2 gap-1.5 min-[560px]:grid-cols-4">
      {slots.slice(0, slotsShown).map(({ agent }) => (
        <li key={agent.agent_id} className="min-w-0">
          <Link
            href={agentAddress(agent.agent_id)}
            title={`Open slot ${agent.agent_id}`}
            className="block truncate rounded-md border border-dashed border-line-strong px-2 py-0.5 text-xs text-ink-3 hover:border-ink-3 hover:text-ink"
          >
            {agent.agent_name}
          </Link>
        </li>
      ))}
    </ul>
  );
}

const marksShown = 1_500;
const roomyUpTo = 300;

/**
 * Marks in rows, worst first; smaller ones for a larger fleet. For the eye and the pointer: the tally below says the same in
 * words and leads to the same agents. Drawn again only when somebody's standing changed.
 */
const Field = memo(function Field({ called }: { readonly called: readonly Called[] }): ReactNode {
  const [, navigate] = useLocation();
  const roomy = called.length <= roomyUpTo;
  return (
    <div
      aria-hidden="true"
      onClick={(event) => {
        const id = (event.target as Element).closest('[data-agent]')?.getAttribute('data-agent');
        if (id !== null && id !== undefined) navigate(agentAddress(id));
      }}
      className={`flex cursor-pointer flex-wrap overflow-hidden ${roomy ? 'max-h-52 gap-1' : 'max-h-[13.0625rem] gap-0.5'}`}
    >
      {called.slice(0, marksShown).map(({ agent, standing }) => (
        <span key={agent.agent_id} data-agent={agent.agent_id} title={`${agent.agent_id}: ${standings[standing].label}`}>
          <StandingGlyph standing={standing} className={roomy ? '' : 'size-[9px]!'} />
        </span>
      ))}
    </div>
  );
}, sameStandings);

function sameStandings(before: { readonly called: readonly Called[] }, after: { readonly called: readonly Called[] }): boolean {
  return (
    before.called.length === after.called.length &&
    before.called.every(
      ({ agent, standing }, index) => agent.agent_id === after.called[index]?.agent.agent_id && standing === after.called[index]?.standing,
    )
  );
}

function Tally({ called }: { readonly called: readonly Called[] }): ReactNode {
  const counts = standingOrder
    .map((standing) => ({ standing, count: called.filter((each) => each.standing === standing).length }))
    .filter(({ count }) => count > 0);
  return (
    <ul aria-label="Agents by status" className="flex flex-wrap gap-x-4 gap-y-1 border-t border-line px-4 py-2">
      {counts.map(({ standing, count }) => (
        <li key={standing}>
          <Link
            href={`/agents?standing=${standing}`}
            className="flex items-center gap-1.5 rounded-sm text-xs text-ink-2 hover:text-ink"
            title={standings[standing].meaning}
          >
            <StandingGlyph standing={standing} />
            {standings[standing].label} <span className="font-medium text-ink">{grouped(count)}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
