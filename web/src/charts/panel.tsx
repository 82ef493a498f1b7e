import { type ReactNode, useCallback, useMemo, useRef, useState } from 'react';
import type { ApiProblem } from '../api/problem.ts';
import { formatAge, formatClock, formatMoment, formatValue } from '../ui/format.ts';
import { Icon } from '../ui/icons.tsx';
import { Skeleton } from '../ui/primitives.tsx';
import { align, type ChartSeries, lastOf } from './align.ts';
import { swatch } from './colours.ts';
import { Plot } from './plot.tsx';
import type { YFloor } from './scales.ts';
import { summarise } from './summary.ts';

export interface ChartPanelProps {
  readonly title: string;
  /** What is measured, where the title does not say it. */
  readonly note?: string | undefined;
  /** The title is the name of a metric, to be read letter by letter. */
  readonly exact?: boolean | undefined;
  readonly unit: string;
  /** undefined: not loaded yet. */
  readonly series: readonly ChartSeries[] | undefined;
  readonly problem?: ApiProblem | undefined;
  /** Shown where the store has nothing under this name. */
  readonly absence: string;
  readonly to: number;
  readonly rangeSeconds: number;
  readonly stepMs: number;
  readonly floor?: YFloor;
  readonly height?: number;
  readonly syncKey: string;
  /** Opens what is behind a point: when its step begins, and which line it is of. */
  readonly onPick?: ((at: number, line: number) => void) | undefined;
}

const plotHeight = 112;
/** So many lines have their names in one row; more take a second one from the plot, so that all panels stay of one height. */
const rowOfLegend = 3;
const secondRow = 18;

export function ChartPanel(props: ChartPanelProps): ReactNode {
  const { title, unit, series, problem, to, rangeSeconds, stepMs, floor = 'zero' } = props;
  const crowded = (series?.length ?? 0) > rowOfLegend;
  const height = (props.height ?? plotHeight) - (crowded ? secondRow : 0);
  const [asTable, setAsTable] = useState(false);
  const [cursor, onCursor] = useCursor();
  const empty = series !== undefined && series.every((each) => lastOf(each.points) === undefined);
  const summary = useMemo(
    () => (series ? summarise(title, unit, series, rangeSeconds, to) : title),
    [title, unit, series, rangeSeconds, to],
  );
  const newest = series?.reduce((latest, each) => Math.max(latest, lastOf(each.points)?.at ?? 0), 0) ?? 0;
  // A bucket is as new as its end; collectors of costly things write every 30 s.
  const age = newest === 0 ? 0 : to - newest - stepMs;
  const stale = age > Math.max(75_000, 2 * stepMs);

  return (
    <section className={`card flex min-w-0 flex-col overflow-hidden ${stale ? 'stale-ground' : ''}`} aria-label={title}>
      <div className="flex items-start gap-2 px-3.5 pt-3">
        <h3
          className={`min-w-0 truncate text-sm font-medium ${props.exact === true ? 'font-mono text-xs leading-5' : ''}`}
          title={props.note}
        >
          {title}
          {props.note !== undefined && <span className="ml-1.5 font-normal text-ink-3">{props.note}</span>}
        </h3>
        <button
          type="button"
          className="-mt-1 -mr-1.5 ml-auto flex size-7 items-center justify-center rounded-md text-ink-3 hover:bg-raised hover:text-ink"
          aria-pressed={asTable}
          aria-label={`${title} as a table`}
          title={asTable ? 'Show the chart' : 'Show the figures as a table'}
          onClick={() => setAsTable(!asTable)}
        >
          <Icon name={asTable ? 'chart' : 'table'} className="size-3.5" />
        </button>
      </div>
      <Legend series={series} unit={unit} cursor={cursor} stale={stale} age={age} empty={empty} crowded={crowded} />
      {series === undefined ? (
        problem ? (
          <Message height={height}>{problem.title}</Message>
        ) : (
          <div className="px-3.5 pb-3.5" style={{ height }}>
            <Skeleton className="size-full" />
          </div>
        )
      ) : empty ? (
        <Message height={height}>{props.absence}</Message>
      ) : asTable ? (
        <FiguresTable title={title} unit={unit} series={series} height={height} now={to} onPick={props.onPick} />
      ) : (
        <div role="img" aria-label={summary} className="pr-2">
          <Plot
            series={series}
            unit={unit}
            to={to}
            rangeSeconds={rangeSeconds}
            height={height}
            floor={floor}
            syncKey={props.syncKey}
            onCursor={onCursor}
            onPick={props.onPick}
          />
        </div>
      )}
    </section>
  );
}

interface Cursor {
  readonly at: number;
  readonly values: readonly (number | null)[];
}

/** The crosshair's place, at most once a frame: twelve synchronised charts move together. */
function useCursor(): readonly [Cursor | undefined, (at: number | undefined, values: readonly (number | null)[]) => void] {
  const [cursor, setCursor] = useState<Cursor>();
  const frame = useRef(0);
  const move = useCallback((at: number | undefined, values: readonly (number | null)[]) => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => setCursor(at === undefined ? undefined : { at, values }));
  }, []);
  return [cursor, move];
}

interface LegendProps {
  readonly series: readonly ChartSeries[] | undefined;
  readonly unit: string;
  readonly cursor: Cursor | undefined;
  readonly stale: boolean;
  readonly age: number;
  readonly empty: boolean;
  readonly crowded: boolean;
}

/** The newest figures, or those under the crosshair with their time. Its height is the same in every state. */
function Legend({ series, unit, cursor, stale, age, empty, crowded }: LegendProps): ReactNode {
  if (series === undefined || empty) {
    return (
      <div className="h-6 px-3.5">
        {series === undefined ? <Skeleton className="mt-1 h-4 w-16" /> : <span className="text-lg text-ink-3">unknown</span>}
      </div>
    );
  }
  const single = series.length === 1;
  return (
    <div
      className={`min-w-0 items-baseline gap-x-3 overflow-hidden px-3.5 whitespace-nowrap ${crowded ? 'grid h-10.5 grid-cols-3 pt-1' : 'flex h-6'}`}
    >
      {series.map((each, index) => {
        const value = cursor ? cursor.values[index] : lastOf(each.points)?.value;
        return (
          <span key={each.label} className="flex min-w-0 items-baseline gap-1.5">
            {!single && (
              <>
                <span aria-hidden="true" className="h-0.5 w-2.5 shrink-0 self-center rounded-full" style={{ background: swatch(index) }} />
                <span className="truncate text-xs text-ink-2">{each.label}</span>
              </>
            )}
            <span className={`${single ? 'text-lg font-medium' : 'text-xs font-medium'} ${stale ? 'text-ink-3' : ''}`}>
              {formatValue(value, unit)}
            </span>
          </span>
        );
      })}
      {cursor
        ? !crowded && <span className="ml-auto text-xs text-ink-3">{formatClock(cursor.at)}</span>
        : stale && (
            <span className="ml-auto inline-flex items-center gap-1 self-center text-xs font-medium text-warn">
              <Icon name="clock" className="size-3.5" />
              {formatAge(age)} old
            </span>
          )}
    </div>
  );
}

function Message({ height, children }: { readonly height: number; readonly children: ReactNode }): ReactNode {
  return (
    <p className="flex items-center justify-center px-6 pb-3 text-center text-xs text-balance text-ink-3" style={{ height }}>
      {children}
    </p>
  );
}

const tableRows = 60;

function FiguresTable({
  title,
  unit,
  series,
  height,
  now,
  onPick,
}: {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly ChartSeries[];
  readonly height: number;
  readonly now: number;
  readonly onPick: ChartPanelProps['onPick'];
}): ReactNode {
  const [times, ...rows] = align(series);
  const newest = Array.from({ length: Math.min(tableRows, times.length) }, (_, index) => times.length - 1 - index);
  return (
    // A scrolling region must be reachable by keyboard.
    <div className="overflow-auto px-3.5 pb-2" style={{ height }} role="region" aria-label={`${title}, figures`} tabIndex={0}>
      <table className="w-full text-xs">
        <thead className="sticky top-0 bg-surface text-left text-ink-3">
          <tr>
            <th scope="col" className="py-1 font-medium">
              From
            </th>
            {series.map((each) => (
              <th key={each.label} scope="col" className="py-1 text-right font-medium">
                {each.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newest.map((index) => (
            <tr key={index} className="border-t border-line">
              <td className="py-0.5 text-ink-2">{formatMoment((times[index] ?? 0) * 1_000, now)}</td>
              {rows.map((row, place) => (
                <td key={series[place]?.label ?? place} className="py-0.5 text-right">
                  {onPick && row[index] !== null && row[index] !== undefined ? (
                    <button
                      type="button"
                      className="rounded-sm underline decoration-line-strong hover:decoration-current"
                      onClick={() => onPick((times[index] ?? 0) * 1_000, place)}
                    >
                      {formatValue(row[index], unit)}
                    </button>
                  ) : (
                    formatValue(row[index], unit)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
