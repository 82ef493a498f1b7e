import type { AgentRecord } from '../../state/agents.ts';
import type { Facts } from './facts.ts';
import type { Subject, Verdict } from './finding.ts';
import { found, judge, lasting, percent, type Bench } from './judge.ts';

/** Fewer runs than this in the window say nothing about a rate. */
const FEWEST_RUNS = 3;

/** Every agent that should be active: does it run, does it answer, do its runs succeed, how does it feel? */
export const agentChecks = (facts: Facts, bench: Bench): readonly Verdict[] =>
  facts.agents.flatMap((agent) => checksOf(agent, facts, bench));

function checksOf(agent: AgentRecord, facts: Facts, bench: Bench): readonly Verdict[] {
  const subject: Subject = `agent:${agent.agentId}`;
  const running = agent.status === 'running' || agent.status === 'degraded';
  return [
    running ? heartbeat(agent, subject, facts, bench) : presence(agent, subject, facts, bench),
    ...errors(agent, subject, facts, bench),
    ...(running ? [reportedHealth(agent, subject, bench)] : []),
  ];
}

function presence(agent: AgentRecord, subject: Subject, facts: Facts, bench: Bench): Verdict {
  const because = agent.reason ?? agent.lastError;
  const detail = because === null ? '' : `: ${because.slice(0, 200)}`;
  if (agent.status === 'crash_looping') {
    return found({
      subject,
      check: 'agent.status',
      level: 'critical',
      text: `${agent.agentId} fails again and again${detail}`,
      value: agent.status,
      remedy: `Mend what its last error names; it is started again by itself, or at once with \`muster agents restart ${agent.agentId}\`.`,
    });
  }
  const check = 'agent.not_running_seconds';
  if (facts.inGrace) return { kind: 'unknown', subject, check, why: 'the database was away a moment ago' };
  // Since it was last seen, or since it was told to run; one that starts is measured from when a host took it.
  const since =
    agent.status === 'starting'
      ? (agent.acquiredAt ?? agent.updatedAt)
      : Math.max(agent.lastHeartbeatAt ?? agent.createdAt, agent.updatedAt);
  return judge(
    {
      subject,
      check,
      value: Math.max(0, (facts.now - since) / 1_000),
      text: (value) => `${agent.agentId} should be active and is ${agent.status}, for ${lasting(value)}${detail}`,
      remedy: 'Look at its reason and last error; check that a host is live that knows its type and has room.',
    },
    bench,
  );
}

function heartbeat(agent: AgentRecord, subject: Subject, facts: Facts, bench: Bench): Verdict {
  const check = 'agent.heartbeat_age_seconds';
  if (facts.inGrace) return { kind: 'unknown', subject, check, why: 'the database was away a moment ago' };
  return judge(
    {
      subject,
      check,
      value: agent.lastHeartbeatAt === null ? undefined : Math.max(0, (facts.now - agent.lastHeartbeatAt) / 1_000),
      text: (value) => `${agent.agentId} has sent no heartbeat for ${lasting(value)}`,
      remedy: 'Check its host: is the process alive, and can it reach the database? The agent moves when the lease runs out.',
    },
    bench,
  );
}

function errors(agent: AgentRecord, subject: Subject, { history }: Facts, bench: Bench): readonly Verdict[] {
  const check = 'agent.error_ratio';
  const [runs, failed] = [history.change(`runs ${agent.agentId}`), history.change(`errors ${agent.agentId}`)];
  if (runs === undefined || failed === undefined)
    return [{ kind: 'unknown', subject, check, why: 'no earlier reading to compare with yet' }];
  if (runs < FEWEST_RUNS) return [];
  return [
    judge(
      {
        subject,
        check,
        value: Math.min(1, failed / runs),
        text: (value) =>
          `${percent(value)} of the last ${runs} runs of ${agent.agentId} failed${agent.lastError === null ? '' : `: ${agent.lastError.slice(0, 200)}`}`,
        remedy: `Read its last error (\`muster agents show ${agent.agentId}\`) and mend the cause.`,
      },
      bench,
    ),
  ];
}

function reportedHealth(agent: AgentRecord, subject: Subject, bench: Bench): Verdict {
  return judge(
    {
      subject,
      check: 'agent.reported_health',
      value: agent.healthScore ?? undefined,
      text: (value) =>
        `${agent.agentId} reports a health of ${Math.round(value)} of 100${agent.reason === null ? '' : `: ${agent.reason.slice(0, 200)}`}`,
      remedy: `See its reasons with \`muster agents show ${agent.agentId}\`.`,
    },
    bench,
  );
}
