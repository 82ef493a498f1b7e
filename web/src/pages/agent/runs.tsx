import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { queries } from '../../api/queries.ts';
import type { Run, RunOutcome } from '../../api/types.ts';
import { useNow } from '../../live/now.ts';
import { formatFull, formatMoment, formatSeconds, grouped, hostName } from '../../ui/format.ts';
import { Icon } from '../../ui/icons.tsx';
import { Button, Skeleton } from '../../ui/primitives.tsx';
import { Select } from '../../ui/select.tsx';
import { barsOf, describeRuns, lengthOf, outcomeLooks } from './outcomes.ts';

const bars = 90;
const atFirst = 6;
const most = 50;
const stripHeight = 40;

const triggers: Readonly<Record<Run['trigger'], string>> = {
  schedule: 'by its schedule',
  command: 'by command',
  event: 'by an event',
  first: 'first of its life',
};

/** What it did: the newest runs at a glance, and one by one. `onRead` shows what a run said. */
export function RunHistory({ id, onRead }: { readonly id: string; readonly onRead: (runId: string) => void }): ReactNode {
  const [outcome, setOutcome] = useState<RunOutcome | ''>('');
  const [all, setAll] = useState(false);
  const strip = useQuery(queries.runsOf(id, bars));
  const chosen = useQuery({ ...queries.runsOf(id, most, outcome), placeholderData: keepPreviousData, enabled: outcome !== '' });
  const now = useNow();
  const newest = strip.data?.items ?? [];
  const listed = outcome === '' ? newest.slice(0, most) : (chosen.data?.items ?? []);
  const shown = all ? listed : listed.slice(0, atFirst);
  return (
    <section aria-labelledby="runs-title" className="card flex min-w-0 flex-col overflow-hidden">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 pt-3">
        <h2 id="runs-title" className="text-sm">
          Runs
        </h2>
        <span className="min-w-0 flex-1 text-xs text-ink-3 max-sm:order-last max-sm:basis-full">
          {newest.length > 0 && `the newest ${grouped(newest.length)}, a bar a run, tall is slow: ${describeRuns(newest)}`}
        </span>
        <Select
          label="Outcome"
          className="w-36 max-sm:ml-auto"
          value={outcome}
          onChange={(event) => setOutcome(event.target.value as RunOutcome | '')}
        >
          <option value="">Any outcome</option>
          {Object.entries(outcomeLooks).map(([name, { label }]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </Select>
      </div>
      {strip.isPending ? <Skeleton className="m-4 h-64" /> : newest.length > 0 && <Strip runs={newest} now={now} />}
      {!strip.isPending && shown.length === 0 ? (
        <p className="px-4 py-3 text-ink-3">
          {outcome === '' ? 'It has not run yet.' : `No run ${outcomeLooks[outcome].label.toLowerCase()}.`}
        </p>
      ) : (
        <ol className="border-t border-line" aria-labelledby="runs-title">
          {shown.map((run) => (
            <RunItem key={run.run_id} run={run} now={now} onRead={onRead} />
          ))}
        </ol>
      )}
      {listed.length > atFirst && (
        <Button kind="ghost" className="m-1 self-center" icon={all ? 'up' : 'down'} aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show ${listed.length - atFirst} more`}
        </Button>
      )}
    </section>
  );
}

function Strip({ runs, now }: { readonly runs: readonly Run[]; readonly now: number }): ReactNode {
  const drawn = barsOf(runs, now);
  // The newest stand at the right edge, where now is in every chart.
  const first = bars - drawn.length;
  return (
    <svg
      role="img"
      aria-label={`The newest ${runs.length} runs: ${describeRuns(runs)}`}
      viewBox={`0 0 ${bars * 10} ${stripHeight}`}
      preserveAspectRatio="none"
      className="mx-4 my-3 h-10 w-[calc(100%-2rem)]"
    >
      <rect x={0} y={stripHeight - 1} width={bars * 10} height={1} className="fill-line" />
      {drawn.map(({ run, height }, index) => {
        const tall = 3 + height * (stripHeight - 3);
        const took = lengthOf(run, now);
        return (
          <rect
            key={run.run_id}
            x={(first + index) * 10 + 1.5}
            y={stripHeight - tall}
            width={7}
            height={tall}
            rx={0.5}
            className={outcomeLooks[run.outcome].fill}
          >
            <title>{`${formatMoment(Date.parse(run.started_at), now)}: ${outcomeLooks[run.outcome].label.toLowerCase()}${took === undefined ? '' : `, ${formatSeconds(took / 1_000)}`}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}

function RunItem({ run, now, onRead }: { readonly run: Run; readonly now: number; readonly onRead: (runId: string) => void }): ReactNode {
  const { icon, label, text } = outcomeLooks[run.outcome];
  const started = Date.parse(run.started_at);
  const took = lengthOf(run, now);
  const lines = run.lines_kept + run.lines_dropped;
  return (
    <li className="grid min-w-0 grid-cols-[minmax(0,1fr)_auto] items-baseline gap-x-4 border-b border-line px-4 py-1.5 last:border-0 sm:grid-cols-[8rem_6rem_minmax(0,1fr)_auto_auto]">
      <span className="flex items-baseline gap-2 whitespace-nowrap">
        <Icon name={icon} className={`size-3.5 self-center ${text}`} />
        <span className="font-medium">{label}</span>
        <span className="text-xs text-ink-3 sm:hidden">{took !== undefined && formatSeconds(took / 1_000)}</span>
      </span>
      <span className="hidden text-right sm:block">
        {took === undefined ? <span className="text-ink-3">–</span> : formatSeconds(took / 1_000)}
      </span>
      <span
        className={`order-last col-span-2 min-w-0 truncate text-xs leading-5 sm:order-none sm:col-span-1 ${run.error === null ? 'text-ink-3' : 'font-mono text-ink-2'}`}
        title={run.error ?? undefined}
      >
        {run.error ?? `${triggers[run.trigger]} on ${hostName(run)}`}
      </span>
      <span className="hidden text-right sm:block">
        {lines > 0 && (
          <button
            type="button"
            className="text-xs whitespace-nowrap text-accent hover:underline"
            title={run.lines_dropped > 0 ? `${grouped(run.lines_dropped)} more were not kept` : undefined}
            onClick={() => onRead(run.run_id)}
          >
            {grouped(run.lines_kept)} {run.lines_kept === 1 ? 'line' : 'lines'}
            {run.lines_dropped > 0 && <span className="text-warn"> of {grouped(lines)}</span>}
          </button>
        )}
      </span>
      <time dateTime={run.started_at} title={formatFull(started)} className="text-right text-xs whitespace-nowrap text-ink-3">
        {formatMoment(started, now)}
      </time>
    </li>
  );
}
