import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { formatCount, formatSeconds, grouped } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icons.tsx';
import { Ago } from '../../../ui/primitives.tsx';
import { useMediaQuery } from '../../../ui/theme.ts';
import { useWindowRows } from '../../../ui/use-window-rows.ts';
import { runAddress, type View } from '../address.ts';
import { latencyText, nameOf, statusLooks, typeIcons, typeNames } from '../looks.ts';
import { formatCost, isUnpriced } from '../money.ts';
import type { RunSummary, TraceSums } from '../types.ts';
import { useFound } from '../use-found.ts';

export interface RunTableProps {
  readonly runs: readonly RunSummary[];
  readonly label: string;
  readonly hasMore: boolean;
  readonly onMore: () => void;
  readonly onNarrow: (change: Partial<View>) => void;
  readonly chosen: readonly string[];
  readonly onChoose: (run: RunSummary) => void;
  /** Shown where the list is of many. */
  readonly withProject: boolean;
  /** What the runs were searched for; it is marked where it stands. */
  readonly sought: string;
}

/** So many rows before the end, the next page is asked for. */
const early = 30;

const columns = [
  { key: 'choose', label: 'Mark', className: 'hidden w-9 pl-3 sm:table-cell' },
  { key: 'run', label: 'Run', className: 'pl-3 sm:pl-1 sm:w-60' },
  { key: 'said', label: 'Input and output', className: 'hidden sm:table-cell px-2' },
  { key: 'latency', label: 'Latency', className: 'hidden w-24 px-2 text-right md:table-cell' },
  { key: 'tokens', label: 'Tokens', className: 'hidden w-24 px-2 text-right lg:table-cell' },
  { key: 'tags', label: 'Tags and scores', className: 'hidden w-44 px-2 xl:table-cell' },
  { key: 'start', label: 'Started', className: 'w-24 pr-3 text-right' },
] as const;

/** Runs, newest first; only the rows on the screen exist. Arrow keys move, Enter opens, x marks those to be compared or made examples of. */
export function RunTable(props: RunTableProps): ReactNode {
  const { runs, hasMore, onMore } = props;
  const height = useMediaQuery('(min-width: 640px)') ? 52 : 60;
  const [, navigate] = useLocation();
  const table = useRef<HTMLTableElement>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const { first, end } = useWindowRows(body, runs.length, height);
  const [active, setActive] = useState<string>();
  const wanted = useRef<string>(undefined);
  useFound(body, props.sought);
  const at = Math.max(
    0,
    runs.findIndex((run) => run.run_id === active),
  );
  useEffect(() => {
    if (hasMore && end >= runs.length - early) onMore();
  }, [hasMore, end, runs.length, onMore]);
  // The row to go to may not exist until the page has scrolled to it.
  useEffect(() => {
    if (wanted.current === undefined) return;
    const link = body.current?.querySelector<HTMLElement>(`[data-run="${CSS.escape(wanted.current)}"] a`);
    if (!link) {
      table.current?.focus({ preventScroll: true });
      return;
    }
    wanted.current = undefined;
    link.focus({ preventScroll: true });
  });
  const goTo = (index: number): void => {
    const place = Math.max(0, Math.min(runs.length - 1, index));
    const run = runs[place];
    if (!run || !body.current) return;
    const top = body.current.getBoundingClientRect().top + place * height;
    if (top < 2 * height) scrollBy({ top: top - 3 * height });
    else if (top + height > innerHeight - height) scrollBy({ top: top + 2 * height - innerHeight });
    wanted.current = run.run_id;
    setActive(run.run_id);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTableElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(innerHeight / height) - 4);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      j: at + 1,
      k: at - 1,
      Home: 0,
      End: runs.length - 1,
      PageDown: at + page,
      PageUp: at - page,
    }[event.key];
    const here = runs[at];
    if (to !== undefined) goTo(to);
    else if (event.key === 'x' && here) props.onChoose(here);
    else if (event.key === 'Enter' && event.target === table.current && here) navigate(runAddress(here, props.sought));
    else return;
    event.preventDefault();
  };
  return (
    <table
      ref={table}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      className="w-full table-fixed border-collapse text-left outline-none"
      aria-rowcount={hasMore ? -1 : runs.length + 1}
    >
      <caption className="sr-only">{props.label}. Arrow keys move between rows, Enter opens a run, x marks it.</caption>
      <thead className="sticky top-0 z-1 text-xs text-ink-2">
        <tr
          className="h-9 [&>th]:bg-surface [&>th]:shadow-[inset_0_-1px_0_var(--line)] [&>th:first-child]:rounded-tl-lg [&>th:last-child]:rounded-tr-lg"
          aria-rowindex={1}
        >
          {columns.map(({ className, key, label }) => (
            <th key={key} scope="col" className={`font-medium ${className}`}>
              {key === 'choose' ? <span className="sr-only">{label}</span> : label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body}>
        <Gap rows={first} height={height} />
        {runs.slice(first, end).map((run, index) => (
          <RunRow
            key={run.run_id}
            run={run}
            index={first + index}
            height={height}
            active={first + index === at}
            onFocus={setActive}
            isChosen={props.chosen.includes(run.run_id)}
            onChoose={props.onChoose}
            onNarrow={props.onNarrow}
            withProject={props.withProject}
            sought={props.sought}
          />
        ))}
        <Gap rows={runs.length - end} height={height} />
      </tbody>
    </table>
  );
}

function Gap({ rows, height }: { readonly rows: number; readonly height: number }): ReactNode {
  if (rows <= 0) return null;
  return (
    <tr aria-hidden="true">
      {/* One cell: a span over columns that a phone hides would bring them back. */}
      <td style={{ height: rows * height }} className="p-0" />
    </tr>
  );
}

/** Of a root what its whole trace used, where that is known: an agent has neither tokens nor a price of its own. */
export function sumsOf(run: RunSummary): {
  readonly tokens: number | null;
  readonly cost: string | null;
  readonly first: number | null;
  /** Calls that are in no sum. */
  readonly unpriced: number;
} {
  const { trace } = run;
  if (trace === null)
    return {
      tokens: run.total_tokens,
      cost: run.total_cost,
      first: run.first_token_seconds,
      unpriced: Number(isUnpriced(run)),
    };
  return { tokens: trace.total_tokens, cost: trace.total_cost, first: trace.first_token_seconds, unpriced: trace.unpriced_runs };
}

const sizeOf = (trace: TraceSums | null): string => (trace === null || trace.runs === 1 ? '' : `${grouped(trace.runs)} runs`);

interface RowProps extends Pick<RunTableProps, 'onChoose' | 'onNarrow' | 'sought' | 'withProject'> {
  readonly run: RunSummary;
  readonly index: number;
  readonly height: number;
  readonly active: boolean;
  readonly onFocus: (id: string) => void;
  readonly isChosen: boolean;
}

function RunRow({ run, index, height, active, onFocus, isChosen, onChoose, onNarrow, sought, withProject }: RowProps): ReactNode {
  const { colour, icon, label } = statusLooks[run.status];
  const scores = Object.entries(run.feedback);
  const { cost, first, tokens, unpriced } = sumsOf(run);
  return (
    <tr
      data-run={run.run_id}
      aria-rowindex={index + 2}
      style={{ height }}
      className={`border-b border-line last:border-0 hover:bg-raised ${isChosen ? 'tint-accent' : ''}`}
      onFocus={() => onFocus(run.run_id)}
    >
      <td className={columns[0].className}>
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Mark ${nameOf(run)}`}
          checked={isChosen}
          onChange={() => onChoose(run)}
          className="size-3.5 align-middle accent-[var(--accent)]"
        />
      </td>
      <td className={columns[1].className}>
        <span className="flex min-w-0 items-center gap-2">
          <span className={colour} title={label}>
            <Icon name={icon} className="size-3.5" />
            <span className="sr-only">{label}</span>
          </span>
          <span className="min-w-0 flex-1">
            <Link href={runAddress(run, sought)} tabIndex={active ? 0 : -1} className="block truncate font-medium hover:underline">
              {nameOf(run)}
            </Link>
            <span className="flex min-w-0 items-center gap-1 text-xs text-ink-3">
              <Icon name={typeIcons[run.run_type]} className="size-3" />
              <span className="min-w-0 truncate">
                {[withProject ? run.project : '', run.model ?? typeNames[run.run_type], sizeOf(run.trace)]
                  .filter((part) => part !== '')
                  .join(' · ')}
              </span>
              {run.trace !== null && run.trace.errors > 0 && run.status !== 'error' && (
                <span className="flex shrink-0 items-center gap-0.5 text-bad">
                  <Icon name="critical" className="size-3" />
                  {grouped(run.trace.errors)}
                  <span className="sr-only">{run.trace.errors === 1 ? 'run of it failed' : 'runs of it failed'}</span>
                </span>
              )}
            </span>
            <span dir="auto" className="block truncate text-left text-xs text-ink-2 sm:hidden">
              {run.inputs_preview}
            </span>
          </span>
        </span>
      </td>
      <td className={columns[2].className}>
        <span dir="auto" className="block truncate text-left">
          {run.inputs_preview ?? <span className="text-ink-3">–</span>}
        </span>
        <span dir="auto" className={`block truncate text-left text-xs ${run.error_preview === null ? 'text-ink-2' : 'text-bad'}`}>
          {run.error_preview ?? run.outputs_preview ?? (run.status === 'pending' ? 'running' : '–')}
        </span>
      </td>
      <td className={columns[3].className}>
        <span className="block">{latencyText(run.latency_seconds)}</span>
        {first !== null && (
          <span className="block text-xs text-ink-3" title="Until the first token">
            {formatSeconds(Math.max(0, first))} first
          </span>
        )}
      </td>
      <td className={columns[4].className}>
        <span className="block">{tokens === null ? '–' : formatCount(tokens)}</span>
        <span className="block text-xs text-ink-3">
          {cost !== null && formatCost(cost)}
          {unpriced > 0 && (
            <span className="text-warn" title={`${grouped(unpriced)} of its calls have no known price`}>
              {cost === null ? 'no price' : ' and more'}
            </span>
          )}
        </span>
      </td>
      <td className={columns[5].className}>
        {scores.length > 0 && (
          <span className="flex min-w-0 gap-1 overflow-hidden">
            {scores.slice(0, 2).map(([key, { avg, n }]) => (
              <span
                key={key}
                className="inline-flex min-w-0 items-center gap-1 rounded-sm bg-raised px-1.5 text-2xs whitespace-nowrap"
                title={`${key}: ${grouped(n)} ${n === 1 ? 'score' : 'scores'}`}
              >
                <span className="truncate text-ink-2">{key}</span>
                <span className="font-medium">{avg === null ? grouped(n) : formatCount(Math.round(avg * 100) / 100)}</span>
              </span>
            ))}
          </span>
        )}
        {run.tags.length > 0 && (
          <span className="mt-0.5 flex min-w-0 gap-1 overflow-hidden">
            {run.tags.slice(0, 3).map((tag) => (
              <button
                key={tag}
                type="button"
                tabIndex={-1}
                title={`Only tag ${tag}`}
                onClick={() => onNarrow({ tag })}
                className="max-w-32 shrink-0 truncate rounded-sm border border-line px-1.5 text-2xs text-ink-2 hover:border-line-strong hover:text-ink"
              >
                {tag}
              </button>
            ))}
          </span>
        )}
      </td>
      <td className={columns[6].className}>
        <Ago at={run.start_time} className="text-xs text-ink-2" />
      </td>
    </tr>
  );
}
