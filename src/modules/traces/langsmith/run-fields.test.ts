import { expect, test } from 'vitest';
import { isRefused, readRun } from './run-fields.ts';

const read = (run: object) => {
  const said = readRun('post', run, JSON.stringify(run));
  if (isRefused(said)) throw new Error(said.message);
  return said;
};

test('of too many tags the first are tags, and all of them are kept', () => {
  const tags = Array.from({ length: 300 }, (_, i) => `t${i}`);
  const { tags: found, rest } = read({ id: '01a21843-6805-7b10-9ef4-15f07bef3430', tags });
  expect(found).toEqual(tags.slice(0, 200));
  expect(JSON.parse(rest ?? '')).toEqual({ tags });
});

test('tags that are no texts are no tags, and are kept', () => {
  const { tags, rest } = read({ id: '01a21843-6805-7b10-9ef4-15f07bef3430', tags: ['a', 1] });
  expect([tags, rest]).toEqual([undefined, '{"tags":["a",1]}']);
});
