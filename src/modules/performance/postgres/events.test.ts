import { describe, expect, it } from 'vitest';
import { settingChanges, type SettingRow } from './configuration.ts';
import { rootsOf, type BlockedRow } from './locks.ts';

const session = (pid: number, blockers: readonly number[] = []): BlockedRow => ({
  pid,
  blockers,
  user: null,
  application: null,
  state: null,
  query: null,
  waited: null,
});

describe('the roots of a blocking tree', () => {
  it('are those that others wait for and that wait for nobody', () =>
    expect(rootsOf([session(3, [2]), session(2, [1]), session(1), session(4, [1])]).map(({ pid }) => pid)).toEqual([1]));
  it('are several where there are several trees', () =>
    expect(rootsOf([session(3, [9]), session(9), session(2, [1]), session(1)]).map(({ pid }) => pid)).toEqual([1, 9]));
  it('are none in a circle, which the server breaks', () => expect(rootsOf([session(1, [2]), session(2, [1])])).toEqual([]));
});

describe('changes of settings', () => {
  const settings = (...rows: readonly (readonly [string, string | null, string])[]): ReadonlyMap<string, SettingRow> =>
    new Map(rows.map(([name, value, digest]) => [name, { name, value, digest, pending: false }]));

  it('are told with their values, and without them where these are text', () => {
    const before = settings(['work_mem', '4096', 'a'], ['primary_conninfo', null, 'b'], ['fsync', 'on', 'c']);
    const after = settings(['work_mem', '8192', 'd'], ['primary_conninfo', null, 'e'], ['jit', 'off', 'f']);
    expect(settingChanges(before, after)).toEqual([
      { name: 'fsync', from: 'on', to: null },
      { name: 'jit', from: null, to: 'off' },
      { name: 'primary_conninfo', from: null, to: null },
      { name: 'work_mem', from: '4096', to: '8192' },
    ]);
  });
});
