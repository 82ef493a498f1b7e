import { expect, test } from 'vitest';
import { marksIn, placesOf, soughtIn } from './found.ts';

const hits = (text: string, search: string): readonly string[] =>
  placesOf(text, soughtIn(search)).map(([from, to]) => text.slice(from, to));

test.each([
  ['Invoices are late', 'invoice late', ['Invoice', 'late']],
  ['the invoice is late, the invoice was late', '"invoice is late"', ['invoice is late']],
  ['paid and not paid', 'not -paid', ['not']],
  ['Große Größe, GROSSE', 'grosse', ['Große', 'Größe', 'GROSSE']],
  ['Größe', 'größer', []],
  ['Café, cafe\u0301', 'CAFE', ['Café', 'cafe\u0301']],
  ['東京の天気は？', '天気', ['天気']],
  ['ค้นหาเอกสาร', 'ค้นหา', ['ค้นหา']],
  ['المُسْتَخدم', 'المستخدم', ['المُسْتَخدم']],
  ['😀 rocket 🚀 fuel', 'fuel', ['fuel']],
  ['ＦＵＬＬ width', 'full', ['ＦＵＬＬ']],
  ['anything', '" - .', []],
])('in %j, %j is %j', (text, search, expected) => {
  expect(hits(text, search)).toEqual(expected);
});

test('marks of redaction are found, with their pseudonyms', () => {
  const text = 'Of [redacted:email:50186b7db67f] by [redacted:phone], [not one]';
  expect(marksIn(text).map(([from, to]) => text.slice(from, to))).toEqual(['[redacted:email:50186b7db67f]', '[redacted:phone]']);
});
