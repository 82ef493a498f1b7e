import { describe, expect, it } from 'vitest';
import type { LedgerRow } from './migration-ledger.ts';
import { parseMigration, type Migration } from './migration-set.ts';
import { planSchema, publicRelationsOf } from './schema-plan.ts';

const migration = (version: number, text = `select ${version};`): Migration => parseMigration('test', `00000${version}_x`, version, text);
const done = (of: Migration, over: Partial<LedgerRow> = {}): LedgerRow => ({
  set: of.set,
  version: of.version,
  name: of.name,
  checksum: of.checksum,
  compatibleBackTo: of.compatibleBackTo,
  statementsDone: 0,
  finished: true,
  ...over,
});
const [first, second, third] = [migration(1), migration(2), migration(3)];

describe('planSchema', () => {
  it('leaves what is applied, and begins with what was begun', () => {
    expect(planSchema('test', [first, second, third], [done(first), done(second, { finished: false })]).pending).toEqual([second, third]);
  });

  it('looks at its own set only', () => {
    expect(planSchema('test', [first], [done(migration(9), { set: 'other' })]).pending).toEqual([first]);
  });

  it('refuses a changed file, applied or begun', () => {
    for (const finished of [true, false]) {
      expect(() => planSchema('test', [migration(1, 'select 0;')], [done(first, { finished })])).toThrow('was changed after it had been');
    }
  });

  it('takes every newer migration into account, not only the newest', () => {
    const expanding = done(third, { compatibleBackTo: 1 });
    expect(planSchema('test', [first], [done(first), done(second, { compatibleBackTo: 1 }), expanding]).ahead).toHaveLength(2);
    expect(() => planSchema('test', [first], [done(first), done(second), expanding])).toThrow(
      expect.objectContaining({ code: 'SCHEMA_NEWER' }) as Error,
    );
  });
});

describe('parseMigration', () => {
  it('reads its directives from the head of the file only', () => {
    const parsed = parseMigration(
      'test',
      '000004_x',
      4,
      '-- Why.\n-- muster: no-transaction\n-- muster: compatible-back-to 2\nselect 1;\n-- muster: nonsense',
    );
    expect(parsed).toMatchObject({ transactional: false, compatibleBackTo: 2 });
    expect(migration(4)).toMatchObject({ transactional: true, compatibleBackTo: 4 });
    expect(() => parseMigration('test', '000004_x', 4, '-- muster: nonsense\n')).toThrow('unknown directive "nonsense"');
  });

  it('has the same checksum whatever the line ends are', () => {
    expect(migration(1, 'a\r\nb').checksum).toBe(migration(1, 'a\nb').checksum);
  });
});

it('finds the names that a migration claims in schema public', () => {
  const text =
    'create table public.a (n int);\ncreate view public.b as select 1;\ncreate or replace view public.mine as select 1;\ncreate table muster.c ();';
  expect(publicRelationsOf([migration(1, text)])).toEqual(['a', 'b']);
});
