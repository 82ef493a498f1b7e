import { describe, expect, it } from 'vitest';
import { judgeByUsual, USUAL_KEYS, type Usual } from './usual.ts';

const usual: Usual = { runs: 500, seconds: 8, priced: 500, cost: 0.01 };
const judge = (seconds: number, cost: number | null, more: Partial<Usual> = {}) =>
  Object.fromEntries(
    judgeByUsual({ model: 'gpt-4o-mini', seconds, cost }, { ...usual, ...more }, USUAL_KEYS).map(({ key, verdict }) => [key, verdict]),
  );

describe('what is usual for a model in a project', () => {
  it('finds what took or cost more than twice what nearly all did, and says how much that is', () => {
    expect(judge(16, 0.02)).toEqual({ usual_latency: 'pass', usual_cost: 'pass' });
    expect(judge(16.1, 0.021)).toEqual({ usual_latency: 'fail', usual_cost: 'fail' });
    const [late] = judgeByUsual({ model: 'gpt-4o-mini', seconds: 40, cost: null }, usual, ['usual_latency']);
    expect(late?.because).toBe('it took 40.0 s; of the last 500 runs of gpt-4o-mini here 99 % took 8.0 s at most');
  });

  it('lets be what nobody would look at', () => {
    expect(judge(0.9, 0.0009, { seconds: 0.1, cost: 0.0001 })).toEqual({ usual_latency: 'pass', usual_cost: 'pass' });
  });

  it('says nothing where too little is known', () => {
    expect(judge(100, 1, { runs: 199, priced: 199 })).toEqual({});
    expect(judge(100, null)).toEqual({ usual_latency: 'fail' });
    expect(judge(100, 1, { priced: 10, cost: 0.01 })).toEqual({ usual_latency: 'fail' });
    expect(judgeByUsual({ model: 'x', seconds: 100, cost: 1 }, undefined, USUAL_KEYS)).toEqual([]);
  });
});
