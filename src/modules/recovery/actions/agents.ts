import { sql } from '../../../db/sql.ts';
import {
  defineAction,
  targetName,
  type Binding,
  type Concern,
  type LookSite,
  type RecoveryAction,
  type Step,
  type Symptom,
  type Target,
} from '../action.ts';

interface AgentRow {
  readonly agent_id: string;
  readonly agent_type: string;
  readonly state: string;
  readonly status: string;
  readonly health_score: number | null;
  readonly reason: string | null;
}

/** Below this an agent that runs is unwell all the same: where the shipped checks become critical. */
const UNWELL_BELOW = 40;

async function find({ database }: LookSite, id: string): Promise<AgentRow | undefined> {
  return database.one<AgentRow>(sql`
    select agent_id, agent_type, state, status, health_score::float8 as health_score, reason from muster.fleet where agent_id = ${id}`);
}

/** As its host says of an agent whose code hangs and does not listen. */
const IS_STUCK = /\bignores its abort signal\b/;

/** Commands reach an agent that is wanted; one that a person has stopped or paused stays so. */
async function agentTargets(
  site: LookSite,
  id: string | undefined,
  isFor: (row: AgentRow) => boolean = () => true,
): Promise<readonly Target[]> {
  const row = id === undefined ? undefined : await find(site, id);
  if (row?.state !== 'active' || !isFor(row)) return [];
  return [{ target: targetName({ agent: row.agent_id }), group: `agent_type:${row.agent_type}`, params: { agent: row.agent_id } }];
}

async function agentSymptom(site: LookSite, { params }: Target): Promise<Symptom> {
  const row = await find(site, String(params?.['agent']));
  if (row === undefined) return { present: false, text: 'the agent is no longer there' };
  const isUnwell = row.status !== 'running' || (row.health_score ?? 100) < UNWELL_BELOW;
  const health = row.health_score === null ? 'health not known' : `health ${Math.round(row.health_score)} of 100`;
  return { present: isUnwell, text: `${row.status}, ${health}${row.reason === null ? '' : `: ${row.reason}`}`, value: row.health_score };
}

/** The label `agent` of a rule on a metric names who measured it; of these two it, or the subject, names who is unwell. */
const ON: readonly Binding[] = [
  { rule: 'agent_crash_looping', labels: { agent: '*' } },
  { rule: 'agents_unhealthy', labels: { subject: 'agent:*' } },
];
const agentIn = ({ labels: { agent, subject } }: Concern): string | undefined =>
  subject?.startsWith('agent:') === true ? subject.slice('agent:'.length) : agent;

const command =
  (name: string, payload: Readonly<Record<string, unknown>> = {}) =>
  ({ params }: Target): readonly Step[] => [{ kind: 'agent_command', agentId: String(params?.['agent']), command: name, payload }];

export const restartAgent: RecoveryAction = defineAction({
  name: 'restart_agent',
  title: 'Restart an agent',
  description:
    'Stops the agent and starts it again where it is, under a new epoch. One whose code hangs and does not listen cannot be stopped there, and is no target.',
  on: ON,
  // While its command is open, the same one again is the same command; one restart more does no harm.
  idempotent: true,
  undo: 'irreversible',
  // A restart would wait for the code that hangs, and a move behind it.
  targets: (site, about) => agentTargets(site, agentIn(about), ({ reason }) => !IS_STUCK.test(reason ?? '')),
  steps: command('restart'),
  symptom: agentSymptom,
});

export const moveAgent: RecoveryAction = defineAction({
  name: 'move_agent',
  title: 'Move an agent to another host',
  description: 'Gives the agent up, so that another host takes it: for one that is unwell because of where it runs.',
  on: ON,
  idempotent: true,
  undo: {
    describe: 'gives the agent up once more: of two hosts it goes back to the one before',
    steps: command('move', { reason: 'a move by healing is undone' }),
  },
  limits: { cooldown: '15m' },
  targets: (site, about) => agentTargets(site, agentIn(about)),
  steps: command('move', { reason: 'moved by healing' }),
  symptom: agentSymptom,
});
