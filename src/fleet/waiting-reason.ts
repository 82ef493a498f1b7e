import type { HostId } from '../base/ids.ts';
import type { DesiredOfHost } from '../state/hosts.ts';
import { labelsFit, placementOf, type Placement } from '../state/placement.ts';

/** A live host with all that decides which agents it can take. */
export interface OpenHost {
  readonly hostId: HostId;
  readonly capacity: number;
  readonly agents: number;
  readonly desired: DesiredOfHost;
  readonly labels: Readonly<Record<string, string>>;
  /** Null: its program is from before hosts said which types they run. */
  readonly types: Readonly<Record<string, Placement>> | null;
  /** Anti-affinity groups of which it holds an agent. */
  readonly groups: ReadonlySet<string>;
}

/** An agent that somebody should take. */
export interface WaitingAgent {
  readonly type: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const NO_ROOM = 'no host that may run it has room: start another, or raise a capacity';

/** Why no host of these can take an agent, and what helps; undefined where one can. The words stay the same while the reason does. */
export function whyWaiting(agent: WaitingAgent, hosts: readonly OpenHost[]): string | undefined {
  // The code of a slot comes from the database: any host can run it.
  const knowing = hosts.filter(({ types }) => types === null || types[agent.type] !== undefined || agent.type === 'slot');
  if (knowing.length === 0) return `no live host runs agents of the type ${agent.type}: start one that does (--agents), or change the type`;
  const placement = (host: OpenHost): Placement => placementOf(host.types?.[agent.type], agent.metadata);
  const fitting = knowing.filter((host) => labelsFit(host.labels, placement(host)));
  if (fitting.length === 0) {
    const labels = Object.entries(knowing.map(placement).find((each) => each.labels)?.labels ?? {}).map(
      ([name, value]) => `${name}=${value}`,
    );
    return `no live host has the labels ${labels.join(' ')}: start one with ${labels.map((label) => `--label ${label}`).join(' ')}, or change its placement`;
  }
  const staying = fitting.filter(({ desired }) => desired === 'run');
  if (staying.length === 0) return 'every host that may run it is being drained: resume one, or start another';
  const carrying = staying.filter(({ capacity }) => capacity > 0);
  if (carrying.length === 0) return NO_ROOM;
  const alone = carrying.filter((host) => !host.groups.has(placement(host).anti_affinity ?? ''));
  if (alone.length === 0) {
    const group = carrying.map(placement).find((each) => each.anti_affinity)?.anti_affinity ?? '';
    return `every host that may run it already has an agent of its anti-affinity group "${group}": start another host, or change its placement`;
  }
  if (alone.every((host) => host.agents >= host.capacity)) return NO_ROOM;
  return undefined;
}
