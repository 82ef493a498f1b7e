import { type ReactNode, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { formatValue } from '../ui/format.ts';
import { useTheme } from '../ui/theme.ts';
import { align, type ChartSeries } from './align.ts';
import { type ChartColours, readColours } from './colours.ts';
import { incrementsOf, labelRoom, timeLabels, yRange, type YFloor } from './scales.ts';

export interface PlotProps {
  readonly series: readonly ChartSeries[];
  readonly unit: string;
  /** The right edge, ms since 1970, and how far to the left of it the plot reaches. */
  readonly to: number;
  readonly rangeSeconds: number;
  readonly height: number;
  readonly floor: YFloor;
  /** Plots with one key share their crosshair. */
  readonly syncKey: string;
  /** Where the crosshair stands, by series; undefined when it left. */
  readonly onCursor: (at: number | undefined, values: readonly (number | null)[]) => void;
  /** A click on a point: when its step begins, and the line that is nearest to the pointer. */
  readonly onPick?: ((at: number, line: number) => void) | undefined;
}

/** A uPlot that follows its data, its size and the theme. It says nothing to screen readers: the panel around it does. */
export function Plot({ series, unit, to, rangeSeconds, height, floor, syncKey, onCursor, onPick }: PlotProps): ReactNode {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const theme = useTheme();
  const count = series.length;
  // Read by uPlot's callbacks, which outlive a render.
  const current = useRef({ to, rangeSeconds, onCursor, onPick, series });
  useEffect(() => {
    current.current = { to, rangeSeconds, onCursor, onPick, series };
  });

  // What the axes and the set of lines depend on makes a new plot; data, range and size only move the one that is there.
  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const window = (): [number, number] => [current.current.to / 1_000 - current.current.rangeSeconds, current.current.to / 1_000];
    const made = new uPlot(
      {
        width: element.clientWidth || 300,
        height,
        // On the right there is room for half of a time: the last may stand at the edge.
        padding: [8, 16, 0, 0],
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { size: 6, width: 1.5 }, y: false, sync: { key: syncKey, scales: ['x', null] } },
        scales: { x: { time: true, range: window }, y: { range: (_, low, high) => yRange(low, high, floor) } },
        series: [{}, ...lines(count, readColours(element))],
        axes: axes(readColours(element), unit),
        hooks: {
          ready: [
            (self) => {
              self.over.addEventListener('click', () => {
                const { idx, top } = self.cursor;
                if (typeof idx !== 'number') return;
                current.current.onPick?.((self.data[0][idx] ?? 0) * 1_000, nearest(self, idx, top ?? 0));
              });
            },
          ],
          setCursor: [
            (self) => {
              const index = self.cursor.idx;
              if (index === null || index === undefined) current.current.onCursor(undefined, []);
              else
                current.current.onCursor(
                  (self.data[0][index] ?? 0) * 1_000,
                  self.data.slice(1).map((row) => row[index] ?? null),
                );
            },
          ],
        },
      },
      align(current.current.series),
      element,
    );
    plot.current = made;
    const sizes = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientWidth !== made.width) made.setSize({ width: element.clientWidth, height });
    });
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [theme, count, unit, height, floor, syncKey]);

  useEffect(() => {
    plot.current?.setData(align(series));
  }, [series, to, rangeSeconds]);

  return (
    <div
      ref={holder}
      aria-hidden="true"
      className={`w-full overflow-hidden ${onPick ? '[&_.u-over]:cursor-pointer' : ''}`}
      style={{ height }}
    />
  );
}

/** Which line is nearest to the pointer at a point in time. */
function nearest(self: uPlot, index: number, top: number): number {
  const distances = self.data.slice(1).map((row) => {
    const value = row[index];
    return value === null || value === undefined ? Infinity : Math.abs(self.valToPos(value, 'y') - top);
  });
  return Math.max(0, distances.indexOf(Math.min(...distances)));
}

function lines(count: number, colours: ChartColours): uPlot.Series[] {
  return Array.from({ length: count }, (_, index) => {
    const place = index % colours.series.length;
    return {
      stroke: colours.series[place] ?? colours.text,
      width: 1.5,
      // A fill under several lines would mix into colours that mean nothing.
      ...(count === 1 ? { fill: colours.fills[place] ?? 'transparent' } : {}),
      // A measurement between two gaps has no line: it is drawn as a point.
      points: { show: true, size: 4, filter: (self: uPlot, index: number) => lonely([...(self.data[index] ?? [])]) },
      spanGaps: false,
    };
  });
}

function lonely(values: readonly (number | null | undefined)[]): number[] {
  const known = values.flatMap((value, index) => (value === undefined ? [] : [index]));
  return known.filter(
    (index, place) =>
      values[index] !== null && (values[known[place - 1] ?? -1] ?? null) === null && (values[known[place + 1] ?? -1] ?? null) === null,
  );
}

/** The figures above the chart say "a second"; on the axis it would only take room. */
function axisUnit(unit: string): string {
  return unit === 'bytes_per_second' ? 'bytes' : unit === 'per_second' ? '' : unit;
}

function axes(colours: ChartColours, unit: string): uPlot.Axis[] {
  const font = '10.5px Geist, system-ui, sans-serif';
  const common = { stroke: colours.text, font, ticks: { show: false }, grid: { stroke: colours.grid, width: 1 } };
  return [
    {
      ...common,
      space: 64,
      size: 22,
      gap: 4,
      grid: { show: false },
      values: (self, splits) => timeLabels(splits, (self.scales['x']?.max ?? 0) - (self.scales['x']?.min ?? 0)),
    },
    {
      ...common,
      space: 30,
      size: (_, labels) => labelRoom(labels),
      gap: 6,
      incrs: incrementsOf(unit),
      values: (_, splits) => splits.map((value) => formatValue(value, axisUnit(unit))),
    },
  ];
}
