import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../../../test/support/cpu-time.ts';
import { scheduleDocument, type ScheduleDocument } from './schedule.ts';
import { onCallAt, shiftsOf, type Override, type Shift } from './shifts.ts';
import { zoneOf } from './zone.ts';

const DAY_MS = 86_400_000;
const at = (iso: string): number => Date.parse(iso);
const schedule = (more: object): ScheduleDocument => scheduleDocument.parse({ name: 'primary', time_zone: 'Europe/Warsaw', ...more });
const weekly = schedule({ layers: [{ name: 'weekly', people: ['kim', 'lee'], every: '7d', starts_at: '2026-03-16T09:00' }] });
const nothing = { calendar: [], overrides: [] };
const told = (shifts: readonly Shift[]) =>
  shifts.map(({ by, from, people, to }) => [
    new Date(from).toISOString().slice(0, 16),
    new Date(to).toISOString().slice(0, 16),
    people.join('+'),
    by,
  ]);
const override = (person: string, startsAt: string, endsAt: string): Override => ({
  overrideId: person,
  schedule: 'primary',
  person,
  startsAt: at(startsAt),
  endsAt: at(endsAt),
  reason: '',
  createdBy: 'test',
});

describe('the clock of a zone', () => {
  const warsaw = zoneOf('Europe/Warsaw');

  it('gives a time that comes twice as the first of the two', () => {
    expect(new Date(warsaw.instantOf(at('2026-10-25T02:30:00Z'))).toISOString()).toBe('2026-10-25T00:30:00.000Z');
  });

  it('gives a time that is skipped as one after the jump', () => {
    const instant = warsaw.instantOf(at('2026-03-29T02:30:00Z'));
    expect(new Date(warsaw.wallOf(instant)).toISOString()).toBe('2026-03-29T03:30:00.000Z');
  });

  it('goes there and back for every hour of a year, in zones of all kinds', () => {
    for (const name of ['UTC', 'Europe/Warsaw', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia']) {
      const zone = zoneOf(name);
      for (let instant = at('2026-01-01T00:30:00Z'); instant < at('2027-01-01T00:00:00Z'); instant += 3_600_000) {
        const back = zone.instantOf(zone.wallOf(instant));
        // Only what comes twice comes back earlier.
        expect([0, 1_800_000, 3_600_000]).toContain(instant - back);
      }
    }
  });
});

describe('a rotation', () => {
  it('hands over at the same time of day before and after clocks are set forward', () => {
    expect(told(shiftsOf(weekly, nothing, at('2026-03-16T08:00:00Z'), at('2026-04-06T07:00:00Z')))).toEqual([
      ['2026-03-16T08:00', '2026-03-23T08:00', 'kim', 'weekly'],
      // A week of 167 hours: nine o'clock is at 7:00 UTC after the 29th.
      ['2026-03-23T08:00', '2026-03-30T07:00', 'lee', 'weekly'],
      ['2026-03-30T07:00', '2026-04-06T07:00', 'kim', 'weekly'],
    ]);
  });

  it('hands over once where its time of day comes twice, and all the same where it is skipped', () => {
    const nightly = (starts: string) =>
      schedule({ layers: [{ name: 'n', people: ['kim', 'lee', 'max'], every: '1d', starts_at: starts }] });
    const autumn = shiftsOf(nightly('2026-10-24T02:30'), nothing, at('2026-10-24T00:30:00Z'), at('2026-10-27T01:30:00Z'));
    expect(autumn.map(({ people, from, to }) => [people[0], (to - from) / 3_600_000])).toEqual([
      ['kim', 24],
      ['lee', 25],
      ['max', 24],
    ]);
    const spring = shiftsOf(nightly('2026-03-28T02:30'), nothing, at('2026-03-28T01:30:00Z'), at('2026-03-31T00:30:00Z'));
    expect(spring.map(({ people, from, to }) => [people[0], (to - from) / 3_600_000])).toEqual([
      ['kim', 24],
      ['lee', 23],
      ['max', 24],
    ]);
  });

  it('has a gap before it begins and after it ends', () => {
    const once = schedule({
      layers: [{ name: 'once', people: ['kim'], every: '7d', starts_at: '2026-06-01T00:00', ends_at: '2026-06-03T00:00' }],
    });
    expect(told(shiftsOf(once, nothing, at('2026-05-31T00:00:00Z'), at('2026-06-04T00:00:00Z')))).toEqual([
      ['2026-05-31T00:00', '2026-05-31T22:00', '', null],
      ['2026-05-31T22:00', '2026-06-02T22:00', 'kim', 'once'],
      ['2026-06-02T22:00', '2026-06-04T00:00', '', null],
    ]);
  });

  it('is the same whether it is asked for long or for a moment', () => {
    const custom = schedule({ layers: [{ name: 'halves', people: ['kim', 'lee', 'max'], every: '12h', starts_at: '2026-01-01T08:00' }] });
    const [from, to] = [at('2026-10-20T00:00:00Z'), at('2026-10-30T00:00:00Z')];
    const long = shiftsOf(custom, nothing, from, to);
    for (let instant = from; instant < to; instant += 1_700_000)
      expect(onCallAt(custom, nothing, instant)).toEqual(long.find((shift) => shift.from <= instant && instant < shift.to)?.people);
  });

  it('keeps to hours of the week, also across midnight', () => {
    const hours = schedule({
      time_zone: 'UTC',
      layers: [
        {
          name: 'office',
          people: ['kim'],
          starts_at: '2026-01-01T00:00',
          restrictions: [{ weekdays: ['monday', 'tuesday'], from: '09:00', to: '17:00' }],
        },
        {
          name: 'night',
          people: ['lee'],
          starts_at: '2026-01-01T00:00',
          restrictions: [{ weekdays: ['monday'], from: '22:00', to: '06:00' }],
        },
      ],
    });
    // The first of June 2026 is a Monday.
    expect(told(shiftsOf(hours, nothing, at('2026-06-01T00:00:00Z'), at('2026-06-03T00:00:00Z')))).toEqual([
      ['2026-06-01T00:00', '2026-06-01T09:00', '', null],
      ['2026-06-01T09:00', '2026-06-01T17:00', 'kim', 'office'],
      ['2026-06-01T17:00', '2026-06-01T22:00', '', null],
      ['2026-06-01T22:00', '2026-06-02T06:00', 'lee', 'night'],
      ['2026-06-02T06:00', '2026-06-02T09:00', '', null],
      ['2026-06-02T09:00', '2026-06-02T17:00', 'kim', 'office'],
      ['2026-06-02T17:00', '2026-06-03T00:00', '', null],
    ]);
  });
});

it('reckons a year of the largest schedule there may be in seconds', () => {
  const restrictions = Array.from({ length: 28 }, (_, n) => ({
    from: `${String(n % 24).padStart(2, '0')}:00`,
    to: `${String(n % 24).padStart(2, '0')}:30`,
  }));
  const layers = Array.from({ length: 20 }, (_, n) => ({
    name: `l${n}`,
    people: ['kim', 'lee'],
    every: '1h',
    starts_at: '2020-01-01T00:10',
    restrictions,
  }));
  const begun = cpuMs();
  const shifts = shiftsOf(schedule({ layers }), nothing, at('2026-01-01T00:00:00Z'), at('2027-01-01T00:00:00Z'));
  expect(shifts.length).toBeGreaterThan(10_000);
  expect(cpuMs() - begun).toBeLessThan(20_000);
});

describe('what goes before a rotation', () => {
  const [from, to] = [at('2026-03-17T00:00:00Z'), at('2026-03-18T00:00:00Z')];

  it('is an override, from its beginning to its end', () => {
    const changes = { calendar: [], overrides: [override('max', '2026-03-17T10:00:00Z', '2026-03-17T12:00:00Z')] };
    expect(told(shiftsOf(weekly, changes, from, to))).toEqual([
      ['2026-03-17T00:00', '2026-03-17T10:00', 'kim', 'weekly'],
      ['2026-03-17T10:00', '2026-03-17T12:00', 'max', 'override'],
      ['2026-03-17T12:00', '2026-03-18T00:00', 'kim', 'weekly'],
    ]);
  });

  it('is a calendar, and an override before that; who overlaps is on call together', () => {
    const changes = {
      calendar: [
        { from: at('2026-03-17T08:00:00Z'), to: at('2026-03-17T16:00:00Z'), people: ['ann'] },
        { from: at('2026-03-17T12:00:00Z'), to: at('2026-03-17T20:00:00Z'), people: ['bob'] },
      ],
      overrides: [override('max', '2026-03-17T19:00:00Z', '2026-03-17T21:00:00Z')],
    };
    expect(told(shiftsOf(weekly, changes, from, to))).toEqual([
      ['2026-03-17T00:00', '2026-03-17T08:00', 'kim', 'weekly'],
      ['2026-03-17T08:00', '2026-03-17T12:00', 'ann', 'calendar'],
      ['2026-03-17T12:00', '2026-03-17T16:00', 'ann+bob', 'calendar'],
      ['2026-03-17T16:00', '2026-03-17T19:00', 'bob', 'calendar'],
      ['2026-03-17T19:00', '2026-03-17T21:00', 'max', 'override'],
      ['2026-03-17T21:00', '2026-03-18T00:00', 'kim', 'weekly'],
    ]);
  });

  it('leaves no hole and no overlap, whatever lies over what', () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 200; round++) {
      const some = (most: number) =>
        Array.from({ length: random(most) }, () => {
          const begin = from - DAY_MS + random(3 * DAY_MS);
          return { from: begin, to: begin + 1 + random(DAY_MS), people: [`p${random(4)}`] };
        });
      const overrides = some(5).map((each, n) => ({
        ...override(`o${n}`, '2026-01-01T00:00Z', '2026-01-01T00:00Z'),
        startsAt: each.from,
        endsAt: each.to,
      }));
      const calendar = some(6);
      const shifts = shiftsOf(weekly, { calendar, overrides }, from, to);
      expect([shifts[0]?.from, shifts.at(-1)?.to]).toEqual([from, to]);
      for (const [index, shift] of shifts.entries()) {
        expect(shift.to).toBeGreaterThan(shift.from);
        expect(shifts[index + 1]?.from ?? to).toBe(shift.to);
        const inside = overrides.some(({ endsAt, startsAt }) => startsAt <= shift.from && shift.from < endsAt);
        expect(shift.by === 'override').toBe(inside);
      }
    }
  });
});
