import { expect, it } from 'vitest';
import { recoveryActionSchema } from '../../config/recovery-actions.ts';
import type { Database } from '../../db/database.ts';
import { isFor, parseTarget, printPlan } from './action.ts';
import { fromDeclaration } from './declared.ts';

const parse = (action: object) =>
  fromDeclaration(recoveryActionSchema.parse({ name: 'mend', on: [{ rule: 'sick' }], target: ['thing'], ...action }));
const database = {} as Database;
const about = (labels: Readonly<Record<string, string>>) => ({ labels, level: 'critical' as const });

async function planOf(action: object, labels: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const made = parse(action);
  const [target] = await made.targets({ database }, about(labels));
  return target === undefined ? [] : printPlan(made.steps(target)).map(({ text }) => text);
}

it('fills labels in as data, whatever they hold', async () => {
  const nasty = { thing: `x'; drop table agents; --` };
  expect(await planOf({ sql: 'select mend({{thing}})' }, nasty)).toEqual([`select mend('x''; drop table agents; --')`]);
  expect(await planOf({ shell: 'mend {{ thing }}' }, { thing: `a'; rm -rf / #$(id)` })).toEqual([
    String.raw`mend 'a'\''; rm -rf / #$(id)'`,
  ]);
  expect(await planOf({ http: { url: 'https://example.com/{{thing}}', body: '{"thing": "{{thing}}"}' } }, { thing: 'a/b"c' })).toEqual([
    'POST https://example.com/a%2Fb%22c\n{"thing": "a/b\\"c"}',
  ]);
  expect(await planOf({ sql: String.raw`select {{thing}}` }, { thing: String.raw`\' or 1=1` })).toEqual([
    String.raw`select  E'\\'' or 1=1'`,
  ]);
});

it('has no target where a label is missing', async () => {
  expect(await planOf({ sql: 'select mend({{thing}}, {{other}})' }, { thing: 'a' })).toEqual([]);
});

it('runs no statement here for an alert about another database, unless it says what it does about that', () => {
  expect(parse({ sql: 'vacuum' }).anyDatabase).toBe(false);
  expect(parse({ shell: 'true', verify: 'select true' }).anyDatabase).toBe(false);
  expect(parse({ shell: 'true', undo: { sql: 'select 1' } }).anyDatabase).toBe(false);
  expect(parse({ sql: 'select mend({{database}})' }).anyDatabase).toBe(true);
  expect(parse({ shell: 'true', target: ['database'] }).anyDatabase).toBe(true);
  expect(parse({ shell: 'true' }).anyDatabase).toBe(true);
});

it('refuses what does nothing, does two things, or is for every alert', () => {
  const refused = (action: object): boolean =>
    !recoveryActionSchema.safeParse({ name: 'mend', on: [{ rule: 'sick' }], target: ['thing'], ...action }).success;
  expect(refused({})).toBe(true);
  expect(refused({ sql: 'select 1', shell: 'true' })).toBe(true);
  expect(refused({ sql: 'select 1', on: [{}] })).toBe(true);
  expect(refused({ sql: 'select 1', ceiling: 'always' })).toBe(true);
  expect(refused({ sql: 'select 1', limits: { timeout: 'a while' } })).toBe(true);
  expect(refused({ sql: 'select 1' })).toBe(false);
});

it('is for alerts by rule and labels, where * stands for anything', () => {
  const { on } = parse({ sql: 'select 1', on: [{ rule: 'disk_*', labels: { mount: '/var*' } }] });
  expect(isFor({ on }, 'disk_full', { mount: '/var/lib' })).toBe(true);
  expect(isFor({ on }, 'disk_full', { mount: '/' })).toBe(false);
  expect(isFor({ on }, 'disk_full', {})).toBe(false);
  expect(isFor({ on }, 'a_disk_full', { mount: '/var' })).toBe(false);
});

it('reads a target as labels, and nothing else', () => {
  expect(parseTarget('table=public.orders, rows=1')).toEqual({ table: 'public.orders', rows: '1' });
  for (const bad of ['', 'agent', 'agent=', '=a', 'a=1,a=2', 'a b=1']) expect(() => parseTarget(bad), bad).toThrow('names no target');
});
