import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitStatements } from './split-statements.ts';

describe('splitStatements', () => {
  it.each([
    ['select 1; select 2;', ['select 1', 'select 2']],
    ['select 1', ['select 1']],
    [' ;; \n ; ', []],
    ["select 'a;b', 'it''s; fine';select 2", ["select 'a;b', 'it''s; fine'", 'select 2']],
    ["select e'a\\';b';select 2", ["select e'a\\';b'", 'select 2']],
    ["select 'a\\';select 2", ["select 'a\\'", 'select 2']],
    ['select "a;b";select 2', ['select "a;b"', 'select 2']],
    ['select $$a;b$$;select $x$a;$$;b$x$', ['select $$a;b$$', 'select $x$a;$$;b$x$']],
    ['select $1; select a$b; select 2', ['select $1', 'select a$b', 'select 2']],
    ['-- one; two\nselect 1; -- after; this\nselect 2', ['select 1', 'select 2']],
    ['select 1 -- not; the end\n + 1; select 2', ['select 1 -- not; the end\n + 1', 'select 2']],
    ['select /* a; /* b; */ c; */ 1; select 2', ['select /* a; /* b; */ c; */ 1', 'select 2']],
  ])('%j', (text, statements) => {
    expect(splitStatements(text)).toEqual(statements);
  });

  it('gives back the statements that were joined, whatever is quoted in them', () => {
    const word = fc.constantFrom('select', 'a', '1', "'x;y'", "'it''s'", '"q;"', '$$b;c$$', '$t$;$$;$t$', '/*;*/', ',');
    const statement = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => `select ${words.join(' ')}`);
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 6 }), (statements) => {
        expect(splitStatements(statements.map((text) => `${text};\n`).join(''))).toEqual(statements);
      }),
    );
  });
});
