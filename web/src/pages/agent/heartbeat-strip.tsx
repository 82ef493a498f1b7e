import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { queries } from '../../api/queries.ts';
import type { Agent, AgentStatus } from '../../api/types.ts';
import { useNow } from '../../live/now.ts';
import { formatClock, words } from '../../ui/format.ts';
import { Skeleton } from '../../ui/primitives.tsx';
import { type BeatCell, cellsOf, describeBeats } from './beats.ts';

const cells = 60;
const cellMs = 60_000;

/** Height and tone of a minute: full for running, shorter the worse, a thin line for nothing heard. */
const looks: Readonly<Record<AgentStatus, { readonly height: number; readonly colour: string }>> = {
  running: { height: 24, colour: 'fill-ok/70' },
  degraded: { height: 17, colour: 'fill-warn' },
  starting: { height: 12, colour: 'fill-accent' },
  stopping: { height: 12, colour: 'fill-accent' },
  stopped: { height: 7, colour: 'fill-idle' },
  crash_looping: { height: 17, colour: 'fill-bad' },
  lost: { height: 7, colour: 'fill-bad' },
};

/** The last hour, minute by minute. */
export function HeartbeatStrip({ agent }: { readonly agent: Agent }): ReactNode {
  const { data, isPending } = useQuery(queries.heartbeats(agent.agent_id, '61m'));
  const minute = Math.floor(useNow() / 10_000) * 10_000;
  const strip = useMemo(() => cellsOf(data?.items ?? [], minute, cellMs, cells), [data, minute]);
  return (
    <section aria-labelledby="beats-title" className="card flex min-w-0 flex-col gap-2 px-4 py-3">
      <div className="flex items-baseline gap-3">
        <h2 id="beats-title" className="text-sm">
          Heartbeats
        </h2>
        <span className="text-xs text-ink-3">last hour, a bar a minute: as bad as its worst moment</span>
      </div>
      {isPending ? (
        <Skeleton className="h-6" />
      ) : (
        <svg
          role="img"
          aria-label={describeBeats(strip)}
          viewBox={`0 0 ${cells * 10} 24`}
          preserveAspectRatio="none"
          className="h-6 w-full"
        >
          {strip.map((cell, index) => (
            <Bar key={cell.from} cell={cell} index={index} />
          ))}
        </svg>
      )}
      <div className="flex justify-between text-2xs text-ink-3">
        <span>{formatClock(strip[0]?.from ?? minute).slice(0, 5)}</span>
        <span>now</span>
      </div>
    </section>
  );
}

function Bar({ cell, index }: { readonly cell: BeatCell; readonly index: number }): ReactNode {
  const look = cell.status === undefined ? { height: 2, colour: 'fill-line-strong' } : looks[cell.status];
  const health = cell.lowestHealth === null ? '' : `, health ${Math.round(cell.lowestHealth)}`;
  return (
    <rect x={index * 10 + 2} width={6} y={24 - look.height} height={look.height} rx={0.5} className={look.colour}>
      <title>{`${formatClock(cell.from).slice(0, 5)}: ${cell.status === undefined ? 'nothing heard' : words(cell.status)}${health}`}</title>
    </rect>
  );
}
