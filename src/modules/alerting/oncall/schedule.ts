import { z } from 'zod';
import { durationMs } from '../../../base/duration.ts';
import { isMusterError } from '../../../base/errors.ts';
import { text } from '../../../http/schemas.ts';
import { isZone } from './zone.ts';

export const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

/** What people, schedules and policies are called by. */
export const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, 'must be up to 100 letters, digits, and ._- within')
  .meta({ examples: ['primary'] });

export const TimeZoneText = text(1, 100)
  .refine(isZone, 'is not a time zone: write one of the IANA names, such as Europe/Warsaw')
  .default('UTC')
  .describe('An IANA time zone');

/** Kept as it was written. */
export const lengthOfTime = (from: string, to: string) =>
  text(1, 40).superRefine((value, context) => {
    try {
      const ms = durationMs(value);
      if (ms < durationMs(from) || ms > durationMs(to)) context.addIssue({ code: 'custom', message: `must be from ${from} to ${to}` });
    } catch (error) {
      if (!isMusterError(error)) throw error;
      context.addIssue({ code: 'custom', message: 'is not a length of time: write 30m, 12h or 7d' });
    }
  });

const ClockText = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'is not a time of day: write 09:00, at most 24:00')
  .meta({ examples: ['09:00'] });

const Restriction = z
  .strictObject({
    weekdays: z
      .array(z.enum(WEEKDAYS))
      .min(1)
      .max(7)
      .default([...WEEKDAYS])
      .describe('On which it begins'),
    from: ClockText.default('00:00'),
    to: ClockText.default('24:00').describe('Not later than `from`: on the day after'),
  })
  .describe('Hours of the week, on the clock of the schedule');

const Layer = z.strictObject({
  name: Name,
  people: z.array(Name).min(1).max(100).describe('They take turns in this order; one may come several times'),
  every: lengthOfTime('1h', '366d').default('7d').describe('How long a turn is, on the clock at the wall: 1d, 7d, 12h'),
  starts_at: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/, 'is not a local date and time: write 2026-01-05T09:00')
    .refine((value) => isDate(value), 'is not a day that exists')
    .describe('When the first turn begins, and at which time of day every handover is; on the clock of the schedule'),
  ends_at: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/, 'is not a local date and time: write 2026-01-05T09:00')
    .refine((value) => isDate(value), 'is not a day that exists')
    .optional(),
  restrictions: z.array(Restriction).min(1).max(28).optional().describe('Only in these hours. Default: always'),
});

/** Where a calendar is read from: an address, or its text. */
const Calendar = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .optional(),
    text: text(1, 1_048_576).optional().describe('iCalendar (RFC 5545)'),
    refresh: lengthOfTime('1m', '7d').default('15m'),
  })
  .refine(({ text: body, url }) => (body === undefined) !== (url === undefined), 'give either url or text');

const FIELDS = {
  name: Name,
  time_zone: TimeZoneText,
  layers: z.array(Layer).max(20).default([]).describe('A later one goes before those above it, wherever it has somebody'),
  calendar: Calendar.optional().describe('Goes before the layers, wherever it has somebody'),
};

export const scheduleDocument = z
  .strictObject(FIELDS)
  .superRefine(({ calendar, layers }, context) => {
    if (layers.length === 0 && calendar === undefined)
      context.addIssue({ code: 'custom', path: ['layers'], message: 'is empty: give layers, or a calendar' });
    if (new Set(layers.map(({ name }) => name)).size < layers.length)
      context.addIssue({ code: 'custom', path: ['layers'], message: 'names a layer twice' });
  })
  .meta({
    id: 'OnCallScheduleDefinition',
    examples: [
      {
        name: 'primary',
        time_zone: 'Europe/Warsaw',
        layers: [{ name: 'weekly', people: ['kim', 'lee'], every: '7d', starts_at: '2026-01-05T09:00' }],
      },
    ],
  });
export type ScheduleDocument = z.output<typeof scheduleDocument>;
export type LayerDocument = ScheduleDocument['layers'][number];

export const personDocument = z
  .strictObject({
    name: Name,
    channels: z.array(text(1, 100)).max(20).default([]).describe('How this person is reached: all of them at once'),
    time_zone: TimeZoneText,
    aliases: z.array(text(1, 200)).max(20).default([]).describe('Other names and mail addresses: calendars call people by them'),
  })
  .meta({ id: 'PersonDefinition', examples: [{ name: 'kim', channels: ['kim-phone'], time_zone: 'Europe/Warsaw' }] });
export type PersonDocument = z.output<typeof personDocument>;

/** On the clock at the wall: see {@link Zone}. */
export const wallTime = (value: string): number => Date.parse(`${value}:00Z`);

/** Date.parse takes 30 February for a day in March. */
function isDate(value: string): boolean {
  const ms = wallTime(value);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(value);
}
