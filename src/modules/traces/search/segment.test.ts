import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldWord } from './field-words.ts';
import { OpenSegment } from './open-segment.ts';
import { holds, readQuery } from './query.ts';
import { foldedTextOf, wordsOf, type SearchedTexts } from './run-text.ts';
import { SegmentFields, type FieldGroup } from './segment-fields.ts';
import { mergeSegments, packSegment, readRun, RUN_BYTES, withoutRuns, type Document, type StoredSegment } from './segment.ts';

const nothing = { name: null, tags: null, outputs: null, error: null, extra: null };
const textsOf = (text: string): SearchedTexts => ({ ...nothing, inputs: JSON.stringify({ q: text }) });
const documentOf = (runId: string, startTime: number, text: string, ...fields: readonly string[]): Document => ({
  runId,
  startTime,
  projectNo: 7,
  words: new Set([...wordsOf(textsOf(text)), ...fields]),
});
const runsOf = ({ runs }: StoredSegment): readonly string[] =>
  Array.from({ length: runs.length / RUN_BYTES }, (_, place) => readRun(runs, place).runId);

/** The runs that a segment leads to. */
function led(stored: StoredSegment, query: string): readonly string[] {
  const segment = new OpenSegment(stored);
  const outlook = segment.outlook(readQuery(query).patterns);
  if (outlook.kind === 'none') return [];
  const places =
    outlook.kind === 'all'
      ? runsOf(stored).map((_, place) => place)
      : segment.places(outlook.patterns, new Map(outlook.blocks.map((block) => [block, stored.blocks[block] ?? Buffer.alloc(0)])));
  return places.map((place) => readRun(stored.runs, place).runId);
}

/** The runs that the fields of a segment lead to. */
function haveField(stored: StoredSegment, group: FieldGroup): readonly string[] {
  const fields = new SegmentFields({ fields: stored.fields ?? '', firsts: stored.firsts });
  const outlook = fields.outlook([group], Number.MAX_SAFE_INTEGER);
  if (outlook.kind !== 'read') return [];
  const places = fields.postings.places(
    outlook.patterns,
    new Map(outlook.blocks.map((block) => [block, stored.blocks[block] ?? Buffer.alloc(0)])),
  );
  return places.map((place) => readRun(stored.runs, place).runId);
}

const ids = Array.from({ length: 12 }, () => randomUUID());
const word = fc.constantFrom('alpha', 'beta', 'alphabet', 'gamma', 'x1', 'x12', '日本語', '本');
const text = fc.array(word, { maxLength: 8 }).map((words) => words.join(' '));

describe('a segment', () => {
  it('holds its runs newest first, and gives them back as they were', async () => {
    const stored = await packSegment([
      documentOf(ids[0] ?? '', 1_700_000_000_000_001, 'old'),
      documentOf(ids[1] ?? '', 1_800_000_000_000_000, 'new'),
    ]);
    expect(runsOf(stored)).toEqual([ids[1], ids[0]]);
    expect(readRun(stored.runs, 1)).toEqual({ runId: ids[0], startTime: 1_700_000_000_000_001, projectNo: 7 });
    expect(stored.newest).toBe(1_800_000_000_000_000);
  });

  it('leads to every run whose text holds what is looked for, also merged with others, and to none without a word of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 12 }), fc.nat(11), word, async (texts, cut, wanted) => {
        const documents = texts.map((each, index) => documentOf(ids[index] ?? '', index * 1_000, each));
        const expected = texts
          .flatMap((each, index) => (holds(readQuery(wanted), foldedTextOf(textsOf(each))) ? [ids[index]] : []))
          .toReversed();
        const parts = [documents.slice(0, cut), documents.slice(cut)].filter(({ length }) => length > 0);
        const merged = await mergeSegments(await Promise.all(parts.map(packSegment)));
        expect(led(await packSegment(documents), wanted)).toEqual(expected);
        expect(led(merged, wanted)).toEqual(expected);
        expect(merged).toEqual(await packSegment(documents));
      }),
      { numRuns: 500 },
    );
  });

  it('keeps of a run that was indexed again the words of both times, since no order tells which is the later', async () => {
    const merged = await mergeSegments([
      await packSegment([documentOf(ids[0] ?? '', 1, 'before both')]),
      await packSegment([documentOf(ids[0] ?? '', 1, 'after both')]),
    ]);
    for (const word of ['before', 'after', 'both']) expect(led(merged, word)).toEqual([ids[0]]);
    expect(merged.count).toBe(1);
  });

  it('leads to every run that has the values of fields that are asked for, and to none without, also merged with others', async () => {
    const users = fc.array(fc.constantFrom('ann', 'bob', 'eve'), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(users, fc.nat(11), fc.constantFrom('ann', 'bob', 'mallory'), async (names, cut, wanted) => {
        const documents = names.map((name, index) => documentOf(ids[index] ?? '', index * 1_000, name, fieldWord('user_id', name)));
        const parts = [documents.slice(0, cut), documents.slice(cut)].filter(({ length }) => length > 0);
        const merged = await mergeSegments(await Promise.all(parts.map(packSegment)));
        const expected = names.flatMap((name, index) => (name === wanted ? [ids[index]] : [])).toReversed();
        expect(haveField(merged, [fieldWord('user_id', wanted)])).toEqual(expected);
        // Asked again, when it is known how many have it.
        expect(haveField(merged, [fieldWord('user_id', wanted)])).toEqual(expected);
        expect(led(merged, wanted)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('loses its fields where it is merged with one of before there were any', async () => {
    const old = await packSegment([documentOf(ids[0] ?? '', 1, 'old')]);
    const young = await packSegment([documentOf(ids[1] ?? '', 2, 'young', fieldWord('user_id', 'ann'))]);
    const merged = await mergeSegments([{ ...old, fields: null }, young]);
    expect(merged.fields).toBeNull();
    expect(led(merged, 'young')).toEqual([ids[1]]);
    expect(led(merged, 'old')).toEqual([ids[0]]);
  });

  it('forgets a run and the words that stood in it alone', async () => {
    const stored = await packSegment([documentOf(ids[0] ?? '', 1, 'secret shared'), documentOf(ids[1] ?? '', 2, 'shared')]);
    const rest = await withoutRuns(stored, ({ runId }) => runId === ids[0]);
    expect(rest?.words.split('\n')).toEqual(['shared']);
    expect(rest === undefined ? [] : led(rest, 'shared')).toEqual([ids[1]]);
    expect(await withoutRuns(stored, () => true)).toBeUndefined();
  });

  it('spreads many words over blocks and finds each', async () => {
    const documents = Array.from({ length: 60 }, (_, index) =>
      documentOf(randomUUID(), index, Array.from({ length: 200 }, (_each, n) => `w${index * 50 + n}`).join(' ')),
    );
    const stored = await packSegment(documents);
    expect(stored.blocks.length).toBeGreaterThan(2);
    for (const n of [0, 49, 1_000, 2_949, 3_149]) {
      const expected = documents.filter(({ words }) => [...words].some((each) => each.includes(`w${n}`))).map(({ runId }) => runId);
      expect(new Set(led(stored, `w${n}`))).toEqual(new Set(expected));
    }
  });
});

describe('what is searched of a run', () => {
  it('is its name, tags, inputs, outputs, error and metadata, not what its SDK says of itself', () => {
    const folded = foldedTextOf({
      name: 'Chat',
      tags: ['Prod'],
      inputs: '{"messages":[{"content":"Gr\\u00fc\\u00dfe"}],"n":42}',
      outputs: '["ok"]',
      error: '"Boom"',
      extra: '{"runtime":{"sdk":"langsmith-js"},"metadata":{"order":"A-17","ls_provider":"openai"}}',
    });
    expect(folded.split('\n')).toEqual(['chat', 'prod', 'grusse', '42', 'ok', 'boom', 'a-17']);
  });

  it('is found also at a depth of 100,000', () => {
    expect(foldedTextOf({ ...nothing, inputs: `${'['.repeat(100_000)}"deep"${']'.repeat(100_000)}` })).toBe('deep');
  });

  it('is of base64 only the beginning, and of a long text all', () => {
    expect(foldedTextOf(textsOf('A'.repeat(100_000))).length).toBe(256);
    expect(foldedTextOf(textsOf('word '.repeat(1_000))).length).toBe(5_000);
    expect(foldedTextOf(textsOf('日'.repeat(2_000))).length).toBe(2_000);
  });
});
