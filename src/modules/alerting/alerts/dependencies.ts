import { rankOf, isPaging, type Alert, type Suppression } from './alert.ts';

/** What stands on what: an agent on the database it uses and the host it runs on, a database on its host. */
export interface Topology {
  /** The host that holds, or held last, an agent of the fleet. */
  readonly hostOf: ReadonlyMap<string, string>;
}

const NOTHING: Topology = { hostOf: new Map() };

/**
 * What labels are about, then what that stands on. A label `cause` says it outright; else the series belongs to its database,
 * and only then to its agent: an agent that measures a database is not what is ill when the database is.
 */
export function subjectsOf(labels: Readonly<Record<string, string>>, topology: Topology = NOTHING): readonly string[] {
  const { agent, cause, database, host } = labels;
  const own = [
    ...(cause === undefined ? [] : [`cause:${cause}`]),
    ...(agent === undefined || (database !== undefined && !isAgentsOwn(labels)) ? [] : [`agent:${agent}`]),
    ...(database === undefined ? [] : [`database:${database}`]),
  ];
  const hosts = [host, agent === undefined || database !== undefined ? undefined : topology.hostOf.get(agent)];
  const all = [...own, ...hosts.flatMap((each) => (each === undefined ? [] : [`host:${each}`]))];
  return [...new Set(all)];
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
