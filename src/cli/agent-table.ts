import type { AgentRecord, AgentStatus } from '../state/agents.ts';
import type { Colors } from './output.ts';
import { drawTable, printable, type Column } from './table.ts';
import { ago } from './wording.ts';

const COLUMNS: readonly Column[] = [
  { title: 'AGENT', shrinkTo: 16 },
  { title: 'STATUS' },
  { title: 'HEALTH', align: 'right' },
  { title: 'HEARTBEAT', align: 'right' },
  { title: 'RUNS', align: 'right' },
  { title: 'ERRORS', align: 'right' },
  { title: 'NOTE', shrinkTo: 8 },
];

/** The roll call: who is present, how fit, heard when. `now` on the database's clock. */
export function agentTable(agents: readonly AgentRecord[], now: number, width: number, colors: Colors): string {
  const rows = agents.map((agent) => [
    printable(agent.agentId),
    statusMark(agent, colors),
    agent.healthScore === null ? colors.dim('-') : healthMark(agent.healthScore, colors),
    isPresent(agent.status)
      ? ago(agent.lastHeartbeatAt, now)
      : colors.dim(agent.lastHeartbeatAt === null ? '-' : ago(agent.lastHeartbeatAt, now)),
    agent.runCount === 0 ? colors.dim('-') : String(agent.runCount),
    agent.errorCount === 0 ? colors.dim('-') : colors.yellow(String(agent.errorCount)),
    colors.dim(printable(note(agent))),
  ]);
  return drawTable(COLUMNS, rows, width, colors.dim);
}

const isPresent = (status: AgentStatus): boolean =>
  status === 'running' || status === 'degraded' || status === 'starting' || status === 'stopping';

export function statusMark(agent: Pick<AgentRecord, 'state' | 'status' | 'slotStatus'>, colors: Colors): string {
  if (agent.slotStatus === 'available' && agent.state === 'inactive') return colors.dim('○ open slot');
  if (agent.state === 'paused' && (agent.status === 'stopped' || agent.status === 'running')) return colors.blue('◐ paused');
  switch (agent.status) {
    case 'running':
      return colors.green('● running');
    case 'degraded':
      return colors.yellow('● degraded');
    case 'starting':
    case 'stopping':
      return colors.cyan(`◌ ${agent.status}`);
    case 'crash_looping':
      return colors.red('✗ crash looping');
    case 'lost':
      return colors.red('? lost');
    case 'stopped':
      return agent.state === 'active' ? colors.yellow('◌ waiting') : colors.dim('○ stopped');
  }
}

export function healthMark(score: number, colors: Colors): string {
  const text = String(Math.round(score));
  if (score >= 90) return colors.green(text);
  return score >= 60 ? colors.yellow(text) : colors.red(text);
}

function note(agent: AgentRecord): string {
  return agent.reason ?? (agent.errorCount > 0 ? (agent.lastError ?? '') : '');
}
