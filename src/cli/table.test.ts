import { describe, expect, it } from 'vitest';
import { drawTable, printable, shorten, visibleLength } from './table.ts';

describe('drawTable', () => {
  it('aligns by what is seen: colours and wide letters count as they look', () => {
    const text = drawTable(
      [{ title: 'NAME' }, { title: 'N', align: 'right' }],
      [
        ['\x1b[32mgreen\x1b[39m', '1'],
        ['日本', '12'],
      ],
      80,
    );
    const lines = text.split('\n').map((line) => line.replaceAll(/\x1b\[\d+m/g, ''));
    expect(lines).toEqual(['NAME    N', 'green   1', '日本   12']);
  });

  it('narrows the columns that may be, to the width of the terminal', () => {
    const text = drawTable([{ title: 'A', shrinkTo: 4 }, { title: 'B' }], [['a very long agent name', 'kept whole']], 20);
    expect(text.split('\n')[1]).toBe('a very…   kept whole');
    expect(text.split('\n').every((line) => visibleLength(line) <= 20)).toBe(true);
  });
});

describe('text from outside', () => {
  it('cannot move the cursor or hide', () => {
    expect(printable('a\x1b[2Jb\nc\rd\u0000e')).toBe('ab c d e');
  });

  it('is shortened by columns, not by units', () => {
    expect(shorten('日本語テキスト', 6)).toBe('日本…');
    expect(shorten('short', 10)).toBe('short');
  });
});
