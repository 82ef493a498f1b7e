import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holds, readQuery } from './query.ts';
import { collectWords, fold } from './words.ts';

const wordsOf = (text: string): readonly string[] => {
  const words = new Set<string>();
  collectWords(fold(text), words, 1_000);
  return [...words];
};

describe('the words that text is found by', () => {
  it.each([
    ['The quick, brown fox_1!', ['the', 'quick', 'brown', 'fox_1']],
    ['Café CAFÉ ＣＡＦＥ', ['cafe']],
    ['Straße STRASSE', ['strasse']],
    ['ΟΔΟΣ οδός', ['οδοσ']],
    ['日本語', ['日本', '本語']],
    ['AI模型 ok', ['ai', '模型', 'ok']],
    ['한국어 검색', ['한국어', '검색']],
    ['ค้นหา', ['ค้', '้น', 'นห', 'หา']],
    ['привет, мир', ['привет', 'мир']],
    ['مَرْحَبًا', ['مرحبا']],
    ['', []],
    ['!!! …', []],
  ])('%s', (text, words) => {
    expect(new Set(wordsOf(text))).toEqual(new Set(words.map(fold)));
  });

  it('are cut where they are longer than any word', () => {
    expect(wordsOf('x'.repeat(100))).toEqual(['x'.repeat(64)]);
  });

  it('are no more than asked for', () => {
    const words = new Set<string>();
    collectWords(Array.from({ length: 50 }, (_, index) => `w${index}`).join(' '), words, 10);
    expect(words.size).toBe(10);
  });
});

describe('a search', () => {
  it.each([
    ['voice', 'the INVOICE is late', true],
    ['"is late"', 'the invoice is late', true],
    ['"late is"', 'the invoice is late', false],
    ['invoice -late', 'the invoice is late', false],
    ['foo-bar', 'a foo-bar-baz', true],
    ['foo-bar', 'a foo bar', false],
    ['本', '日本語', true],
    ['日語', '日本語', false],
    ['ÜBER', 'Vorüber', true],
  ])('for %s in "%s": %s', (query, text, expected) => {
    expect(holds(readQuery(query), fold(text))).toBe(expected);
  });

  it.each(['', '  ', '-only', '!!'])('for %j is refused: there is nothing to look for', (query) => {
    expect(() => readQuery(query)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });

  // The index may find too much, never too little: what the text holds, its words must lead to.
  it('is led to every text that holds it by the words of that text', () => {
    const alphabet = fc.constantFrom(...'abcAB12_ -.,é日本語ไทยß한국İ'.split(''));
    const text = fc.string({ unit: alphabet, maxLength: 40 });
    fc.assert(
      fc.property(text, fc.nat(40), fc.integer({ min: 1, max: 8 }), (whole, from, length) => {
        const part = fold(whole)
          .slice(from, from + length)
          .replaceAll('"', '');
        fc.pre(part.trim() === part && part !== '' && !part.startsWith('-'));
        let query;
        try {
          query = readQuery(`"${part}"`);
        } catch {
          return;
        }
        fc.pre(holds(query, fold(whole)));
        const words = wordsOf(whole);
        for (const { text: wanted, openLeft, openRight } of query.patterns) {
          const found = words.some((word) =>
            openLeft && openRight
              ? word.includes(wanted)
              : openLeft
                ? word.endsWith(wanted)
                : openRight
                  ? word.startsWith(wanted)
                  : word === wanted,
          );
          expect(found, `${JSON.stringify(wanted)} (${openLeft}, ${openRight}) among ${words.join(' ')}`).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
