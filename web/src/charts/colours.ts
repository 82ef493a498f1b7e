/** The page's colours as the canvas can read them: it knows neither custom properties nor light-dark(). */
export interface ChartColours {
  readonly series: readonly string[];
  readonly fills: readonly string[];
  readonly grid: string;
  readonly text: string;
  readonly ground: string;
}

const seriesCount = 6;

export function readColours(beside: HTMLElement): ChartColours {
  const probe = document.createElement('span');
  probe.hidden = true;
  beside.append(probe);
  const resolve = (colour: string): string => {
    probe.style.color = colour;
    return getComputedStyle(probe).color;
  };
  const numbers = Array.from({ length: seriesCount }, (_, index) => index + 1);
  const colours = {
    series: numbers.map((number) => resolve(`var(--series-${number})`)),
    fills: numbers.map((number) => resolve(`color-mix(in oklab, var(--series-${number}) 10%, transparent)`)),
    grid: resolve('var(--grid)'),
    text: resolve('var(--ink-3)'),
    ground: resolve('var(--surface)'),
  };
  probe.remove();
  return colours;
}

/** The custom property of the n-th series, for its swatch. */
export function swatch(index: number): string {
  return `var(--series-${(index % seriesCount) + 1})`;
}
