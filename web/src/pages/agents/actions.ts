import type { Agent } from '../../api/types.ts';
import type { Verb } from '../../live/commands.ts';
import type { IconName } from '../../ui/icons.tsx';
import type { Standing } from '../../ui/standing.ts';

export interface Action {
  readonly verb: Verb;
  readonly label: string;
  readonly icon: IconName;
  /** Why it makes no sense right now. */
  readonly unfit?: string;
  /** Asked before it is done, where it interrupts work. */
  readonly question?: { readonly title: string; readonly consequence: string };
}

/** What the coordinator and the watchers do for others is said before one of them is stopped. */
const costs: Readonly<Record<string, string>> = {
  agent_coordinator: 'While it is stopped nobody places agents or fills slots; running agents go on.',
  heartbeat_health_agent: 'While it is stopped health is no longer judged, and the score on the overview grows old.',
  performance_monitor: 'While it is stopped nothing is measured: the charts will show a gap.',
};

/** The commands of an agent, each fit or with the reason why not. */
export function actionsOf(agent: Agent, standing: Standing): readonly Action[] {
  const runs = agent.state === 'active';
  const slot = standing === 'open_slot';
  const cost = costs[agent.agent_type];
  return [
    {
      verb: 'start',
      label: 'Start',
      icon: 'start',
      ...unfit(runs ? 'is meant to run already' : slot ? 'is an open slot: activate it with an implementation' : undefined),
    },
    {
      verb: 'restart',
      label: 'Restart',
      icon: 'restart',
      question: {
        title: `Restart ${agent.agent_id}?`,
        consequence: `Its present run is ended and it starts anew, under a new lease.${cost === undefined ? '' : ` ${cost}`}`,
      },
      ...unfit(runs ? undefined : 'does not run'),
    },
    {
      verb: 'run_now',
      label: 'Run now',
      icon: 'run_now',
      ...unfit(standing === 'running' || standing === 'degraded' ? undefined : 'does not run'),
    },
    agent.state === 'paused'
      ? { verb: 'resume', label: 'Resume', icon: 'resume' }
      : { verb: 'pause', label: 'Pause', icon: 'pause', ...unfit(runs ? undefined : 'does not run') },
    {
      verb: 'stop',
      label: 'Stop',
      icon: 'stop',
      question: {
        title: `Stop ${agent.agent_id}?`,
        consequence: `It stays stopped until somebody starts it.${cost === undefined ? '' : ` ${cost}`}`,
      },
      ...unfit(agent.state === 'inactive' ? 'is stopped already' : undefined),
    },
  ];
}

function unfit(why: string | undefined): { unfit?: string } {
  return why === undefined ? {} : { unfit: why };
}
