import type { ReactNode } from 'react';
import { type Standing, standings, toneText } from './standing.ts';

/** Drawn here, 16 by 16, one stroke width: decoration beside words, hidden from screen readers. */
const paths = {
  overview: 'M2.5 13.5v-6M6.2 13.5v-9M9.8 13.5v-4M13.5 13.5v-11',
  agents: 'M3 4.5h1.5M3 8h1.5M3 11.5h1.5M7 4.5h6M7 8h6M7 11.5h6',
  hosts: 'M2.5 3.5h11v3.5h-11zM2.5 9h11v3.5h-11zM5 5.25h.01M5 10.75h.01',
  events: 'M2 8h3l1.8-4.5L9.6 12.5 11.2 8H14',
  heal: 'M8 13.2 3.2 8.4a3 3 0 0 1 4.3-4.2l.5.5.5-.5a3 3 0 0 1 4.3 4.2zM8 6.6v3.2M6.4 8.2h3.2',
  alerts: 'M8 2.2a4 4 0 0 0-4 4v2.6L2.7 11.5h10.6L12 8.8V6.2a4 4 0 0 0-4-4zM6.6 13.8h2.8',
  emergency: 'M8 1.5 14.5 8 8 14.5 1.5 8zM8 5v3.4M8 10.8h.01',
  silence: 'M5 3.1A4 4 0 0 1 12 6.2v2.6l.4.8M4.1 5.4 4 8.8l-1.3 2.7h8.4M6.6 13.8h2.8M2 2l12 12',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.4 10.4l3.1 3.1',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  start: 'M5 3.5v9l7-4.5z',
  stop: 'M4 4h8v8H4z',
  restart: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.6h-2.6',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  resume: 'M4 3.5v9M7.5 3.5v9l6-4.5z',
  run_now: 'M8.8 1.8 3.6 9h4l-.4 5.2L12.4 7h-4z',
  close: 'M4 4l8 8M12 4l-8 8',
  check: 'M3 8.5l3.2 3.2L13 4.8',
  warning: 'M8 2.2 14.4 13H1.6zM8 6.2v3.2M8 11.2h.01',
  critical: 'M5.4 1.8h5.2l3.6 3.6v5.2l-3.6 3.6H5.4l-3.6-3.6V5.4zM8 4.8v4M8 11h.01',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.4v3.4M8 5.1h.01',
  unknown: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.3 6.4a1.75 1.75 0 1 1 2.5 1.6c-.5.25-.8.6-.8 1.1M8 11.1h.01',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.6',
  table: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6',
  chart: 'M2.5 2.5v11h11M4.5 10l2.8-3 2.2 1.8L13 5',
  light:
    'M8 10.8A2.8 2.8 0 1 0 8 5.2a2.8 2.8 0 0 0 0 5.6zM8 1.8v1.4M8 12.8v1.4M1.8 8h1.4M12.8 8h1.4M3.6 3.6l1 1M11.4 11.4l1 1M3.6 12.4l1-1M11.4 4.6l1-1',
  dark: 'M13.2 9.8A5.6 5.6 0 0 1 6.2 2.8a5.6 5.6 0 1 0 7 7z',
  system: 'M2 3h12v8H2zM6 13.5h4',
  signOut: 'M9.5 4V2.5h-7v11h7V12M6.5 8h7M11.2 5.7 13.5 8l-2.3 2.3',
  key: 'M10.5 9.2a3.7 3.7 0 1 0-3.4-2.3L2 12v2h2.2v-1.6h1.7v-1.7h1.4l.6-.7c.8-.5 1.7-.8 2.6-.8zM11 5h.01',
  right: 'M6 3.5 10.5 8 6 12.5',
  up: 'M4 10l4-4 4 4',
  down: 'M4 6l4 4 4-4',
  keyboard: 'M1.5 4h13v8h-13zM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M5 9.5h6',
  traces: 'M2.5 3.5h7M5 8h6M8 12.5h5.5',
  user: 'M8 8a2.8 2.8 0 1 0 0-5.6A2.8 2.8 0 0 0 8 8zM2.8 13.6a5.2 5.2 0 0 1 10.4 0',
  spark: 'M8 2l1.4 4.6L14 8l-4.6 1.4L8 14l-1.4-4.6L2 8l4.6-1.4z',
  tool: 'M9.8 6.2a3.2 3.2 0 0 0 3.9-4L11.6 4.3 9.9 2.6 12 .5M9.8 6.2 3 13',
  chain: 'M6.5 9.5a2.5 2.5 0 0 0 3.7.2l2-2a2.5 2.5 0 0 0-3.6-3.6l-1 1M9.5 6.5a2.5 2.5 0 0 0-3.7-.2l-2 2a2.5 2.5 0 0 0 3.6 3.6l1-1',
  book: 'M8 4.3C6.5 3 4.5 2.8 2.5 3v9.5c2-.2 4 0 5.5 1.3 1.5-1.3 3.5-1.5 5.5-1.3V3c-2-.2-4 0-5.5 1.3zM8 4.3v9.5',
  vector: 'M3 13 13 3M13 3H8.5M13 3v4.5M3 13V8.5M3 13h4.5',
  braces:
    'M6 2.5c-2 0-2 1-2 2.7S3.5 8 2.5 8C3.5 8 4 9 4 10.8s0 2.7 2 2.7M10 2.5c2 0 2 1 2 2.7S12.5 8 13.5 8c-1 0-1.5 1-1.5 2.8s0 2.7-2 2.7',
  image: 'M2.5 3h11v10h-11zM2.5 11l3.2-3.2 2.6 2.6 1.9-1.9 3.3 3.3M10.5 6h.01',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  compare: 'M5 3v8M5 11 3 9M5 11l2-2M11 13V5M11 5 9 7M11 5l2 2',
  star: 'M8 2.2l1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4L2.2 6.5l4-.6z',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  download: 'M8 2.5v7.5M8 10 5 7M8 10l3-3M2.5 13.5h11',
  share: 'M8 9.5V2.2M8 2.2 5 5.2M8 2.2l3 3M4 7.5H2.8v6h10.4v-6H12',
  database: 'M8 6.3c3 0 5-.9 5-2s-2-2-5-2-5 .9-5 2 2 2 5 2zM3 4.3v7.4c0 1.1 2 2 5 2s5-.9 5-2V4.3M3 8c0 1.1 2 2 5 2s5-.9 5-2',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, className = '' }: { readonly name: IconName; readonly className?: string }): ReactNode {
  return (
    <svg
      viewBox="0 0 16 16"
      aria-hidden="true"
      focusable="false"
      className={`size-4 shrink-0 fill-none stroke-current stroke-[1.4] [stroke-linecap:round] [stroke-linejoin:round] ${className}`}
    >
      <path d={paths[name]} />
    </svg>
  );
}

/** Each standing has a shape of its own, so that colour only repeats what the shape says. */
export function StandingGlyph({ standing, className = '' }: { readonly standing: Standing; readonly className?: string }): ReactNode {
  return (
    <svg
      viewBox="0 0 12 12"
      aria-hidden="true"
      focusable="false"
      className={`block size-3 shrink-0 ${toneText[standings[standing].tone]} ${className}`}
    >
      {glyphs[standing]}
    </svg>
  );
}

const line = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.5, strokeLinecap: 'round', strokeLinejoin: 'round' } as const;
const hole = 'var(--surface)';

const glyphs: Readonly<Record<Standing, ReactNode>> = {
  running: <circle cx="6" cy="6" r="4.25" fill="currentColor" />,
  degraded: (
    <>
      <path d="M6 1 11.4 10.6H.6z" fill="currentColor" />
      <path d="M6 4.6v2.6M6 8.9h.01" {...line} stroke={hole} strokeWidth={1.3} />
    </>
  ),
  silent: (
    <>
      <circle cx="6" cy="6" r="4.6" {...line} />
      <path d="M6 3.6V6l1.5 1.1" {...line} strokeWidth={1.3} />
    </>
  ),
  crash_looping: (
    <>
      <path d="M3.7.8h4.6l2.9 2.9v4.6l-2.9 2.9H3.7L.8 8.3V3.7z" fill="currentColor" />
      <path d="m4.2 4.2 3.6 3.6m0-3.6L4.2 7.8" {...line} stroke={hole} strokeWidth={1.4} />
    </>
  ),
  lost: (
    <>
      <circle cx="6" cy="6" r="4.7" {...line} strokeDasharray="2 1.9" />
      <path d="M6 3.5v3M6 8.4h.01" {...line} />
    </>
  ),
  starting: (
    <>
      <circle cx="6" cy="6" r="4.5" {...line} />
      <path d="M6 1.5a4.5 4.5 0 0 1 0 9z" fill="currentColor" />
    </>
  ),
  stopping: (
    <>
      <circle cx="6" cy="6" r="4.5" {...line} />
      <path d="M6 1.5a4.5 4.5 0 0 0 0 9z" fill="currentColor" />
    </>
  ),
  waiting: <circle cx="6" cy="6" r="4.4" {...line} strokeWidth={1.8} />,
  paused: (
    <>
      <rect x="2.4" y="1.8" width="2.6" height="8.4" rx=".8" fill="currentColor" />
      <rect x="7" y="1.8" width="2.6" height="8.4" rx=".8" fill="currentColor" />
    </>
  ),
  stopped: <rect x="2" y="2" width="8" height="8" rx="1.2" fill="currentColor" />,
  open_slot: <rect x="1.8" y="1.8" width="8.4" height="8.4" rx="1.4" {...line} strokeWidth={1.2} strokeDasharray="1.9 1.7" />,
};
