import { describe, expect, it } from 'vitest';
import { runAgent, type AgentUnderTest } from '../../agent/index.ts';
import type { AgentRecord } from '../../state/agents.ts';
import type { HostRecord } from '../../state/hosts.ts';
import type { SharedState } from '../../state/shared-state.ts';
import { heartbeatHealthAgent } from './agent.ts';
import { HEALTH_KEY } from './health-key.ts';
import type { LatestReading } from './readings.ts';
import { aHost, anAgent, GOOD_READINGS, NOW } from '../../../test/support/health-facts.ts';
import type { HealthReport } from './report.ts';

/** A fleet that holds these; what the agent does not ask for is not there. */
class FakeFleet {
  agents: readonly AgentRecord[] = [
    anAgent(),
    anAgent({ agentId: 'agent_coordinator', type: 'agent_coordinator' }),
    anAgent({ agentId: 'performance_monitor', type: 'performance_monitor' }),
  ];
  hosts: readonly HostRecord[] = [aHost()];
  readings: readonly LatestReading[] = GOOD_READINGS;

  get state(): SharedState {
    return {
      agents: { list: ({ state }: { readonly state: string }) => Promise.resolve(this.agents.filter((agent) => agent.state === state)) },
      hosts: { list: () => Promise.resolve(this.hosts) },
      metrics: {
        latest: ({ agentId }: { readonly agentId: string }) =>
          Promise.resolve({
            items:
              agentId === 'performance_monitor'
                ? this.readings.map(({ name, ...rest }) => ({ ...rest, metricName: name, agentId, unit: '' }))
                : [],
            nextCursor: null,
          }),
      },
    } as unknown as SharedState;
  }
}

const start = (fleet: FakeFleet, state: Readonly<Record<string, unknown>> = {}): Promise<AgentUnderTest> =>
  runAgent(heartbeatHealthAgent, { fleet: fleet.state, state, sql: () => [{ now: NOW, in_grace: false }] });

const reportIn = (agent: AgentUnderTest): HealthReport | undefined => agent.state.value<HealthReport>(HEALTH_KEY);

describe('heartbeat_health_agent', () => {
  it('stores its report and records a score by subject', async () => {
    await using agent = await start(new FakeFleet());
    expect((await agent.tick()).kind).toBe('succeeded');
    expect(reportIn(agent)).toMatchObject({
      score: 100,
      good_until: expect.stringMatching(/Z$/) as string,
      evaluated_at: new Date(NOW).toISOString(),
    });
    const scores = agent.metrics
      .filter(({ name }) => name === 'health_score')
      .map(({ labels, value, unit }) => [labels['subject'], value, unit]);
    expect(scores).toContainEqual(['fleet', 100, 'points']);
    expect(scores).toContainEqual(['database', 100, 'points']);
    expect(scores).toContainEqual(['host:alpha', 100, 'points']);
    expect(scores).toContainEqual(['agent:an_agent', 100, 'points']);
    expect(agent.refusedMetrics).toEqual([]);
  });

  it('tells what changed, once, and that it is over', async () => {
    const fleet = new FakeFleet();
    await using agent = await start(fleet);
    await agent.tick();
    expect(agent.events).toEqual([]);
    const [, ...others] = fleet.agents;
    fleet.agents = [anAgent({ status: 'crash_looping', lastError: 'no such table' }), ...others];
    // The fake's lists are read anew by each run.
    await agent.tick();
    await agent.tick();
    const told = (): readonly unknown[] =>
      agent.events
        .filter(({ data }) => data['subject'] === 'agent:an_agent')
        .map(({ type, data }) => [type, data['previous_level'], data['level'], data['because']]);
    expect(told()).toEqual([['health:changed', null, 'critical', 'an_agent fails again and again: no such table']]);
    fleet.agents = [anAgent(), ...others];
    await agent.tick();
    expect(told()).toHaveLength(2);
    expect(told()[1]).toEqual(['health:changed', 'critical', null, null]);
  });

  it('waits a few seconds for the first readings rather than call a fleet that has just started blind', async () => {
    const fleet = new FakeFleet();
    const measuredAt = Date.UTC(2026, 0, 1) + 4_000;
    await using agent = await runAgent(heartbeatHealthAgent, {
      fleet: {
        ...fleet.state,
        metrics: {
          latest: async (filter: { readonly agentId: string }) =>
            agent.clock.now() < measuredAt ? { items: [], nextCursor: null } : fleet.state.metrics.latest(filter, { limit: 1 }),
        },
      } as unknown as SharedState,
      at: Date.UTC(2026, 0, 1),
      sql: () => [{ now: NOW, in_grace: false }],
    });
    await agent.tick();
    expect(reportIn(agent)?.coverage).toBe(1);
    expect(
      new Set(
        agent.metrics.filter(({ name, labels }) => name === 'health_score' && labels['subject'] === 'fleet').map(({ value }) => value),
      ),
    ).toEqual(new Set([89, 100]));
  });

  it('judges the databases that a monitor says it watches, whether it measures them or not', async () => {
    const fleet = new FakeFleet();
    fleet.readings = [
      ...GOOD_READINGS,
      { name: 'postgres_up', value: 0, labels: { database: 'shop' }, at: NOW },
      { name: 'postgres_up', value: 1, labels: { database: 'forgotten' }, at: NOW },
    ];
    const watched = (database: string, reason: string | null) => ({ database, up: reason === null, collectors: [{ reason }] });
    await using agent = await start(fleet, {
      'performance:performance_monitor': {
        intervals_ms: { fast: 5_000, slow: 30_000, rare: 300_000 },
        databases: [watched('shop', 'connect ECONNREFUSED 127.0.0.1:1'), watched('silent', null)],
      },
    });
    await agent.tick();
    const subjects = agent.state.value<HealthReport>(HEALTH_KEY)?.subjects ?? [];
    expect(
      subjects.filter(({ subject }) => subject.startsWith('database')).map(({ subject, score, band }) => [subject, score, band]),
    ).toEqual([
      ['database:silent', null, 'unknown'],
      ['database:shop', 0, 'critical'],
      ['database', 100, 'healthy'],
    ]);
    expect(reportIn(agent)).toMatchObject({ score: 100, findings: [{ text: 'shop does not answer: connect ECONNREFUSED 127.0.0.1:1' }] });
    expect(agent.metrics.find(({ labels }) => labels['subject'] === 'database:shop')).toMatchObject({ name: 'health_score', value: 0 });
  });

  it('goes on from the report of the host before', async () => {
    const fleet = new FakeFleet();
    fleet.agents = [anAgent({ status: 'crash_looping' }), ...fleet.agents.slice(1)];
    const since = new Date(NOW - 600_000).toISOString();
    const before = { subjects: [], findings: [{ id: 'agent:an_agent/agent.status', level: 'critical', since }] };
    await using agent = await start(fleet, { [HEALTH_KEY]: before });
    await agent.tick();
    expect(reportIn(agent)?.findings.find(({ subject }) => subject === 'agent:an_agent')?.since).toBe(since);
  });

  it.each([['nothing of the kind'], [{ findings: 'many' }], [{ findings: [{ id: 1 }], subjects: [] }]])(
    'begins anew where %j stands in place of a report',
    async (stored) => {
      await using agent = await start(new FakeFleet(), { [HEALTH_KEY]: stored });
      expect((await agent.tick()).kind).toBe('succeeded');
      expect(reportIn(agent)?.score).toBe(100);
    },
  );

  it('fails its run, and says why, where it cannot read: an old report is not passed off as a new one', async () => {
    await using agent = await runAgent(heartbeatHealthAgent, {
      fleet: new FakeFleet().state,
      sql: () => {
        throw new Error('the database is away');
      },
    });
    expect(await agent.tick()).toMatchObject({ kind: 'failed' });
    expect(reportIn(agent)).toBeUndefined();
  });
});
