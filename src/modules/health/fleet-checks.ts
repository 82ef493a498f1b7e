import type { Facts } from './facts.ts';
import type { Verdict } from './finding.ts';
import { found } from './judge.ts';

/** What concerns all: somebody leads, something measures. */
export function fleetChecks({ readings, agents, inGrace }: Facts): readonly Verdict[] {
  return [coordination(agents, inGrace), measuring(readings)];
}

function coordination(agents: Facts['agents'], inGrace: boolean): Verdict {
  const [subject, check] = ['fleet', 'fleet.coordinator'] as const;
  const coordinators = agents.filter(({ type }) => type === 'agent_coordinator');
  if (coordinators.some(({ status }) => status === 'running' || status === 'degraded')) return { kind: 'fine', subject, check };
  if (inGrace) return { kind: 'unknown', subject, check, why: 'the database was away a moment ago' };
  return found({
    subject,
    check,
    level: 'warning',
    text:
      coordinators.length === 0
        ? 'No agent_coordinator is active'
        : 'The agent_coordinator does not run: agents go on, but nobody places or moves them',
    value: coordinators[0]?.status ?? 'inactive',
    remedy: 'Start it with `muster agents start agent_coordinator`, and check that a host is live.',
  });
}

function measuring(readings: Facts['readings']): Verdict {
  const [subject, check] = ['fleet', 'fleet.measuring'] as const;
  if (readings.size > 0) return { kind: 'fine', subject, check };
  return found({
    subject,
    check,
    level: 'info',
    text: 'Nothing is measured: no performance_monitor has recorded anything lately',
    value: 'no readings',
    remedy: 'Start it with `muster agents start performance_monitor`.',
  });
}
