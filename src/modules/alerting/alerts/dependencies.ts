import { rankOf, isPaging, type Alert, type Suppression } from './alert.ts';

/** What stands on what: an agent on the database it uses and the host it runs on, a database on its host. */
export interface Topology {
  /** The host that holds, or held last, an agent of the fleet. */
  readonly hostOf: ReadonlyMap<string, string>;
  /** The fleet's own agents: what else calls itself an agent only sends metrics. */
  readonly agents: { has(agentId: string): boolean };
}

/** What an alert is about is read off these. */
export interface Seen {
  readonly rule: string;
  readonly metricName: string;
  /** With the agent among them. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Metrics about something that a label names, whoever measures it. */
const MEASURED: readonly { readonly prefix: string; readonly label: string; readonly kind: string }[] = [
  { prefix: 'push_monitor_', label: 'monitor', kind: 'monitor' },
  { prefix: 'outside_watcher_', label: 'watcher', kind: 'watcher' },
  { prefix: 'probe_', label: 'probe', kind: 'probe' },
  { prefix: 'scrape_', label: 'target', kind: 'scrape' },
];

/**
 * What an alert is about, then what that stands on. A label `cause` says it outright; else it is what was measured (a job, an
 * endpoint, a database, a host), and only then the agent: one that measures a host is not what is ill when the host is. What somebody
 * outside the fleet measures may be about many things: there a fault is what one rule finds at one source.
 */
export function subjectsOf(seen: Seen, topology: Topology): readonly string[] {
  const { agent, cause, host } = seen.labels;
  const judged = judgedOf(seen);
  const database = databaseOf(seen);
  const held = judged === undefined ? (database === undefined ? agent : undefined) : /^agent:(.*)$/.exec(judged)?.[1];
  const hosts = [host, held === undefined ? undefined : topology.hostOf.get(held)];
  const all = [
    ...(cause === undefined ? [] : [`cause:${cause}`]),
    ...measuredOf(seen),
    ...(judged === undefined ? [] : [judged]),
    ...(agent === undefined || judged !== undefined ? [] : agentOf(seen, agent, topology)),
    ...(database === undefined ? [] : [`database:${database}`]),
    ...hosts.flatMap((each) => (each === undefined ? [] : [`host:${each}`])),
  ];
  return [...new Set(all)];
}

const measuredOf = ({ labels, metricName }: Seen): readonly string[] =>
  MEASURED.flatMap(({ kind, label, prefix }) =>
    metricName.startsWith(prefix) && labels[label] !== undefined ? [`${kind}:${labels[label]}`] : [],
  );

/** A score is about its subject, whoever judges; `database` alone is the fleet's own. */
function judgedOf({ labels, metricName }: Seen): string | undefined {
  const subject = metricName === 'health_score' || metricName === 'health_coverage_ratio' ? labels['subject'] : undefined;
  return subject === 'database' ? 'database:fleet' : subject;
}

/** The fleet's own database is measured without a label. */
const databaseOf = ({ labels, metricName }: Seen): string | undefined =>
  labels['database'] ?? (metricName.startsWith('postgres_') ? 'fleet' : undefined);

function agentOf(seen: Seen, agent: string, topology: Topology): readonly string[] {
  const { labels, metricName } = seen;
  if (databaseOf(seen) !== undefined && !isAgentsOwn(labels)) return [];
  if (!topology.agents.has(agent)) return [`source:${agent}:${seen.rule}`];
  // The state of an agent names the host it was on; every other series with a host is about that.
  const isMeasured = measuredOf(seen).length > 0 || (labels['host'] !== undefined && metricName !== 'agent_status');
  return isMeasured ? [] : [`agent:${agent}`];
}

/** An agent that says which database it depends on, with labels of its rule: `depends_on: database`. */
const isAgentsOwn = (labels: Readonly<Record<string, string>>): boolean => labels['depends_on'] === 'database';

/** What two alerts must have in common to be one incident. An alert about nothing in particular is its own. */
export const causeOf = (subjects: readonly string[], dedupKey: string): string => subjects[0] ?? `alert:${dedupKey}`;

/** Alerts that explain others, by what they are about: critical ones that fire, the gravest of each. */
export class Roots {
  readonly #bySubject = new Map<string, Alert>();

  add(alert: Alert): void {
    const [about] = alert.subjects;
    if (about === undefined || alert.state !== 'firing' || alert.verdict !== 'firing' || !isPaging(alert.level)) return;
    const known = this.#bySubject.get(about);
    if (known === undefined || rankOf(alert.level) > rankOf(known.level)) this.#bySubject.set(about, alert);
  }

  /** The alert about what this one stands on, at the very bottom, if it is at least as grave. Alerts about the same thing explain nothing. */
  of({ level, subjects }: Pick<Alert, 'level' | 'subjects'>): Alert | undefined {
    return subjects
      .slice(1)
      .flatMap((subject) => this.#bySubject.get(subject) ?? [])
      .findLast((root) => rankOf(root.level) >= rankOf(level));
  }
}

export const explainedBy = (root: Alert): Suppression => ({
  kind: 'inhibition',
  id: root.alertId,
  reason: `explained by ${root.summary}`,
  until: null,
});
