import type { ComponentState, Snapshot } from './snapshot.ts';

/** A state in words and as a shape, so that nobody needs to see its colour. */
export const WORDS: Readonly<Record<ComponentState, { readonly word: string; readonly sign: string }>> = {
  up: { word: 'Operational', sign: '✓' },
  degraded: { word: 'Degraded', sign: '!' },
  down: { word: 'Down', sign: '✕' },
  maintenance: { word: 'Maintenance', sign: '⚙' },
  unknown: { word: 'Unknown', sign: '?' },
};

/** The page in one state: the gravest of its components; what nobody knows is graver than what is degraded. */
export function overallOf({ components }: Pick<Snapshot, 'components'>): ComponentState {
  for (const state of ['down', 'unknown', 'degraded', 'maintenance'] as const)
    if (components.some((component) => component.state === state)) return state;
  return components.length === 0 ? 'unknown' : 'up';
}

export function headline({ components }: Pick<Snapshot, 'components'>): string {
  const count = (state: ComponentState): number => components.filter((component) => component.state === state).length;
  const names = (state: ComponentState): string =>
    components
      .filter((component) => component.state === state)
      .map(({ name }) => name)
      .slice(0, 3)
      .join(', ');
  switch (overallOf({ components })) {
    case 'up':
      return 'All components are operational';
    case 'down':
      return count('down') === components.length ? 'Everything is down' : `Down: ${names('down')}`;
    case 'degraded':
      return `Degraded: ${names('degraded')}`;
    case 'maintenance':
      return `Under maintenance: ${names('maintenance')}`;
    case 'unknown':
      return components.length === 0 ? 'Nothing has been observed yet' : `Not known at present: ${names('unknown')}`;
  }
}

/** `2026-01-31 12:00 UTC`. */
export const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

export function lengthText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return ms <= 0 ? '0 min' : 'under a minute';
  const [days, hours, rest] = [Math.floor(minutes / 1_440), Math.floor((minutes % 1_440) / 60), minutes % 60];
  return [days > 0 ? `${days} d` : '', hours > 0 ? `${hours} h` : '', rest > 0 && days === 0 ? `${rest} min` : '']
    .filter(Boolean)
    .join(' ');
}

export const escapeXml = (text: string): string =>
  text
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');
