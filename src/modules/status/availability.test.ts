import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { availabilityOf, daysOf, percentText, unknownOf, type Piece } from './availability.ts';
import { barsOf, partsOf } from './bars.ts';
import { componentsOf, stateOf, type Standing, type State } from './component.ts';
import { concerns, nextOpening, type Window } from './maintenance.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 31, 12);
const piece = (day: string, state: State, ms: number, inMaintenance = false): Piece => ({ day, state, ms, inMaintenance });
const days = (pieces: readonly Piece[], begun = 0, count = 2) => daysOf(pieces, { now: NOW, begun, count });

describe('availability', () => {
  it('is weighted by time, and what nobody saw is neither up nor down', () => {
    const seen = days([
      piece('2026-01-30', 'up', DAY - 3_600_000),
      piece('2026-01-30', 'down', 1_800_000),
      piece('2026-01-31', 'up', DAY / 2),
    ]);
    const { ratio, unknownMs, downMs, between } = availabilityOf(seen, { withMaintenance: true });
    expect(downMs).toBe(1_800_000);
    expect(unknownMs).toBe(1_800_000);
    expect(ratio).toBeCloseTo(1 - 1_800_000 / (1.5 * DAY - 1_800_000), 9);
    expect(between?.[0]).toBeCloseTo(1 - 3_600_000 / (1.5 * DAY), 9);
    expect(between?.[1]).toBeCloseTo(1 - 1_800_000 / (1.5 * DAY), 9);
  });

  it('is unknown, not 100%, where nothing was recorded', () => {
    expect(availabilityOf(days([]), { withMaintenance: true })).toMatchObject({ ratio: null, between: [0, 1] });
    expect(percentText(null)).toBe('unknown');
  });

  it('is told with and without maintenance', () => {
    const seen = days([
      piece('2026-01-30', 'up', DAY - 7_200_000),
      piece('2026-01-30', 'down', 7_200_000, true),
      piece('2026-01-31', 'up', DAY / 2),
    ]);
    expect(availabilityOf(seen, { withMaintenance: true }).ratio).toBeLessThan(1);
    expect(availabilityOf(seen, { withMaintenance: false })).toMatchObject({ ratio: 1, downMs: 0 });
  });

  it('counts no time before the component was there', () => {
    const [first, second] = days([piece('2026-01-31', 'up', 3_600_000)], NOW - 3_600_000);
    expect([first?.length, second?.length, second === undefined ? 1 : unknownOf(second)]).toEqual([0, 3_600_000, 0]);
  });

  it('only loses certainty by what is unknown: the truth lies between', () => {
    fc.assert(
      fc.property(fc.nat(DAY / 4), fc.nat(DAY / 4), fc.nat(DAY / 4), (up, degraded, down) => {
        const seen = days([piece('2026-01-30', 'up', up), piece('2026-01-30', 'degraded', degraded), piece('2026-01-30', 'down', down)]);
        const { ratio, between } = availabilityOf(seen, { withMaintenance: true });
        if (ratio === null || between === null) return;
        expect(between[0]).toBeLessThanOrEqual(ratio + 1e-12);
        expect(between[1]).toBeGreaterThanOrEqual(ratio - 1e-12);
      }),
    );
  });

  it.each([
    [1, '100.00%'],
    [0.9999999, '99.999%'],
    [0.99999, '99.999%'],
    [0.5, '50.00%'],
    [0, '0.00%'],
  ])('of %s reads %s: it is never rounded up', (ratio, text) => expect(percentText(ratio)).toBe(text));
});

describe('a bar', () => {
  it('is filled by the shares of the day, shows the shortest outage, and is never higher than it is', () => {
    const [day] = days([piece('2026-01-30', 'up', DAY - 60_000), piece('2026-01-30', 'down', 60_000)]);
    const parts = day === undefined ? [] : partsOf(day);
    expect(parts.map(([part]) => part)).toEqual(['down', 'up']);
    expect(parts[0]?.[1]).toBeGreaterThan(4);
    expect(parts.reduce((sum, [, height]) => sum + height, 0)).toBeCloseTo(36, 6);
  });
  it('of a day that nobody saw is unknown', () => {
    expect(barsOf({ key: 'a b', days: days([]).map((day) => ({ ...day })) }, 'A')).toMatch(/class="unknown"/);
    expect(barsOf({ key: 'a b', days: days([]).map((day) => ({ ...day })) }, 'A')).not.toMatch(/class="(up|down)"/);
  });
});

describe('a component', () => {
  const standing = (agents: Record<string, State>, more: Partial<Standing> = {}): Standing => ({
    database: 'up',
    databases: new Map(),
    agents: new Map(Object.entries(agents)),
    hosts: new Map(),
    gone: new Set(),
    monitors: new Map(),
    ...more,
  });
  const [invoices] = componentsOf([{ name: 'Invoices & mail', agents: ['a', 'b'] }]);

  it('is down where all of it is down, degraded where some of it is, and unknown where nothing of it is known', () => {
    if (invoices === undefined) throw new Error('no component');
    expect(invoices.key).toBe('invoices-mail');
    expect(stateOf(invoices, standing({ a: 'up', b: 'up', c: 'down' }))).toBe('up');
    expect(stateOf(invoices, standing({ a: 'up', b: 'down' }))).toBe('degraded');
    expect(stateOf(invoices, standing({ a: 'down', b: 'down' }))).toBe('down');
    expect(stateOf(invoices, standing({ c: 'up' }))).toBeUndefined();
  });

  it('may be made of databases besides the fleet’s own, each by its name', () => {
    const [shop] = componentsOf([{ name: 'Shop', databases: ['shop', 'stock'] }]);
    if (shop === undefined) throw new Error('no component');
    const databases = (...states: readonly [string, State][]): Standing => standing({}, { databases: new Map(states) });
    expect(stateOf(shop, databases(['shop', 'up'], ['stock', 'down'], ['other', 'down']))).toBe('degraded');
    expect(stateOf(shop, databases(['shop', 'down'], ['stock', 'down']))).toBe('down');
    expect(stateOf(shop, standing({}))).toBeUndefined();
    expect(stateOf(shop, databases(['shop', 'up']))).toBe('up');
  });

  it('where nobody said which, is one of four without a name of any host or agent', () => {
    expect(componentsOf([]).map(({ name }) => name)).toEqual(['Database', 'Hosts', 'Agents', 'Scheduled jobs']);
    const [database, hosts] = componentsOf([]);
    expect(database === undefined ? undefined : stateOf(database, standing({ a: 'down' }))).toBe('up');
    expect(hosts === undefined ? undefined : stateOf(hosts, standing({}))).toBeUndefined();
    const machines = new Map<string, State>([
      ['alpha', 'up'],
      ['beta', 'down'],
    ]);
    expect(hosts === undefined ? undefined : stateOf(hosts, standing({}, { hosts: machines }))).toBe('degraded');
    expect(hosts === undefined ? undefined : stateOf(hosts, standing({}, { hosts: machines, gone: new Set(['beta']) }))).toBe('up');
  });
});

describe('maintenance', () => {
  const window = (matchers: Window['matchers'], more: Partial<Window> = {}): Window => ({
    matchers,
    startsAt: NOW,
    endsAt: NOW + 3_600_000,
    cron: null,
    timeZone: 'UTC',
    durationMs: null,
    ...more,
  });
  const agents = { name: 'Agents', databases: [], agents: 'all', hosts: [], monitors: [] } as const;
  const invoices = { name: 'Invoices', databases: [], agents: ['billing'], hosts: [], monitors: [] } as const;

  it('is about a component that it names, or a part of one that was configured; one agent does not excuse all', () => {
    expect(concerns(window([{ label: 'component', operator: '=', value: 'Agents' }]), agents)).toBe(true);
    expect(concerns(window([{ label: 'agent', operator: '=', value: 'billing' }]), agents)).toBe(false);
    expect(concerns(window([{ label: 'agent', operator: '=', value: 'billing' }]), invoices)).toBe(true);
    expect(concerns(window([{ label: 'agent', operator: '~', value: 'bill*' }]), invoices)).toBe(true);
    expect(concerns(window([{ label: 'level', operator: '!=', value: 'emergency' }]), invoices)).toBe(false);
    expect(concerns(window([]), invoices)).toBe(false);
  });

  it('comes once, or again and again in its time zone', () => {
    expect(nextOpening(window([]), NOW + 1)).toEqual({ from: NOW, to: NOW + 3_600_000 });
    expect(nextOpening(window([]), NOW + 3_600_000)).toBeUndefined();
    const weekly = window([], { cron: '0 2 * * 0', timeZone: 'Europe/Warsaw', durationMs: 7_200_000, startsAt: null, endsAt: null });
    const sunday = Date.UTC(2026, 1, 1, 1);
    expect(nextOpening(weekly, NOW)).toEqual({ from: sunday, to: sunday + 7_200_000 });
    expect(nextOpening(weekly, sunday + 3_600_000)).toEqual({ from: sunday, to: sunday + 7_200_000 });
  });
});
