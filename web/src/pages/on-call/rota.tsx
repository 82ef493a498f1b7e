import { queryOptions, useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { call } from '../../api/client.ts';
import { useNow } from '../../live/now.ts';
import { swatch } from '../../charts/colours.ts';
import { formatMoment } from '../../ui/format.ts';
import { Skeleton } from '../../ui/primitives.tsx';
import { midnights, type PersonLane, personLanes } from './lanes.ts';
import type { Shift } from './types.ts';

const hourMs = 3_600_000;
const shownMs = 14 * 24 * hourMs;

const shiftsOf = (schedule: string, from: number) =>
  queryOptions({
    queryKey: ['on-call', schedule, 'shifts', from],
    queryFn: ({ signal }) =>
      call<{ readonly items: readonly Shift[] }>(`/on-call/schedules/${encodeURIComponent(schedule)}/shifts`, {
        query: { from: new Date(from).toISOString(), to: new Date(from + shownMs).toISOString() },
        signal,
      }),
    refetchInterval: 60_000,
  });

const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** Two weeks from now, a lane a person: whose turn it is, and where nobody has one. */
export function Rota({ schedule }: { readonly schedule: string }): ReactNode {
  const start = Math.floor(useNow() / hourMs) * hourMs;
  const { data } = useQuery(shiftsOf(schedule, start));
  const lanes = useMemo(() => personLanes(data?.items ?? [], start, start + shownMs), [data, start]);
  const days = useMemo(() => midnights(start, start + shownMs), [start]);
  if (!data) return <Skeleton className="h-20" />;
  return (
    <div className="overflow-x-auto" role="region" aria-label={`The next two weeks of ${schedule}`} tabIndex={0}>
      <div className="grid min-w-[44rem] grid-cols-[7rem_minmax(0,1fr)] gap-x-3 gap-y-1.5">
        <span />
        <span className="relative h-8 text-2xs text-ink-3" aria-hidden="true">
          {days.map((each, index) => (
            <span key={each} className="absolute top-0 whitespace-nowrap" style={{ left: `${((each - start) / shownMs) * 100}%` }}>
              {weekday.format(each)}
              {index % 2 === 0 && <span className="block">{day.format(each)}</span>}
            </span>
          ))}
        </span>
        {lanes.map((lane, index) => (
          <Lane key={lane.person ?? ''} lane={lane} index={index} days={days} start={start} />
        ))}
      </div>
    </div>
  );
}

function Lane({
  lane,
  index,
  days,
  start,
}: {
  readonly lane: PersonLane;
  readonly index: number;
  readonly days: readonly number[];
  readonly start: number;
}): ReactNode {
  const name = lane.person ?? 'nobody';
  const said = lane.turns
    .slice(0, 20)
    .map(({ shift }) => `${formatMoment(Date.parse(shift.from), start)} to ${formatMoment(Date.parse(shift.to), start)}`)
    .join(', ');
  return (
    <>
      <span className={`truncate text-xs leading-6 ${lane.person === null ? 'font-medium text-bad' : ''}`} title={name}>
        {name}
      </span>
      <svg
        role="img"
        aria-label={`${name}: ${said}`}
        viewBox="0 0 1400 24"
        preserveAspectRatio="none"
        className="block h-6 w-full rounded-sm bg-raised"
      >
        {days.map((each) => (
          <path
            key={each}
            d={`M${((each - start) / shownMs) * 1_400} 0V24`}
            className="stroke-line-strong"
            vectorEffect="non-scaling-stroke"
          />
        ))}
        {lane.turns.map((turn) => (
          <rect
            key={`${turn.shift.from} ${turn.shift.by ?? ''}`}
            x={turn.from * 1_400 + 1}
            y={lane.person === null ? 8 : 3}
            width={Math.max(3, (turn.to - turn.from) * 1_400 - 2)}
            height={lane.person === null ? 8 : 18}
            rx={3}
            fill={lane.person === null ? 'var(--bad)' : swatch(index)}
          >
            <title>{`${name}, ${turn.shift.by ?? 'a gap'}: ${formatMoment(Date.parse(turn.shift.from), start)} to ${formatMoment(Date.parse(turn.shift.to), start)}`}</title>
          </rect>
        ))}
      </svg>
    </>
  );
}
