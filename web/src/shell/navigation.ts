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

export interface Tab {
  readonly path: string;
  readonly label: string;
}

/** What stands together under Alerts: too much for a place each in the sidebar. */
const alertingTabs: readonly Tab[] = [
  { path: '/alerts', label: 'Alerts' },
  { path: '/incidents', label: 'Incidents' },
  { path: '/rules', label: 'Rules' },
  { path: '/on-call', label: 'On call' },
  { path: '/quiet', label: 'Quiet times' },
  { path: '/channels', label: 'Channels' },
];

/** What is known of LLM conversations. */
const tracesTabs: readonly Tab[] = [
  { path: '/traces', label: 'Traces' },
  { path: '/traces/figures', label: 'Figures' },
  { path: '/traces/threads', label: 'Threads' },
  { path: '/traces/quality', label: 'Quality' },
  { path: '/traces/queues', label: 'Queues' },
  { path: '/traces/prompts', label: 'Prompts' },
  { path: '/traces/datasets', label: 'Datasets' },
  { path: '/traces/gateway', label: 'Gateway' },
  { path: '/traces/forwards', label: 'Forwards' },
  { path: '/traces/quarantine', label: 'Quarantine' },
  { path: '/traces/settings', label: 'Settings' },
];

export const tabGroups: readonly { readonly label: string; readonly tabs: readonly Tab[] }[] = [
  { label: 'Alerting', tabs: alertingTabs },
  { label: 'LLM conversations', tabs: tracesTabs },
];

export const places: readonly Place[] = [
  { path: '/', label: 'Overview', icon: 'overview', letter: 'o' },
  { path: '/alerts', label: 'Alerts', icon: 'alerts', letter: 'l', also: alertingTabs.map(({ path }) => path) },
  { path: '/traces', label: 'Traces', icon: 'traces', letter: 't' },
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

/** The tab that a page is under: the longest of those it lies within. */
export function tabOf(tabs: readonly Tab[], path: string): Tab | undefined {
  return tabs.filter((tab) => isWithin(tab.path, path)).toSorted((a, b) => b.path.length - a.path.length)[0];
}

/** What the window calls itself there. */
export function nameOf(path: string): string | undefined {
  return tabOf([...tabGroups.flatMap(({ tabs }) => tabs), ...places], path)?.label;
}
