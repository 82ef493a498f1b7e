import { expect, test } from 'vitest';
import { hostId } from '../base/ids.ts';
import { chooseMovers, misplaced, type Receiver } from './movers.ts';

const receiver = (name: string, room: number, change: Partial<Receiver> = {}): Receiver => ({
  hostId: hostId(name),
  capacity: 100,
  agents: 0,
  desired: 'run',
  labels: {},
  types: { worker: {} },
  groups: new Set(),
  room,
  ...change,
});
const agent = (agentId: string, placement?: object) => ({
  agentId,
  type: 'worker',
  metadata: placement === undefined ? {} : { placement },
  acquiredAt: 0,
});
const ids = (agents: readonly { readonly agentId: string }[]): readonly string[] => agents.map(({ agentId }) => agentId);

test('those move first that came last, as many as there is room for', () => {
  expect(ids(chooseMovers([agent('c'), agent('b'), agent('a')], [receiver('x', 2)], 3))).toEqual(['c', 'b']);
  expect(ids(chooseMovers([agent('c'), agent('b')], [receiver('x', 9)], 1))).toEqual(['c']);
});

test('nothing moves that nobody with room may run', () => {
  const candidates = [agent('zoned', { labels: { zone: 'a' } }), agent('free')];
  expect(ids(chooseMovers(candidates, [receiver('x', 5)], 2))).toEqual(['free']);
  expect(ids(chooseMovers(candidates, [receiver('x', 5), receiver('y', 1, { labels: { zone: 'a' } })], 2))).toEqual(['zoned', 'free']);
  expect(ids(chooseMovers(candidates, [receiver('x', 5, { types: {} })], 2))).toEqual([]);
});

test('two of a group do not move to one host', () => {
  const pair = [agent('a', { anti_affinity: 'x' }), agent('b', { anti_affinity: 'x' })];
  expect(ids(chooseMovers(pair, [receiver('x', 5)], 2))).toEqual(['a']);
  expect(ids(chooseMovers(pair, [receiver('x', 5), receiver('y', 5)], 2))).toEqual(['a', 'b']);
  expect(ids(chooseMovers(pair, [receiver('x', 5, { groups: new Set(['x']) })], 2))).toEqual([]);
});

test('a host knows which of its agents it may not run any more, and keeps the first of a group', () => {
  const held = [
    agent('b', { anti_affinity: 'x' }),
    agent('a', { anti_affinity: 'x' }),
    agent('zoned', { labels: { zone: 'a' } }),
    agent('free'),
  ];
  const here = { hostId: hostId('here'), labels: { zone: 'b' }, types: { worker: {} } };
  expect([...misplaced(held, here)]).toEqual([
    ['b', 'its host also runs a of its anti-affinity group "x"'],
    ['zoned', 'its placement asks for the labels zone=a, which its host has not'],
  ]);
});
