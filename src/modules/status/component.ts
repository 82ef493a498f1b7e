/** How a component stands; where nobody knows, it has no state. */
export type State = 'up' | 'degraded' | 'down';

/** One line of the page, and what it is judged by. */
export interface Component {
  readonly key: string;
  /** What the public reads: never the name of a host or an agent unless somebody wrote it here. */
  readonly name: string;
  readonly database: boolean;
  /** Those monitored besides the fleet's own, by name. */
  readonly databases: readonly string[];
  readonly agents: readonly string[] | 'all';
  readonly hosts: readonly string[] | 'all';
  readonly monitors: readonly string[] | 'all';
  /** Not shown while there is nothing to it. */
  readonly optional: boolean;
}

/** A component as an operator writes it. */
export interface ConfiguredComponent {
  readonly name: string;
  readonly database?: boolean | undefined;
  readonly databases?: readonly string[] | undefined;
  readonly agents?: readonly string[] | undefined;
  readonly hosts?: readonly string[] | undefined;
  readonly monitors?: readonly string[] | undefined;
}

/** How each thing stands now; what is not in a map is not known, or not meant to run. */
export interface Standing {
  readonly database: State | undefined;
  readonly databases: ReadonlyMap<string, State>;
  readonly agents: ReadonlyMap<string, State>;
  readonly hosts: ReadonlyMap<string, State>;
  /** Hosts that were lost so long ago that they count for themselves alone, not for the hosts as a whole. */
  readonly gone: ReadonlySet<string>;
  readonly monitors: ReadonlyMap<string, State>;
}

const NOTHING = { database: false, databases: [], agents: [], hosts: [], monitors: [], optional: false } as const;

/** Where nobody said what to show: the database, and hosts, agents and jobs as a whole, without a name of any. */
const DERIVED: readonly Component[] = [
  { ...NOTHING, key: 'database', name: 'Database', database: true },
  { ...NOTHING, key: 'hosts', name: 'Hosts', hosts: 'all' },
  { ...NOTHING, key: 'agents', name: 'Agents', agents: 'all' },
  { ...NOTHING, key: 'jobs', name: 'Scheduled jobs', monitors: 'all', optional: true },
];

export function componentsOf(configured: readonly ConfiguredComponent[]): readonly Component[] {
  if (configured.length === 0) return DERIVED;
  return configured.map(({ name, database = false, databases = [], agents = [], hosts = [], monitors = [] }) => ({
    key: keyOf(name),
    name,
    database,
    databases,
    agents,
    hosts,
    monitors,
    optional: false,
  }));
}

/** `Invoices & mail` is `invoices-mail` in addresses. */
export const keyOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 100) || 'component';

/** Down where all of it is down, degraded where some of it is not up. Undefined where nothing of it is known. */
export function stateOf(component: Component, standing: Standing): State | undefined {
  const of = (names: readonly string[] | 'all', known: ReadonlyMap<string, State>): readonly State[] =>
    names === 'all'
      ? [...known].flatMap(([name, state]) => (known === standing.hosts && standing.gone.has(name) ? [] : [state]))
      : names.flatMap((name) => known.get(name) ?? []);
  const states = [
    ...(component.database && standing.database !== undefined ? [standing.database] : []),
    ...of(component.databases, standing.databases),
    ...of(component.agents, standing.agents),
    ...of(component.hosts, standing.hosts),
    ...of(component.monitors, standing.monitors),
  ];
  if (states.length === 0) return undefined;
  if (states.every((state) => state === 'down')) return 'down';
  return states.every((state) => state === 'up') ? 'up' : 'degraded';
}
