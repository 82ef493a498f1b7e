import { unknownOf } from './availability.ts';
import type { ShownComponent } from './snapshot.ts';

type Day = ShownComponent['days'][number];

const SLOT = 10;
const WIDTH = 7;
const HEIGHT = 36;
/** What was down for a minute is not to vanish in a day. */
const LEAST = 5;
const SHORT = 30;

/**
 * One bar a day, filled from below with its time down, degraded, unknown and up, as one path for each. Drawn twice: ninety days,
 * and the last thirty for narrow screens; the style sheet shows the one that fits.
 */
export function barsOf({ key, days }: Pick<ShownComponent, 'key' | 'days'>, label: string): string {
  const paths: Record<Part, string> = { down: '', degraded: '', unknown: '', up: '' };
  days.forEach((day, index) => {
    let bottom = HEIGHT;
    for (const [part, height] of partsOf(day)) {
      paths[part] += `M${index * SLOT} ${round(bottom)}v-${round(height)}h${WIDTH}v${round(height)}z`;
      bottom -= height;
    }
  });
  const id = `bars-${encodeURIComponent(key).replaceAll('%', '_')}`;
  const drawn = PARTS.filter((part) => paths[part] !== '')
    .map((part) => `<path class="${part}" d="${paths[part]}"/>`)
    .join('');
  const width = days.length * SLOT - (SLOT - WIDTH);
  const from = Math.max(0, days.length - SHORT) * SLOT;
  return `<svg class="bars long" viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}"><g id="${id}">${drawn}</g></svg><svg class="bars short" viewBox="${from} 0 ${width - from} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true"><use href="#${id}"/></svg>`;
}

const PARTS = ['down', 'degraded', 'unknown', 'up'] as const;
type Part = (typeof PARTS)[number];

/** Heights from below; they fill the bar. */
export function partsOf(day: Day): readonly (readonly [Part, number])[] {
  const time: Readonly<Record<Part, number>> = { down: day.down, degraded: day.degraded, unknown: unknownOf(day), up: day.up };
  const total = PARTS.reduce((sum, part) => sum + time[part], 0);
  if (total === 0) return [['unknown', HEIGHT]];
  const heights = PARTS.map((part) => {
    const exact = (time[part] / total) * HEIGHT;
    // A few seconds that nobody saw, as after every restart, are told in the figures and need no mark of their own.
    const isWorthAMark = part === 'unknown' ? time[part] / total > 0.01 : time[part] > 0;
    return isWorthAMark ? Math.max(exact, LEAST) : 0;
  });
  const scale = HEIGHT / heights.reduce((sum, height) => sum + height, 0);
  return PARTS.flatMap((part, index) => ((heights[index] ?? 0) > 0 ? [[part, (heights[index] ?? 0) * scale] as const] : []));
}

const round = (value: number): number => Math.round(value * 10) / 10;
