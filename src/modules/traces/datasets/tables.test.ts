import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Example } from './dataset.ts';
import { headerOf, lineOf, readCsv, readExamples } from './tables.ts';

const ID = '11111111-2222-4333-8444-555555555555';

describe('files of examples', () => {
  it('are read back as they were written, in both formats', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('jsonl' as const, 'csv' as const),
        fc.json(),
        fc.option(fc.json()),
        fc.array(fc.string({ minLength: 1 }), { minLength: 1 }),
        (format, inputs, outputs, splits) => {
          fc.pre(inputs !== 'null' && outputs !== 'null');
          const example = { exampleId: ID, inputs, outputs, metadata: { a: inputs }, splits } as unknown as Example;
          const [read] = readExamples(format, headerOf(format) + lineOf(format, example));
          expect(JSON.parse(read?.inputs ?? '')).toEqual(JSON.parse(inputs));
          expect(read?.outputs === null ? null : JSON.parse(read?.outputs ?? '')).toEqual(outputs === null ? null : JSON.parse(outputs));
          expect(read).toMatchObject({ exampleId: ID, metadata: { a: inputs }, splits });
        },
      ),
    );
  });

  it('may be tables of plain values, as spreadsheets write them', () => {
    const text = '\uFEFFquestion,answer,note\r\n"Why, ""so""?","Two\r\nlines",x\r\nHow?,,\r\n\r\n';
    expect(
      readExamples('csv', text, { inputs: ['question'], outputs: ['answer'] }).map(({ inputs, outputs }) => [inputs, outputs]),
    ).toEqual([
      ['{"question":"Why, \\"so\\"?"}', '{"answer":"Two\\r\\nlines"}'],
      ['{"question":"How?"}', '{"answer":""}'],
    ]);
    expect(readCsv('a,\n,b')).toEqual([
      ['a', ''],
      ['', 'b'],
    ]);
  });

  it('that are wrong say in which line', () => {
    expect(() => readExamples('jsonl', '{"inputs":1}\n{"inputs":')).toThrow(/line 2/);
    expect(() => readExamples('jsonl', '{"outputs":1}')).toThrow(/line 1 has no inputs/);
    expect(() => readExamples('csv', 'a,b\n1,2')).toThrow(/no column inputs/);
    expect(() => readExamples('csv', 'a\n1', { inputs: ['b'] })).toThrow(/no column b/);
    expect(() => readExamples('csv', 'inputs\n{')).toThrow(/line 2/);
    expect(() => readExamples('csv', 'inputs\n"{')).toThrow(/never closed/);
  });
});
