import type { Shift } from './shifts.ts';

/** Shifts as a calendar that people subscribe to (RFC 5545); gaps are events too, so that they are seen. */
export function icsOf(schedule: string, shifts: readonly Shift[], now: number): string {
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Muster//On call//EN',
    'CALSCALE:GREGORIAN',
    `X-WR-CALNAME:On call: ${schedule}`,
    ...shifts.flatMap(({ by, from, people, to }) => [
      'BEGIN:VEVENT',
      `UID:${schedule}-${Math.round(from / 1_000)}@muster`,
      `DTSTAMP:${stamp(now)}`,
      `DTSTART:${stamp(from)}`,
      `DTEND:${stamp(to)}`,
      `SUMMARY:${people.length === 0 ? 'Nobody is on call' : people.join('\\, ')}`,
      ...(by === null ? [] : [`DESCRIPTION:${by}`]),
      'END:VEVENT',
    ]),
    'END:VCALENDAR',
    '',
  ];
  return lines.map(folded).join('\r\n');
}

const stamp = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');

/** Names are plain ASCII: characters are octets here. */
const folded = (line: string): string => line.match(/.{1,73}/g)?.join('\r\n ') ?? '';
