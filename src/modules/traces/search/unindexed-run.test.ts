import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holds, readQuery } from './query.ts';
import { foldedTextOf, type SearchedTexts } from './run-text.ts';
import { lettersHold, lettersOf } from './unindexed-run.ts';

const word = fc.constantFrom(
  'Order',
  'order17',
  '"quoted"',
  'a\\b',
  'line\nbreak',
  'Größe',
  '日本語',
  'tab\there',
  '1e3',
  'e',
  'n',
  '/path/',
);
const value = fc.oneof(
  fc.array(word, { maxLength: 4 }).map((words) => words.join(' ')),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(1e21, 1e-7, 1_000),
);
const json = fc.dictionary(word, value, { maxKeys: 3 }).map((object) => JSON.stringify(object));
const raw = fc.constantFrom(
  '{"n":1e3}',
  '{"n":1E+3}',
  '{"n":1.50}',
  '{"n":12345678901234567890}',
  '{"n":1e999}',
  String.raw`{"t":"\u0041bc"}`,
  'no JSON at all',
);
const texts: fc.Arbitrary<SearchedTexts> = fc.record({
  name: fc.option(word),
  tags: fc.option(fc.array(word, { maxLength: 2 })),
  inputs: fc.option(fc.oneof(json, raw)),
  outputs: fc.option(json),
  error: fc.option(word.map((text) => JSON.stringify(text))),
  extra: fc.option(json.map((metadata) => `{"metadata":${metadata}}`)),
});
const query = fc.oneof(word, fc.constantFrom('1000', '50', 'infin', 'abc', '0000', 'ord', 'json', 'quoted', 'reak', '语'));

describe('a run that is not indexed', () => {
  it('is ruled out by its letters only where it does not hold what is looked for', () => {
    let ruledOut = 0;
    fc.assert(
      fc.property(texts, query, (run, text) => {
        const asked = readQuery(text);
        const may = lettersHold(asked, lettersOf(run));
        if (holds(asked, foldedTextOf(run))) expect(may).toBe(true);
        ruledOut += may ? 0 : 1;
      }),
      { numRuns: 3_000 },
    );
    expect(ruledOut).toBeGreaterThan(300);
  });
});
