import { agentId } from '../../base/ids.ts';
import { nearest } from '../../config/nearest.ts';
import type { AgentRecord, AgentState, AgentStatus } from '../../state/agents.ts';
import type { SharedState } from '../../state/shared-state.ts';
import { MusterError } from '../../base/errors.ts';
import { agentTable, statusMark } from '../agent-table.ts';
import { agentDocument, toDocument } from '../documents.ts';
import { usage, type Invocation } from '../invocation.ts';
import { withFleet } from '../runtime/fleet-access.ts';
import { runDocument, runTable, termDocument, termList } from '../ledger-tables.ts';
import { drawTable, printable } from '../table.ts';
import { ago, plural } from '../wording.ts';

const STATES: readonly AgentState[] = ['active', 'inactive', 'paused'];
const STATUSES: readonly AgentStatus[] = ['starting', 'running', 'degraded', 'stopping', 'stopped', 'crash_looping', 'lost'];
const PAGE = 1_000;
/** A terminal, and a person, end long before this. */
const MOST = 100_000;

export async function list(invocation: Invocation, options: { state?: string; status?: string; type?: string }): Promise<void> {
  const state = oneOf('--state', options.state, STATES);
  const status = oneOf('--status', options.status, STATUSES);
  await withFleet(invocation, async ({ state: fleet, now }) => {
    const { output } = invocation;
    const agents = await allAgents(fleet, {
      ...(state && { state }),
      ...(status && { status }),
      ...(options.type && { type: options.type }),
    });
    const at = await now();
    output.result({ items: agents.map(agentDocument) }, () =>
      agents.length === 0 ? 'No agents.' : `${agentTable(agents, at, output.columns, output.colors)}\n\n${plural(agents.length, 'agent')}`,
    );
  });
}

export async function allAgents(fleet: SharedState, filter: Parameters<SharedState['agents']['list']>[0]): Promise<readonly AgentRecord[]> {
  const all: AgentRecord[] = [];
  for (;;) {
    const after = all.at(-1)?.agentId;
    const page = await fleet.agents.list(filter, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    all.push(...page);
    if (page.length < PAGE || all.length >= MOST) return all;
  }
}

export async function show(invocation: Invocation, _options: unknown, id: string): Promise<void> {
  await withFleet(invocation, async ({ state: fleet, now }) => {
    const agent = await requireAgent(fleet, id);
    const [commands, beats, runs, terms, at] = await Promise.all([
      fleet.commands.list({ agentId: agent.agentId }, { limit: 5 }),
      fleet.heartbeats.list({ agentId: agent.agentId }, { limit: 1 }),
      fleet.ledger.runs.list({ agentId: agent.agentId }, { limit: 5 }),
      fleet.ledger.terms.list(agent.agentId, { limit: 3 }),
      now(),
    ]);
    const { output } = invocation;
    const { colors } = output;
    const { known, schedule, nextRunAt } = await scheduleOf(invocation, fleet, agent, at);
    output.result(
      {
        ...agentDocument(agent),
        schedule,
        next_run_at: nextRunAt === null ? null : new Date(nextRunAt).toISOString(),
        last_commands: commands.items.map((command) => toDocument(command)),
        last_runs: runs.items.map(runDocument),
        last_moves: terms.items.map(termDocument),
        last_heartbeat: beats.items.map((beat) => toDocument(beat))[0] ?? null,
      },
      () => {
        const field = (name: string, value: string): string => `${colors.dim(name.padEnd(12))}${value}`;
        const lines = [
          `${colors.bold(printable(agent.agentId))}  ${statusMark(agent, colors)}`,
          field('name', printable(agent.name)),
          field('type', printable(agent.type)),
          field('state', agent.state),
          field('schedule', printable(schedule ?? (known ? 'when it is told to' : 'not known: no host runs its type'))),
          field('last tick', agent.ticks.begun === null ? 'none' : `${clockTime(agent.ticks.begun)} (${ago(agent.ticks.begun, at)})`),
          field('next run', nextRunAt === null ? (known ? 'not by a schedule' : 'not known') : clockTime(nextRunAt)),
          field('health', agent.healthScore === null ? 'not known yet' : String(Math.round(agent.healthScore))),
          field('heartbeat', ago(agent.lastHeartbeatAt, at)),
          field(
            'host',
            agent.hostId === null
              ? 'none'
              : `${agent.hostId} (epoch ${agent.epoch}${agent.acquiredAt === null ? '' : `, since ${ago(agent.acquiredAt, at)}`})`,
          ),
          field('runs', `${agent.runCount}, ${plural(agent.errorCount, 'error')}`),
        ];
        if (agent.slotStatus !== null) lines.push(field('slot', agent.slotStatus));
        if (agent.implementation) lines.push(field('runs code', `${agent.implementation.name}@${agent.implementation.hash.slice(0, 12)}`));
        if (agent.reason !== null) lines.push(field('reason', printable(agent.reason)));
        if (agent.lastError !== null) lines.push(field('last error', printable(agent.lastError)));
        lines.push(field('config', JSON.stringify(agent.config)));
        if (runs.items.length > 0) lines.push('', runTable(runs.items, at, output));
        if (terms.items.length > 0) lines.push('', colors.dim('WHERE IT RAN'), termList(terms.items, at, output));
        if (commands.items.length > 0) {
          const rows = commands.items.map((command) => [
            ago(command.createdAt, at),
            command.command,
            command.state,
            printable(command.requestedBy),
            printable(command.error ?? ''),
          ]);
          lines.push(
            '',
            drawTable(
              [{ title: 'COMMANDED' }, { title: 'COMMAND' }, { title: 'STATE' }, { title: 'BY' }, { title: 'ERROR', shrinkTo: 10 }],
              rows,
              output.columns,
              colors.dim,
            ),
          );
        }
        return lines.join('\n');
      },
    );
  });
}

/** What this program knows of when the agent runs. */
async function scheduleOf(
  invocation: Invocation,
  fleet: SharedState,
  agent: AgentRecord,
  now: number,
): Promise<{ readonly known: boolean; readonly schedule: string | null; readonly nextRunAt: number | null }> {
  const [{ agentTypes, loadModules }, { AgentTypes }] = await Promise.all([
    import('../runtime/parts.ts'),
    import('../../server/agent-types.ts'),
  ]);
  const types = new AgentTypes(agentTypes(await loadModules(await invocation.config())));
  types.hear(await fleet.types.list());
  return {
    known: agent.slotStatus !== null || types.card(agent.type) !== undefined,
    schedule: agent.implementation?.manifest.schedule ?? types.scheduleOf(agent.type, agent.config),
    nextRunAt: types.nextRunAt(agent, now),
  };
}

/** What this program can run: no database is asked. */
export async function types(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  const { agentTypes, loadModules } = await import('../runtime/parts.ts');
  const all = agentTypes(await loadModules(await invocation.config()));
  output.result(
    {
      items: all.map(({ type, name, description, capabilities }) => ({
        agent_type: type,
        name,
        description,
        capabilities: capabilities ?? {},
      })),
    },
    () =>
      drawTable(
        [{ title: 'TYPE' }, { title: 'WHAT IT DOES', shrinkTo: 30 }],
        all.map(({ type, description }) => [type, description]),
        output.columns,
        output.colors.dim,
      ),
  );
}

const clockTime = (time: number): string =>
  new Date(time)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');

/** The agent, or NOT_FOUND with the id that was probably meant. */
export async function requireAgent(fleet: SharedState, id: string): Promise<AgentRecord> {
  const agent = await fleet.agents.get(agentId(id));
  if (agent !== undefined) return agent;
  const ids = (await fleet.agents.list({}, { limit: PAGE })).map((each) => each.agentId as string);
  const meant = nearest(id, ids) ?? ids.find((each) => each.includes(id));
  throw new MusterError('NOT_FOUND', `There is no agent "${printable(id)}"`, {
    remedy: meant === undefined ? 'Run `muster agents list` for those there are.' : `Did you mean ${meant}?`,
  });
}

function oneOf<T extends string>(option: string, value: string | undefined, valid: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = valid.find((each) => each === value);
  if (found !== undefined) return found;
  const meant = nearest(value, valid);
  throw usage(
    `${option} "${value}" is none of ${valid.join(', ')}`,
    meant === undefined ? `Use one of ${valid.join(', ')}.` : `Did you mean ${meant}?`,
  );
}
