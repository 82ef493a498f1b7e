import type { IconName } from '../ui/icons.tsx';

export interface Place {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
  /** After g. */
  readonly letter: string;
}

export const places: readonly Place[] = [
  { path: '/', label: 'Overview', icon: 'overview', letter: 'o' },
  { path: '/alerts', label: 'Alerts', icon: 'alerts', letter: 'l' },
  { path: '/agents', label: 'Agents', icon: 'agents', letter: 'a' },
  { path: '/hosts', label: 'Hosts', icon: 'hosts', letter: 'h' },
  { path: '/monitors', label: 'Monitors', icon: 'clock', letter: 'm' },
  { path: '/healing', label: 'Healing', icon: 'heal', letter: 'r' },
  { path: '/events', label: 'Events', icon: 'events', letter: 'e' },
];

export function isHere(place: Place, path: string): boolean {
  return place.path === '/' ? path === '/' : path === place.path || path.startsWith(`${place.path}/`);
}
