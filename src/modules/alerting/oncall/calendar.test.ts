import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../../../test/support/cpu-time.ts';
import { resolveCalendar } from './calendar-names.ts';
import { readCalendar } from './calendar.ts';

const event = (...lines: readonly string[]): string => ['BEGIN:VEVENT', ...lines, 'END:VEVENT'].join('\r\n');
const calendar = (...parts: readonly string[]): string =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', ...parts, 'END:VCALENDAR', ''].join('\r\n');
const read = (text: string, from = '2026-01-01T00:00:00Z', to = '2026-12-31T00:00:00Z') =>
  readCalendar(text, 'Europe/Warsaw', Date.parse(from), Date.parse(to)).map(({ from: begin, to: end, who }) =>
    [new Date(begin).toISOString().slice(0, 16), new Date(end).toISOString().slice(0, 16), ...who].join(' '),
  );

describe('a calendar', () => {
  it('repeats on the clock of its zone, also where the rules of the zone do not come with it', () => {
    const text = calendar(
      event(
        'UID:a',
        'DTSTART;TZID=America/New_York:20260306T180000',
        'DTEND;TZID=America/New_York:20260307T060000',
        'RRULE:FREQ=DAILY;COUNT=3',
        'SUMMARY:Kim',
      ),
    );
    // New York sets its clocks forward in the night to 8 March: one of these nights is an hour shorter.
    expect(read(text)).toEqual([
      '2026-03-06T23:00 2026-03-07T11:00 Kim',
      '2026-03-07T23:00 2026-03-08T10:00 Kim',
      '2026-03-08T22:00 2026-03-09T10:00 Kim',
    ]);
  });

  it('leaves out exceptions, moves what was moved, and passes over what is cancelled or takes up nobody', () => {
    const text = calendar(
      event(
        'UID:a',
        'DTSTART:20260601T080000Z',
        'DTEND:20260601T160000Z',
        'RRULE:FREQ=DAILY;COUNT=4',
        'EXDATE:20260602T080000Z',
        'SUMMARY:kim',
      ),
      event('UID:a', 'RECURRENCE-ID:20260603T080000Z', 'DTSTART:20260603T120000Z', 'DTEND:20260603T130000Z', 'SUMMARY:lee'),
      event('UID:b', 'DTSTART:20260610T080000Z', 'DTEND:20260610T160000Z', 'SUMMARY:kim', 'STATUS:CANCELLED'),
      event('UID:c', 'DTSTART:20260611T080000Z', 'DTEND:20260611T160000Z', 'SUMMARY:kim', 'TRANSP:TRANSPARENT'),
    );
    expect(read(text)).toEqual([
      '2026-06-01T08:00 2026-06-01T16:00 kim',
      '2026-06-03T12:00 2026-06-03T13:00 lee',
      '2026-06-04T08:00 2026-06-04T16:00 kim',
    ]);
  });

  it('takes whole days, and times of no zone, by the zone of the schedule', () => {
    const text = calendar(
      event('UID:a', 'DTSTART;VALUE=DATE:20260706', 'DTEND;VALUE=DATE:20260713', 'SUMMARY:kim'),
      event('UID:b', 'DTSTART:20260801T090000', 'DURATION:PT8H', 'SUMMARY:lee'),
    );
    expect(read(text)).toEqual(['2026-07-05T22:00 2026-07-12T22:00 kim', '2026-08-01T07:00 2026-08-01T15:00 lee']);
  });

  it('uses the rules that come with a zone which nobody else knows', () => {
    const zone = [
      'BEGIN:VTIMEZONE',
      'TZID:W. Europe Standard Time',
      'BEGIN:STANDARD',
      'DTSTART:16010101T030000',
      'TZOFFSETFROM:+0200',
      'TZOFFSETTO:+0100',
      'RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10',
      'END:STANDARD',
      'BEGIN:DAYLIGHT',
      'DTSTART:16010101T020000',
      'TZOFFSETFROM:+0100',
      'TZOFFSETTO:+0200',
      'RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3',
      'END:DAYLIGHT',
      'END:VTIMEZONE',
    ].join('\r\n');
    const on = (day: string) =>
      event(
        `UID:${day}`,
        `DTSTART;TZID=W. Europe Standard Time:${day}T090000`,
        `DTEND;TZID=W. Europe Standard Time:${day}T100000`,
        'SUMMARY:kim',
      );
    expect(read(calendar(zone, on('20260115'), on('20260715')))).toEqual([
      '2026-01-15T08:00 2026-01-15T09:00 kim',
      '2026-07-15T07:00 2026-07-15T08:00 kim',
    ]);
  });

  it.each([
    ['nothing', ''],
    ['another text', 'hello'],
    ['a page', '<html><body>sign in</body></html>'],
    ['a calendar that breaks off', 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20'],
    ['a rule that cannot be', calendar(event('UID:a', 'DTSTART:20260601T080000Z', 'RRULE:FREQ=DAILY;BYHOUR=25', 'SUMMARY:x'))],
    [
      'a rule of days that never come',
      calendar(event('UID:a', 'DTSTART:20260601T080000Z', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31', 'SUMMARY:x')),
    ],
    ['an event each second', calendar(event('UID:a', 'DTSTART:20200601T080000Z', 'DURATION:PT1S', 'RRULE:FREQ=SECONDLY', 'SUMMARY:x'))],
  ])('is refused in time where it is %s', (_, text) => {
    const begun = cpuMs();
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'CALENDAR_INVALID' }) as Error);
    expect(cpuMs() - begun).toBeLessThan(10_000);
  });

  it('knows people by name, by other names and by who takes part, and says who is unknown', () => {
    const people = [
      { name: 'kim', channels: [], time_zone: 'UTC', aliases: ['Kim Larsen', 'kim@example.com'] },
      { name: 'lee', channels: [], time_zone: 'UTC', aliases: [] },
    ];
    const shifts = [
      { from: 0, to: 1, who: ['KIM LARSEN'] },
      { from: 1, to: 2, who: ['On call', 'kim@example.com', 'lee'] },
      { from: 2, to: 3, who: ['Summer party'] },
    ];
    expect(resolveCalendar(shifts, people)).toEqual({
      shifts: [
        { from: 0, to: 1, people: ['kim'] },
        { from: 1, to: 2, people: ['kim', 'lee'] },
      ],
      unknown: ['Summer party'],
    });
  });
});
