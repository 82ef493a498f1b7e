import { describe, expect, test } from 'vitest';
import type { Agent, FleetEvent, Heartbeat, Run, Term } from '../api/types.ts';
import { merge } from '../live/event-log.ts';
import { gist } from '../ui/event-list.tsx';
import { standingOf } from '../ui/standing.ts';
import { cellsOf, describeBeats } from './agent/beats.ts';
import { specsOf } from './agent/charts.tsx';
import { barsOf, describeRuns } from './agent/outcomes.ts';
import { hostOrder, stretchesOf } from './agent/stretches.ts';
import { actionsOf } from './agents/actions.ts';
import { rowsOf, searchOf, viewOf } from './agents/list.ts';
import { hrefOf, parseFleetHealth } from './overview/health.ts';
import { nextPage } from './sign-in.tsx';

const now = Date.parse('2026-01-31T12:00:00Z');
const ago = (seconds: number): string => new Date(now - seconds * 1_000).toISOString();

function agent(change: Partial<Agent>): Agent {
  return {
    agent_id: 'a',
    agent_name: 'A',
    agent_type: 'test_agent',
    state: 'active',
    status: 'running',
    slot_status: null,
    implementation: null,
    health_score: 100,
    last_heartbeat_at: ago(1),
    host_id: 'h',
    epoch: 1,
    config: {},
    metadata: {},
    created_at: ago(100),
    updated_at: ago(100),
    acquired_at: ago(50),
    error_count: 0,
    run_count: 1,
    last_error: null,
    reason: null,
    description: null,
    capabilities: null,
    schedule: null,
    next_run_at: null,
    ...change,
  };
}

describe('standingOf', () => {
  test.each([
    [{}, 'running'],
    [{ status: 'degraded' }, 'degraded'],
    [{ last_heartbeat_at: ago(13) }, 'silent'],
    [{ last_heartbeat_at: null }, 'silent'],
    [{ status: 'stopped' }, 'waiting'],
    [{ status: 'stopped', state: 'paused' }, 'paused'],
    [{ status: 'stopped', state: 'inactive' }, 'stopped'],
    [{ status: 'stopped', state: 'inactive', slot_status: 'available' }, 'open_slot'],
    [{ status: 'lost', last_heartbeat_at: ago(60) }, 'lost'],
    [{ status: 'crash_looping' }, 'crash_looping'],
  ] as const)('%j stands as %s', (change, standing) => {
    expect(standingOf(agent(change), now)).toBe(standing);
  });
});

describe('the list of agents', () => {
  const agents = [
    agent({ agent_id: 'fine' }),
    agent({ agent_id: 'gone', status: 'lost', health_score: null }),
    agent({ agent_id: 'ill', status: 'degraded', health_score: 40, agent_type: 'other' }),
  ];
  const ids = (search: string): string[] => rowsOf(agents, viewOf(search), now).map((row) => row.agent.agent_id);

  test('puts the worst first, and what is not known last', () => {
    expect(ids('')).toEqual(['gone', 'ill', 'fine']);
    expect(ids('sort=health')).toEqual(['ill', 'fine', 'gone']);
    expect(ids('sort=-name')).toEqual(['ill', 'gone', 'fine']);
  });

  test('narrows by search, standing and type', () => {
    expect(ids('search=FI')).toEqual(['fine']);
    expect(ids('standing=trouble')).toEqual(['gone', 'ill']);
    expect(ids('standing=running')).toEqual(['fine']);
    expect(ids('type=other')).toEqual(['ill']);
  });

  test('has its view in the address, and takes a bent address for the default', () => {
    for (const search of ['', 'search=a+b&standing=lost&type=x&sort=-health']) expect(searchOf(viewOf(search))).toBe(search);
    expect(searchOf(viewOf('sort=nonsense&standing=nonsense'))).toBe('');
  });
});

describe('actionsOf', () => {
  const unfit = (change: Partial<Agent>): string[] => {
    const each = agent(change);
    return actionsOf(each, standingOf(each, now)).flatMap((action) => (action.unfit === undefined ? [] : [action.verb]));
  };

  test('offers what makes sense, and asks before work is interrupted', () => {
    expect(unfit({})).toEqual(['start']);
    expect(unfit({ state: 'inactive', status: 'stopped' })).toEqual(['restart', 'run_now', 'pause', 'stop']);
    expect(unfit({ state: 'inactive', status: 'stopped', slot_status: 'available' })).toContain('start');
    expect(actionsOf(agent({ state: 'paused' }), 'paused').map((action) => action.verb)).toContain('resume');
    expect(actionsOf(agent({}), 'running').flatMap((action) => (action.question ? [action.verb] : []))).toEqual(['restart', 'stop']);
  });

  test('says what stopping an agent that others rely on costs', () => {
    const stop = actionsOf(agent({ agent_type: 'performance_monitor' }), 'running').find((action) => action.verb === 'stop');
    expect(stop?.question?.consequence).toContain('gap');
  });
});

describe('the heartbeat strip', () => {
  const beat = (secondsAgo: number, status: Heartbeat['status'], health: number | null = 100): Heartbeat => ({
    agent_id: 'a',
    timestamp: ago(secondsAgo),
    status,
    health_score: health,
  });

  test('a minute is as bad as its worst moment, and one without a row is unknown', () => {
    const cells = cellsOf([beat(10, 'running'), beat(20, 'crash_looping', 10), beat(150, 'running')], now, 60_000, 3);
    expect(cells.map((cell) => cell.status)).toEqual(['running', undefined, 'crash_looping']);
    expect(cells[2]?.lowestHealth).toBe(10);
    expect(describeBeats(cells)).toBe('2 of 3 minutes have heartbeats; in 1 of them it was not running all the time.');
  });
});

describe('parseFleetHealth', () => {
  test('reads the report of the health agent, gravest findings first', () => {
    const report = parseFleetHealth({
      evaluated_at: ago(5),
      score: 84.2,
      band: 'degraded',
      coverage: 0.97,
      findings_omitted: 2,
      findings: [
        { id: '1', subject: 'host:vm', level: 'info', points: 3, text: 'small', remedy: 'Look.', since: ago(60) },
        { id: '2', subject: 'agent:x', level: 'critical', points: 55, text: 'grave', remedy: 'Act.', since: ago(30) },
      ],
    });
    expect(report).toMatchObject({ score: 84.2, band: 'degraded', coverage: 0.97, omitted: 2, at: now - 5_000 });
    expect(report?.findings.map((finding) => finding.text)).toEqual(['grave', 'small']);
  });

  test('anybody may write the key: what is no report is none, and what is no number is unknown', () => {
    for (const value of [null, 3, 'x', []]) expect(parseFleetHealth(value)).toBeUndefined();
    expect(parseFleetHealth({ score: 'high', band: 'splendid', findings: [null, { text: 7 }] })).toEqual({
      score: null,
      band: 'unknown',
      coverage: null,
      findings: [],
      omitted: 0,
      at: null,
    });
  });

  test('a finding leads to what it is about', () => {
    expect(hrefOf('agent:a/b.c')).toBe('/agents/a%2Fb%2Ec');
    expect(hrefOf('host:vm')).toBe('/hosts');
    expect(hrefOf('database')).toBeUndefined();
  });
});

describe('events', () => {
  const event = (id: string, secondsAgo: number, data: FleetEvent['data'] = {}, type = 'agent:started'): FleetEvent => ({
    id,
    ts: ago(secondsAgo),
    type,
    agent_id: null,
    host_id: null,
    epoch: null,
    data,
  });

  test('history and stream overlap without doubles, newest first, and bounded', () => {
    const known = [event('9', 1), event('8', 2)];
    expect(merge(known, [event('10', 1), event('8', 2), event('7', 3)]).map(({ id }) => id)).toEqual(['10', '9', '8', '7']);
    expect(merge(known, [event('9', 1)])).toBe(known);
    expect(merge(known, [event('10', 0)], 2).map(({ id }) => id)).toEqual(['10', '9']);
  });

  test('are told by their reason, else by their small facts', () => {
    expect(gist(event('1', 0, { error: 'boom', restart_in_ms: 500 }))).toBe('boom');
    expect(gist(event('1', 0, { agent_type: 't', hostname: 'vm', nested: {} }))).toBe('hostname vm');
    expect(gist(event('1', 0, { subject: 'host:vm', previous_band: 'healthy', band: 'degraded', because: 'busy' }, 'health:changed'))).toBe(
      'vm healthy → degraded, busy',
    );
  });
});

test('the charts of an agent are one for each metric: counters as rates, told apart by the label that differs', () => {
  const value = (metric_name: string, labels: Record<string, string>, unit = ''): Parameters<typeof specsOf>[0][number] => ({
    metric_name,
    agent_id: 'a',
    unit,
    labels,
    timestamp: ago(1),
    value: 1,
  });
  const specs = specsOf([
    value('cpu_seconds_total', { host: 'vm' }, 'seconds'),
    value('free_bytes', { host: 'vm', disk: 'a' }, 'bytes'),
    value('free_bytes', { host: 'vm', disk: 'b' }, 'bytes'),
  ]);
  expect(specs.map(({ id, unit, lines }) => [id, unit, lines[0]?.aggregate, lines[0]?.by])).toEqual([
    ['cpu_seconds_total', 'ratio', 'rate', undefined],
    ['free_bytes', 'bytes', 'avg', 'disk'],
  ]);
});

test('after signing in one goes on within this site only', () => {
  expect(nextPage('?next=%2Fagents%3Fsearch%3Dx')).toBe('/agents?search=x');
  for (const foreign of ['//example.org', '/\\example.org', 'https://example.org', 'javascript:alert(1)', '/sign-in?next=/']) {
    expect(nextPage(`?next=${encodeURIComponent(foreign)}`)).toBe('/');
  }
});

describe('the runs of an agent', () => {
  const run = (outcome: Run['outcome'], duration_ms: number | null): Run => ({
    run_id: `${outcome}-${String(duration_ms)}`,
    host_id: 'h',
    hostname: null,
    epoch: 1,
    run_number: 1,
    trigger: 'schedule',
    started_at: '2026-01-31T12:00:00Z',
    outcome,
    duration_ms,
    error: null,
    lines_kept: 0,
    lines_dropped: 0,
  });
  const noon = Date.parse('2026-01-31T12:00:00Z');

  test('are bars as time runs, and one slow run does not flatten the others', () => {
    const bars = barsOf([run('running', null), run('succeeded', 100), run('succeeded', 10_000)], noon + 2_500);
    expect(bars.map(({ height }) => height)).toEqual([1, 0.1, 0.5]);
  });

  test('are told in a sentence', () => {
    expect(describeRuns([])).toBe('No runs yet.');
    expect(describeRuns([run('failed', 20), run('succeeded', 10), run('succeeded', 2_000), run('lost', null)])).toBe(
      '1 failed; 1 lost with their host; half took up to 20 ms, the slowest 2 s',
    );
  });
});

describe('where an agent ran', () => {
  const term = (epoch: number, host_id: string, from: number, to: number | null): Term => ({
    epoch,
    host_id,
    hostname: host_id,
    acquired_at: new Date(from).toISOString(),
    released_at: to === null ? null : new Date(to).toISOString(),
    status: to === null ? 'held' : 'released',
    reason: null,
    moved_because: '',
  });

  test('is stretches of hosts with the gaps between them, up to now', () => {
    const terms = [term(3, 'a', 6_000, null), term(2, 'b', 4_000, 5_000), term(1, 'a', 1_000, 3_990)];
    expect(stretchesOf(terms, 9_000, 100).map(({ term: held, from, to }) => [held?.host_id ?? 'nobody', from, to])).toEqual([
      ['a', 1_000, 3_990],
      ['b', 4_000, 5_000],
      ['nobody', 5_000, 6_000],
      ['a', 6_000, 9_000],
    ]);
    expect(stretchesOf(terms.slice(1), 9_000, 100).at(-1)).toMatchObject({ term: undefined, from: 5_000, to: 9_000 });
    expect(hostOrder(terms)).toEqual(['a', 'b']);
  });
});
