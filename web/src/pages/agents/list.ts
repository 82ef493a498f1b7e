import type { Agent } from '../../api/types.ts';
import { type Standing, standingOf, standingOrder } from '../../ui/standing.ts';

export type SortKey = 'name' | 'standing' | 'health' | 'heartbeat' | 'runs' | 'errors' | 'host';

export interface View {
  readonly search: string;
  /** 'all', one standing, or 'trouble': whatever needs somebody. */
  readonly standing: Standing | 'all' | 'trouble';
  readonly type: string;
  readonly sort: SortKey;
  readonly descending: boolean;
}

export interface Row {
  readonly agent: Agent;
  readonly standing: Standing;
}

const sortKeys: readonly SortKey[] = ['name', 'standing', 'health', 'heartbeat', 'runs', 'errors', 'host'];
const trouble: readonly Standing[] = ['lost', 'crash_looping', 'silent', 'degraded', 'waiting'];

/** The view is in the address: a link shows the same list to whom it is sent. */
export function viewOf(search: string): View {
  const parameters = new URLSearchParams(search);
  const standing = parameters.get('standing') ?? 'all';
  const sort = parameters.get('sort') ?? 'standing';
  const key = sort.replace(/^-/, '');
  return {
    search: parameters.get('search') ?? '',
    standing: standing === 'trouble' || standingOrder.includes(standing as Standing) ? (standing as Standing | 'trouble') : 'all',
    type: parameters.get('type') ?? '',
    sort: sortKeys.includes(key as SortKey) ? (key as SortKey) : 'standing',
    descending: sort.startsWith('-'),
  };
}

export function searchOf(view: View): string {
  const parameters = new URLSearchParams();
  if (view.search !== '') parameters.set('search', view.search);
  if (view.standing !== 'all') parameters.set('standing', view.standing);
  if (view.type !== '') parameters.set('type', view.type);
  if (view.sort !== 'standing' || view.descending) parameters.set('sort', `${view.descending ? '-' : ''}${view.sort}`);
  return parameters.toString();
}

export function rowsOf(agents: readonly Agent[], view: View, now: number): readonly Row[] {
  const wanted = view.search.trim().toLowerCase();
  const direction = view.descending ? -1 : 1;
  return agents
    .map((agent) => ({ agent, standing: standingOf(agent, now) }))
    .filter(
      ({ agent, standing }) =>
        (view.standing === 'all' || view.standing === standing || (view.standing === 'trouble' && trouble.includes(standing))) &&
        (view.type === '' || agent.agent_type === view.type) &&
        (wanted === '' || agent.agent_id.toLowerCase().includes(wanted) || agent.agent_name.toLowerCase().includes(wanted)),
    )
    .toSorted((a, b) => direction * compare(a, b, view.sort) || byId(a, b));
}

function compare(a: Row, b: Row, key: SortKey): number {
  switch (key) {
    case 'name':
      return byId(a, b);
    case 'standing':
      return standingOrder.indexOf(a.standing) - standingOrder.indexOf(b.standing);
    case 'health':
      return order(a.agent.health_score, b.agent.health_score);
    case 'heartbeat':
      return order(time(b.agent.last_heartbeat_at), time(a.agent.last_heartbeat_at));
    case 'runs':
      return a.agent.run_count - b.agent.run_count;
    case 'errors':
      return a.agent.error_count - b.agent.error_count;
    case 'host':
      return (a.agent.host_id ?? '\uffff').localeCompare(b.agent.host_id ?? '\uffff');
  }
}

/** What is not known comes after what is. */
function order(a: number | null, b: number | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return a - b;
}

function time(at: string | null): number | null {
  return at === null ? null : Date.parse(at);
}

function byId(a: Row, b: Row): number {
  return a.agent.agent_id < b.agent.agent_id ? -1 : a.agent.agent_id > b.agent.agent_id ? 1 : 0;
}
