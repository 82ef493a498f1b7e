import type { IconName } from '../ui/icons.tsx';

export interface Place {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
  /** After g. */
  readonly letter: string;
  /** Other paths that belong to it. */
  readonly also?: readonly string[];
}

/** What stands together under Alerts: too much for a place each in the sidebar. */
export const alertingTabs: readonly { readonly path: string; readonly label: string }[] = [
  { path: '/alerts', label: 'Alerts' },
  { path: '/incidents', label: 'Incidents' },
  { path: '/rules', label: 'Rules' },
  { path: '/on-call', label: 'On call' },
  { path: '/quiet', label: 'Quiet times' },
  { path: '/channels', label: 'Channels' },
];

export const places: readonly Place[] = [
  { path: '/', label: 'Overview', icon: 'overview', letter: 'o' },
  { path: '/alerts', label: 'Alerts', icon: 'alerts', letter: 'l', also: alertingTabs.map(({ path }) => path) },
  { path: '/agents', label: 'Agents', icon: 'agents', letter: 'a' },
  { path: '/hosts', label: 'Hosts', icon: 'hosts', letter: 'h' },
  { path: '/monitors', label: 'Monitors', icon: 'clock', letter: 'm' },
  { path: '/healing', label: 'Healing', icon: 'heal', letter: 'r' },
  { path: '/events', label: 'Events', icon: 'events', letter: 'e' },
];

export function isHere(place: Place, path: string): boolean {
  return [place.path, ...(place.also ?? [])].some((each) => isWithin(each, path));
}

export const isWithin = (place: string, path: string): boolean => path === place || (place !== '/' && path.startsWith(`${place}/`));

/** What the window calls itself there. */
export function nameOf(path: string): string | undefined {
  return [...alertingTabs, ...places].find((place) => isWithin(place.path, path))?.label;
}
