import { describe, expect, it } from 'vitest';
import { evaluate } from './agent.ts';
import { healthConfig } from './config.ts';
import type { Facts } from './facts.ts';
import { aHost, anAgent, GOOD_READINGS, goodFacts, NOW, readingsWith } from '../../../test/support/health-facts.ts';
import { Readings, type LatestReading } from './readings.ts';
import { changesBetween, type HealthReport } from './report.ts';

const config = healthConfig.parse({});
const reportOn = (change: Partial<Facts> = {}, previous?: HealthReport): HealthReport => evaluate(goodFacts(change), config, previous);
const found = (report: HealthReport): readonly string[] => report.findings.map(({ id, level }) => `${level} ${id}`);
const subject = (report: HealthReport, name: string) => report.subjects.find((each) => each.subject === name);

describe('a fleet that is well', () => {
  it('has no findings, full coverage and 100', () => {
    const report = reportOn();
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ score: 100, band: 'healthy', level: null, coverage: 1, business_impact: 'not configured' });
    expect(report.subjects.map((each) => each.subject)).toEqual([
      'fleet',
      'database',
      'host:alpha',
      'agent:agent_coordinator',
      'agent:an_agent',
    ]);
  });
});

describe('agents', () => {
  const withAgent = (change: Parameters<typeof anAgent>[0]): HealthReport =>
    reportOn({ agents: [anAgent(change), anAgent({ agentId: 'agent_coordinator', type: 'agent_coordinator' })] });

  it.each([
    ['crash loops', { status: 'crash_looping', lastError: 'no such table' }, 'critical agent:an_agent/agent.status'],
    ['is lost', { status: 'lost', lastHeartbeatAt: NOW - 20_000 }, 'warning agent:an_agent/agent.not_running_seconds'],
    [
      'has not run for long',
      { status: 'stopped', hostId: null, lastHeartbeatAt: NOW - 120_000 },
      'critical agent:an_agent/agent.not_running_seconds',
    ],
    ['never ran', { status: 'stopped', hostId: null, lastHeartbeatAt: null }, 'critical agent:an_agent/agent.not_running_seconds'],
    ['takes long to start', { status: 'starting', acquiredAt: NOW - 90_000 }, 'critical agent:an_agent/agent.not_running_seconds'],
    ['sends no heartbeats', { lastHeartbeatAt: NOW - 12_000 }, 'warning agent:an_agent/agent.heartbeat_age_seconds'],
    [
      'reports that it is not well',
      { status: 'degraded', healthScore: 30, reason: 'the feed is empty' },
      'critical agent:an_agent/agent.reported_health',
    ],
  ] as const)('one that %s is found', (_, change, finding) => {
    const report = withAgent(change);
    expect(found(report)).toEqual([finding]);
    expect(subject(report, 'agent:an_agent')?.score).toBeLessThan(90);
  });

  it('one that has just been activated is given time', () => {
    expect(withAgent({ status: 'stopped', hostId: null, lastHeartbeatAt: null, updatedAt: NOW - 5_000 }).findings).toEqual([]);
  });

  it('nobody is late while the database was away a moment ago: it is unknown', () => {
    const report = reportOn({
      inGrace: true,
      agents: [anAgent({ lastHeartbeatAt: NOW - 60_000 })],
      hosts: [aHost({ lastBeatAt: NOW - 60_000, expiresAt: NOW - 52_000 })],
    });
    expect(report.findings).toEqual([]);
    expect(subject(report, 'agent:an_agent')?.coverage).toBeLessThan(1);
  });

  it.each([
    [3, 10, 'warning agent:an_agent/agent.error_ratio'],
    [6, 10, 'critical agent:an_agent/agent.error_ratio'],
    [2, 2, undefined],
    [0, 10, undefined],
  ])('%i failed of %i runs: %s', (errors, runs, finding) => {
    const history = { change: (counter: string) => (counter === 'runs an_agent' ? runs : counter === 'errors an_agent' ? errors : 0) };
    expect(found(reportOn({ history })).find((each) => each.includes('an_agent'))).toBe(finding);
  });

  it('the text says what failed, and the remedy how to go on', () => {
    const [finding] = withAgent({ status: 'crash_looping', lastError: 'no such table' }).findings;
    expect(finding?.text).toBe('an_agent fails again and again: no such table');
    expect(finding?.remedy).toContain('muster agents restart an_agent');
  });
});

describe('hosts', () => {
  it.each([
    ['late', { lastBeatAt: NOW - 5_000, expiresAt: NOW + 3_000 }, 'warning'],
    ['past its lease', { lastBeatAt: NOW - 9_000, expiresAt: NOW - 1_000 }, 'critical'],
  ])('one that is %s is found', (_, change, level) => {
    expect(found(reportOn({ hosts: [aHost(change)] }))).toEqual([expect.stringContaining(`${level} host:alpha/host.heartbeat`)]);
  });

  it('one that was lost counts until it is replaced, or for a quarter of an hour', () => {
    const lost = aHost({ hostname: 'beta', status: 'lost', lastBeatAt: NOW - 60_000 });
    expect(found(reportOn({ hosts: [aHost(), lost] }))).toEqual([expect.stringContaining('critical host:beta/host.lost')]);
    expect(reportOn({ hosts: [aHost(), { ...lost, lastBeatAt: NOW - 1_000_000 }] }).findings).toEqual([]);
    expect(reportOn({ hosts: [aHost(), { ...lost, hostname: 'alpha' }] }).findings).toEqual([]);
  });

  it('a blocked event loop is found', () => {
    expect(found(reportOn({ hosts: [aHost({ load: { eventLoopLagSeconds: 0.7 } })] }))).toEqual([
      expect.stringContaining('critical host:alpha/host.event_loop_delay_seconds'),
    ]);
  });

  it('a disk nearly full is critical where little is left, and a warning where much is', () => {
    const disk = (left: number) => readingsWith({ host_filesystem_usage_ratio: 0.96, host_filesystem_available_bytes: left });
    expect(found(reportOn({ readings: disk(2e9) }))).toEqual(['critical host:alpha/host.filesystem_ratio//']);
    expect(found(reportOn({ readings: disk(200e9) }))).toEqual(['warning host:alpha/host.filesystem_ratio//']);
  });

  it('what was not measured lowers coverage and is no finding', () => {
    const report = reportOn({ readings: readingsWith({ memory_usage: undefined }) });
    expect(report.findings).toEqual([]);
    expect(subject(report, 'host:alpha')).toMatchObject({
      score: 89,
      unknown: ['host.memory_ratio: not measured lately; see performance_monitor'],
    });
    expect(subject(report, 'host:alpha')?.coverage).toBeLessThan(1);
  });

  it('what was measured too long ago is unknown', () => {
    const stale = readingsWith({ memory_usage: undefined }, [
      { name: 'memory_usage', value: 0.99, labels: { host: 'alpha' }, at: NOW - 60_000 },
    ]);
    expect(reportOn({ readings: stale }).findings).toEqual([]);
  });
});

describe('the database', () => {
  it.each([
    ['postgres_connections_usage_ratio', 0.95, 'critical database/database.connections_ratio'],
    ['postgres_longest_transaction_seconds', 400, 'warning database/database.transaction_age_seconds'],
    ['postgres_longest_idle_in_transaction_seconds', 700, 'critical database/database.idle_in_transaction_seconds'],
    ['postgres_longest_lock_wait_seconds', 6, 'warning database/database.lock_wait_seconds'],
    ['postgres_wraparound_usage_ratio', 0.95, 'emergency database/database.wraparound_ratio'],
    ['postgres_query_response_seconds', 0.7, 'critical database/database.response_seconds'],
  ])('%s of %d is found', (metric, value, finding) => {
    expect(found(reportOn({ readings: readingsWith({ [metric]: value }) }))).toEqual([finding]);
  });

  it('deadlocks and a cold cache of the last minutes are found', () => {
    const history = { change: (counter: string) => ({ deadlocks: 2, 'blocks hit': 80_000, 'blocks read': 20_000 })[counter] ?? 0 };
    expect(found(reportOn({ history }))).toEqual(['warning database/database.cache_hit_ratio', 'warning database/database.deadlocks']);
  });

  it('a cache that hardly anybody used is not judged', () => {
    const history = { change: (counter: string) => ({ 'blocks hit': 0, 'blocks read': 100 })[counter] ?? 0 };
    expect(reportOn({ history }).findings).toEqual([]);
  });

  it('standbys and idle slots are judged where there are any', () => {
    const readings = readingsWith({}, [
      { name: 'postgres_replication_lag_seconds', value: 45, labels: { application: 'standby1' }, at: NOW },
      { name: 'postgres_replication_slot_retained_bytes', value: 2e10, labels: { slot: 'old', active: 'false' }, at: NOW },
      { name: 'postgres_replication_slot_retained_bytes', value: 2e10, labels: { slot: 'used', active: 'true' }, at: NOW },
    ]);
    expect(found(reportOn({ readings }))).toEqual([
      'critical database/database.slot_retained_bytes/old',
      'warning database/database.replication_lag_seconds/standby1',
    ]);
  });
});

describe('another monitored database', () => {
  const at = NOW - 1_000;
  const labels = { database: 'shop' };
  const good = [
    ...GOOD_READINGS.filter(({ name }) => name !== 'postgres_pool_usage_ratio').map((each) => ({
      ...each,
      labels: { ...each.labels, ...labels },
    })),
    { name: 'postgres_up', value: 1, labels, at },
  ];
  const shop = (readings: readonly LatestReading[], reason: string | null = null): Partial<Facts> => ({
    databases: [{ name: 'shop', reason, readings: new Readings(readings, NOW, { fast: 20_000, slow: 90_000, rare: 900_000 }, 'shop') }],
  });
  const withValue = (metric: string, value: number): readonly LatestReading[] =>
    good.map((each) => (each.name === metric ? { ...each, value } : each));

  it('that is well has 100 of full coverage, and is told beside what the fleet is made from', () => {
    const report = reportOn(shop(good));
    expect(subject(report, 'database:shop')).toMatchObject({ score: 100, band: 'healthy', coverage: 1, unknown: [] });
    expect(subject(report, 'fleet')?.components?.at(-1)).toMatchObject({ name: 'databases', score: 100, members: 1 });
  });

  it('is judged by the same checks, and makes neither the fleet nor the fleet’s own database ill', () => {
    const report = reportOn(shop(withValue('postgres_longest_idle_in_transaction_seconds', 700)));
    expect(found(report)).toEqual(['critical database:shop/database.idle_in_transaction_seconds']);
    expect(subject(report, 'database:shop')).toMatchObject({ score: 45, band: 'critical', caps: [{ score: 49 }] });
    expect(subject(report, 'database')?.score).toBe(100);
    expect(subject(report, 'fleet')).toMatchObject({
      score: 100,
      level: null,
      caps: [],
      components: expect.arrayContaining([
        expect.objectContaining({ name: 'database', members: 1, score: 100 }),
        expect.objectContaining({ name: 'databases', worst: [{ subject: 'database:shop', score: 45 }] }),
      ]) as unknown,
    });
  });

  it('has counters of its own', () => {
    const history = { change: (counter: string) => (counter === 'deadlocks shop' ? 2 : 0) };
    expect(found(reportOn({ ...shop(good), history }))).toEqual(['warning database:shop/database.deadlocks']);
  });

  it('that is away has 0 with the reason, and of the rest nothing is known, however fresh it is', () => {
    const report = reportOn(shop(withValue('postgres_up', 0), 'connect ECONNREFUSED 10.0.0.7:5432'));
    const [finding] = report.findings;
    expect(finding).toMatchObject({
      level: 'emergency',
      check: 'database.up',
      text: 'shop does not answer: connect ECONNREFUSED 10.0.0.7:5432',
    });
    const score = subject(report, 'database:shop');
    expect(score).toMatchObject({ score: 0, band: 'critical' });
    expect(score?.coverage).toBeLessThan(0.2);
    expect(score?.unknown).toContain('database.connections_ratio: it does not answer');
    expect(report).toMatchObject({ score: 100, coverage: 1 });
  });

  it('that one of two monitors reaches is not away', () => {
    expect(reportOn(shop([{ name: 'postgres_up', value: 0, labels, at: NOW }, ...good])).findings).toEqual([]);
  });

  it('that falls silent is unknown and not well, at first in part', () => {
    const partly = subject(reportOn(shop(good.filter(({ name }) => !name.includes('lock')))), 'database:shop');
    expect(partly).toMatchObject({ score: 89, band: 'degraded' });
    const silent = reportOn({ ...shop(good.map((each) => ({ ...each, at: NOW - 3_600_000 }))), history: { change: () => undefined } });
    expect(subject(silent, 'database:shop')).toMatchObject({ score: null, band: 'unknown', coverage: 0 });
    expect(silent.subjects.map(({ subject: name }) => name)).toContain('database:shop');
  });

  it('changing is told of itself, and not as why the fleet changed', () => {
    const before = reportOn({ ...shop(good), agents: [anAgent()] });
    const now = reportOn({
      ...shop(withValue('postgres_up', 0)),
      agents: [anAgent({ status: 'crash_looping', lastError: 'no such table' })],
    });
    const because = new Map(changesBetween(before, now).map((change) => [change.subject, change.because]));
    expect(because.get('database:shop')).toBe('shop does not answer');
    expect(because.get('fleet')).toBe('an_agent fails again and again: no such table');
  });
});

describe('the fleet', () => {
  it('without a coordinator says so', () => {
    expect(found(reportOn({ agents: [anAgent()] }))).toEqual(['warning fleet/fleet.coordinator']);
  });

  it('that nobody measures says so, and is not healthy', () => {
    const nothing = new Readings([], NOW, { fast: 0, slow: 0, rare: 0 });
    const report = reportOn({ readings: nothing, history: { change: () => undefined } });
    expect(found(report)).toEqual(['info fleet/fleet.measuring']);
    expect(subject(report, 'database')).toMatchObject({ score: null, band: 'unknown', coverage: 0 });
    expect(report.coverage).toBeLessThan(0.7);
    expect(report.band).toBe('unhealthy');
  });

  it('is never healthy while one agent of many is in a critical state', () => {
    const agents = [
      ...Array.from({ length: 50 }, (_, n) => anAgent({ agentId: `agent_${n}` })),
      anAgent({ status: 'crash_looping' }),
      anAgent({ agentId: 'c', type: 'agent_coordinator' }),
    ];
    expect(reportOn({ agents })).toMatchObject({ band: 'degraded', level: 'critical', score: 89 });
  });

  it('is no better than its database', () => {
    const report = reportOn({ readings: readingsWith({ postgres_connections_usage_ratio: 0.99 }) });
    expect(report.level).toBe('emergency');
    expect(report.score).toBe(subject(report, 'database')?.score);
  });
});

describe('thresholds of an operator', () => {
  it('replace those they name and no others', () => {
    const facts = goodFacts({ readings: readingsWith({ postgres_connections_usage_ratio: 0.5 }) });
    const strict = healthConfig.parse({ thresholds: { 'database.connections_ratio': { warning: 0.4 } } });
    expect(found(evaluate(facts, strict, undefined))).toEqual(['warning database/database.connections_ratio']);
    expect(evaluate(facts, config, undefined).findings).toEqual([]);
  });
  it('are refused under a name there is none of', () => {
    expect(healthConfig.safeParse({ thresholds: { 'database.conections_ratio': { warning: 0.4 } } }).success).toBe(false);
  });
});
