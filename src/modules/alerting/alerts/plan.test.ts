import { describe, expect, it } from 'vitest';
import type { Alert } from './alert.ts';
import type { Incident } from './incident.ts';
import { plan, type Plan, type PlanSettings, type World } from './plan.ts';
import { DEFAULT_RULES } from '../rules/default-rules.ts';
import { aVerdict } from './testing.ts';
import type { RuleFacts, Verdict } from './verdict.ts';

/** A world that goes on: what a plan changes is there at the next. */
class Course {
  now = 100_000;
  readonly #alerts = new Map<string, Alert>();
  readonly #incidents = new Map<string, Incident>();
  #ids = 0;
  silences: World['silences'] = [];
  windows: World['windows'] = [];
  topology: World['topology'] = { hostOf: new Map(), agents: { has: () => true } };
  rules = new Map<string, RuleFacts>([['cpu', { channels: ['ops'] }]]);

  step(verdicts: readonly Verdict[] = [], more: Partial<PlanSettings> = {}): Plan {
    const world: World = {
      now: this.now,
      firing: [...this.#alerts.values()].filter(({ state }) => state === 'firing'),
      incidents: [...this.#incidents.values()].filter(({ state }) => state === 'open'),
      silences: this.silences,
      windows: this.windows,
      topology: this.topology,
      defaultChannels: ['everybody'],
    };
    const made = plan(world, verdicts, this.rules, {
      groupWaitMs: 1_000,
      settleMs: 10_000,
      joinMs: 300_000,
      business: {},
      tellFrom: 'critical',
      newId: () => `id${++this.#ids}`,
      ...more,
    });
    for (const alert of made.alerts) this.#alerts.set(alert.alertId, alert);
    for (const incident of made.incidents) this.#incidents.set(incident.incidentId, incident);
    return made;
  }

  change(dedupKey: string, change: Partial<Alert>): void {
    for (const alert of this.#alerts.values()) if (alert.dedupKey === dedupKey) this.#alerts.set(alert.alertId, { ...alert, ...change });
  }
}

const on = (agent: string, more: Partial<Verdict> = {}): Verdict =>
  aVerdict({ agentId: agent, target: `agent=${agent}`, labels: { agent }, ...more });
const device = (name: string, more: Partial<Verdict> = {}): Verdict =>
  on('a1', { target: `agent=a1,device=${name}`, labels: { agent: 'a1', device: name }, ...more });
const ok = (verdict: Verdict): Verdict => ({ ...verdict, state: 'ok', level: null });
const said = ({ notifications }: Plan): readonly string[] =>
  notifications.map(({ channel, document, kind }) => `${channel} ${kind} ${document.alert?.target ?? ''}`);

describe('alerts of a batch', () => {
  it('about different things are told each, at once', () => {
    const made = new Course().step([on('a1'), on('a2'), on('a3')]);
    expect(said(made)).toEqual(['ops firing agent=a1', 'ops firing agent=a2', 'ops firing agent=a3']);
    expect(made.incidents).toHaveLength(3);
  });

  it('with one cause are one incident and one page a channel, the gravest one', () => {
    const course = new Course();
    const made = course.step([device('sda'), device('sdb', { level: 'emergency' }), device('sdc')]);
    expect(said(made)).toEqual(['ops firing agent=a1,device=sdb']);
    expect(made.incidents).toMatchObject([{ cause: 'agent:a1', alerts: 3, level: 'emergency', state: 'open' }]);
    course.now += 10_000;
    expect(said(course.step([device('sdd')]))).toEqual([]);
  });

  it('join without a word only for a while, and never where they are graver', () => {
    const course = new Course();
    course.step([device('sda')]);
    expect(said(course.step([device('sdb', { level: 'emergency' })]))).toEqual(['ops firing agent=a1,device=sdb']);
    course.now += 300_001;
    expect(said(course.step([device('sdc')]))).toEqual(['ops firing agent=a1,device=sdc']);
  });

  it('that joined speak where the one that spoke is over, so that nobody believes the incident to be', () => {
    const course = new Course();
    course.step([device('sda'), device('sdb')]);
    const made = course.step([ok(device('sda'))]);
    expect(said(made)).toEqual(['ops resolved agent=a1,device=sda', 'ops firing agent=a1,device=sdb']);
    const last = course.step([ok(device('sdb'))]);
    expect(said(last)).toEqual(['ops resolved agent=a1,device=sdb']);
    expect(last.incidents).toMatchObject([{ state: 'resolved', alerts: 2 }]);
  });

  it('are one however often they are said', () => {
    const course = new Course();
    course.step([on('a1')]);
    expect(course.step([on('a1'), on('a1')])).toMatchObject({ alerts: [], notifications: [] });
  });

  it('that a lost host explains are told of by the host alone, in its incident, and after a while by themselves', () => {
    const course = new Course();
    course.topology = {
      hostOf: new Map([
        ['a1', 'h1'],
        ['a2', 'h1'],
        ['a3', 'h2'],
      ]),
      agents: { has: () => true },
    };
    course.rules.set('host_lost', { channels: ['ops'] });
    const host = aVerdict({ rule: 'host_lost', target: 'host=h1', agentId: '', labels: { host: 'h1' } });
    const made = course.step([on('a1'), on('a2'), on('a3'), host]);
    expect(said(made).toSorted()).toEqual(['ops firing agent=a3', 'ops firing host=h1']);
    expect(made.incidents.find(({ cause }) => cause === 'host:h1')).toMatchObject({ alerts: 3 });
    expect(said(course.step([ok(host), ok(on('a1'))]))).toEqual(['ops resolved host=h1']);
    course.now += 10_000;
    expect(said(course.step())).toEqual(['ops firing agent=a2']);
  });

  it('on a database that is ill are explained by it where they say that they depend on it', () => {
    const course = new Course();
    const database = on('monitor', { target: 'agent=monitor,database=app', labels: { agent: 'monitor', database: 'app' } });
    const user = on('a1', { labels: { agent: 'a1', database: 'app', depends_on: 'database' } });
    expect(said(course.step([user, database]))).toEqual(['ops firing agent=monitor,database=app']);
  });

  it('are silenced by their labels, and say at the end how late they are', () => {
    const course = new Course();
    const matchers = [{ label: 'agent', operator: '~', value: 'a*' }] as const;
    course.silences = [{ silenceId: 's', matchers, reason: 'upgrade', createdBy: 'kim', startsAt: 0, endsAt: course.now + 720_000 }];
    const quiet = course.step([on('a1'), on('b1')]);
    expect(said(quiet)).toEqual(['ops firing agent=b1']);
    expect(quiet.nextAt).toBe(course.now + 720_000);
    course.now += 720_000;
    const late = course.step();
    expect(said(late)).toEqual(['ops firing agent=a1']);
    expect(late.notifications[0]?.document.text).toContain('Late: detected 12m ago');
  });

  it('in a recurring window are quiet, and told at its end', () => {
    const course = new Course();
    course.now = Date.parse('2026-03-03T02:10:00Z');
    const matchers = [{ label: 'rule', operator: '=', value: 'cpu' }] as const;
    course.windows = [
      {
        windowId: 'w',
        name: 'nightly',
        matchers,
        reason: 'backup',
        when: { cron: '0 3 * * *', timeZone: 'Europe/Warsaw', durationMs: 1_800_000 },
      },
    ];
    expect(said(course.step([on('a1')]))).toEqual([]);
    course.now = Date.parse('2026-03-03T02:30:00Z');
    expect(said(course.step())).toEqual(['ops firing agent=a1']);
  });

  it('carry what they cost, or that nobody said', () => {
    const without = new Course().step([on('a1')]);
    expect(without.notifications[0]?.document.alert?.impact).toMatchObject({ cost: 'not configured', error_budget: 'not configured' });
    const business = { currency: 'EUR', costPerMinute: { critical: 30 }, objective: 0.999, windowMs: 30 * 86_400_000 };
    const course = new Course();
    const made = course.step([on('a1', { since: course.now - 120_000 })], { business });
    const impact = made.notifications[0]?.document.alert?.impact as {
      cost: object;
      error_budget: { budget_minutes: number; burned_ratio: number };
    };
    expect(impact.cost).toEqual({ per_minute: 30, total: 60, currency: 'EUR' });
    expect(impact.error_budget.budget_minutes).toBeCloseTo(43.2);
    expect(impact.error_budget.burned_ratio).toBeCloseTo(2 / 43.2);
  });

  it('of a rule without channels are alerts all the same', () => {
    const course = new Course();
    course.rules.set('cpu', { channels: [] });
    expect(course.step([on('a1')])).toMatchObject({ alerts: [{ state: 'firing' }], notifications: [] });
  });

  it('of a rule that names no channels go to the default ones from the level on that is set, and no lower', () => {
    const course = new Course();
    course.rules.set('cpu', { channels: undefined });
    expect(said(course.step([on('a1', { level: 'warning' })]))).toEqual([]);
    course.now += 60_000;
    expect(said(course.step([on('a1', { level: 'critical' })]))).toEqual(['everybody firing agent=a1']);
    expect(said(course.step([ok(on('a1'))]))).toEqual(['everybody resolved agent=a1']);
  });

  it('that joined an incident without a message are told of once, when the time for joining is over', () => {
    const course = new Course();
    course.step([device('sda')]);
    course.now += 60_000;
    const joined = course.step([device('sdb'), device('sdc', { level: 'warning' })]);
    course.now += 1_000;
    course.step();
    expect(said(joined)).toEqual([]);
    expect(joined.nextAt).toBeLessThanOrEqual(course.now + 300_000);
    course.now += 299_500;
    const update = course.step();
    expect(said(update)).toEqual(['ops update agent=a1,device=sda']);
    expect(update.notifications[0]?.document.text).toContain('2 more alerts of the incident since it was told: critical: cpu on');
    course.now += 600_000;
    expect(said(course.step())).toEqual([]);
  });

  it('that joined are not told of where somebody has the incident, or they are over', () => {
    const course = new Course();
    course.step([device('sda')]);
    course.step([device('sdb')]);
    course.change('cpu{agent=a1,device=sda}', { acknowledgedBy: 'kim' });
    course.now += 300_000;
    expect(said(course.step())).toEqual([]);
    course.change('cpu{agent=a1,device=sda}', { acknowledgedBy: null });
    course.step([device('sdc')]);
    course.step([ok(device('sdc'))]);
    course.now += 300_000;
    expect(said(course.step())).toEqual([]);
  });

  it('of two rules at a source outside the fleet are two incidents: nothing says that they have one cause', () => {
    const course = new Course();
    course.topology = { hostOf: new Map(), agents: { has: () => false } };
    course.rules.set('queue', { channels: ['ops'] });
    const made = course.step([device('sda'), device('sdb'), device('sda', { rule: 'queue' })]);
    expect(made.incidents.map(({ cause, alerts }) => [cause, alerts])).toEqual([
      ['source:a1:cpu', 2],
      ['source:a1:queue', 1],
    ]);
    expect(said(made)).toHaveLength(2);
  });

  it('about a host, a database or an endpoint are theirs, not of the agent that measures them', () => {
    const cause = (labels: Record<string, string>, metricName: string): string | undefined =>
      new Course().step([on('performance_monitor', { labels, metricName })]).incidents[0]?.cause;
    expect(cause({ agent: 'performance_monitor', host: 'vm' }, 'host_cpu_usage_ratio')).toBe('host:vm');
    expect(cause({ agent: 'performance_monitor' }, 'postgres_up')).toBe('database:fleet');
    expect(cause({ agent: 'performance_monitor', database: 'orders' }, 'postgres_up')).toBe('database:orders');
    expect(cause({ agent: 'endpoint_monitor', probe: 'shop' }, 'probe_up')).toBe('probe:shop');
    expect(cause({ agent: 'dead_man_watch', monitor: 'backup' }, 'push_monitor_up')).toBe('monitor:backup');
    expect(cause({ agent: 'billing' }, 'billing_queue_depth')).toBe('agent:billing');
  });

  it('about a score are about what was judged, and say which, in one incident with what else is found of it', () => {
    const course = new Course();
    const shipped = DEFAULT_RULES.find(({ name }) => name === 'agents_unhealthy');
    course.rules.set('agents_unhealthy', { channels: ['ops'], annotations: { summary: shipped?.annotations?.summary ?? '' } });
    course.topology = { hostOf: new Map([['heartbeat_health_agent', 'vm']]), agents: { has: () => true } };
    const score = (subject: string): Verdict =>
      on('heartbeat_health_agent', {
        rule: 'agents_unhealthy',
        metricName: 'health_score',
        target: `agent=heartbeat_health_agent,subject=${subject}`,
        labels: { agent: 'heartbeat_health_agent', subject },
      });
    const away = on('performance_monitor', {
      metricName: 'postgres_up',
      target: 'database=shop',
      labels: { agent: 'performance_monitor', database: 'shop' },
    });
    const made = course.step([away, score('database:shop'), score('database'), score('agent:billing')]);
    expect(made.incidents.map(({ cause, alerts }) => [cause, alerts])).toEqual([
      ['database:shop', 2],
      ['database:fleet', 1],
      ['agent:billing', 1],
    ]);
    expect(made.alerts.map(({ summary }) => summary)).toContain('The health score of database:shop is low');
  });
});
