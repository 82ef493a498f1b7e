import type { AgentRecord } from '../state/agents.ts';
import type { HostRecord } from '../state/hosts.ts';
import { agentTable } from './agent-table.ts';
import type { Colors } from './output.ts';
import { plural } from './wording.ts';

export interface RollCall {
  readonly agents: readonly AgentRecord[];
  readonly hosts: readonly HostRecord[];
  /** More agents than were read. */
  readonly more: boolean;
  /** The database's clock, ms since 1970. */
  readonly now: number;
}

/** Those that need attention first, then those at work; open slots and stopped ones only fill what is left. */
export function callOrder(agents: readonly AgentRecord[]): readonly AgentRecord[] {
  const rank = ({ status, state }: AgentRecord): number => {
    if (status === 'lost' || status === 'crash_looping') return 0;
    if (status === 'degraded') return 1;
    if (status !== 'stopped') return 2;
    return state === 'active' ? 1 : 3;
  };
  return agents.toSorted((a, b) => rank(a) - rank(b) || (a.agentId < b.agentId ? -1 : 1));
}

/** The picture under `muster up`: who is present, in as many rows as the terminal has. Pure. */
export function drawRollCall(
  { agents, hosts, more, now }: RollCall,
  size: { readonly columns: number; readonly rows: number },
  colors: Colors,
): string {
  const ordered = callOrder(agents);
  const present = ordered.filter(({ status, state }) => status !== 'stopped' || state === 'active');
  const room = Math.max(1, size.rows - 4);
  const shown = present.slice(0, room);
  const hidden = present.length - shown.length;
  const open = agents.filter(({ slotStatus, state }) => slotStatus === 'available' && state === 'inactive').length;
  const live = hosts.filter(({ status }) => status === 'live').length;
  const summary = [
    `${present.filter(({ status }) => status === 'running' || status === 'degraded').length} of ${present.length}${more ? '+' : ''} agents at work`,
    plural(live, 'host'),
    ...(open > 0 ? [`${plural(open, 'slot')} open`] : []),
    ...(hidden > 0 ? [`${hidden} not shown`] : []),
  ].join(' · ');
  return `${agentTable(shown, now, size.columns, colors)}\n${colors.dim(summary)}`;
}
