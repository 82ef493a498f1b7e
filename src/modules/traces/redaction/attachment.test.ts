import { expect, it } from 'vitest';
import { redactedAttachment } from './attachment.ts';
import { createRedactor, DEFAULT_REDACTION } from './index.ts';

const redactor = createRedactor(DEFAULT_REDACTION);
const through = (mimeType: string, body: string | Buffer): Buffer =>
  redactedAttachment({ name: 'a', mimeType, body: Buffer.from(body as string) }, redactor).body;
const ADDRESS = 'ada@example.com';
const MARK = '[redacted:email]';

it.each(['text/plain', 'text/csv; charset=utf-8', 'TEXT/Markdown', 'application/xml', 'application/x-ndjson', 'image/svg+xml'])(
  'a text of type %s loses what must not be stored, and nothing else',
  (type) => {
    const text = `"Grüße\t\\n \u{1F44B}"\r\nfrom ${ADDRESS}\u0000`;
    const expected = type === 'image/svg+xml' ? text : text.replace(ADDRESS, MARK);
    expect(through(type, text).toString()).toBe(expected);
  },
);

it('JSON stays valid, also where a number goes, and keeps every other character', () => {
  const text = `{ "big": 12345678901234567890,\n "card": 4111111111111111, "to": "${ADDRESS}" }`;
  const result = through('application/json', text).toString();
  expect(JSON.parse(result)).toMatchObject({ card: '[redacted:card]', to: MARK });
  expect(result).toContain('"big": 12345678901234567890,\n ');
});

it('what calls itself JSON and is none is read as text', () => {
  expect(through('application/json', `{"to": ${ADDRESS}`).toString()).toBe(`{"to": ${MARK}`);
});

it.each([
  ['application/pdf', `to ${ADDRESS}`],
  ['image/png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe])],
  ['text/plain', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(ADDRESS, 'utf16le')])],
  ['', ADDRESS],
])('what is no text in UTF-8 is the very same bytes: %s', (type, body) => {
  const given = Buffer.from(body as string);
  expect(redactedAttachment({ name: 'a', mimeType: type, body: given }, redactor).body).toBe(given);
});
