import { describe, expect, it } from 'vitest';
import { readAsked, type Asked } from './asked.ts';
import { cacheDecision } from './cache-policy.ts';
import { fingerprintOf } from './fingerprint.ts';

const asked = (body: object, face: Asked['face'] = 'chat'): Asked => readAsked(face, Buffer.from(JSON.stringify({ model: 'm', ...body })));
const settings = { mode: 'deterministic', ttl: '1h', scope: 'project', similar_model: 'embed', similar_from: 0.95 } as const;
const uses = (body: object, header?: string, mode: 'off' | 'deterministic' | 'all' = 'deterministic', face: Asked['face'] = 'chat') => {
  const { reads, ttlMs, writes } = cacheDecision(asked(body, face), header, { ...settings, mode });
  return [reads, writes, ttlMs];
};

describe('what is kept', () => {
  it('is what would be the same again, unless a client or the settings say otherwise', () => {
    expect(uses({ temperature: 0 })).toEqual([true, true, 3_600_000]);
    expect(uses({})).toEqual([false, false, 0]);
    expect(uses({ temperature: 0, n: 2 })).toEqual([false, false, 0]);
    expect(uses({ input: 'x' }, undefined, 'deterministic', 'embeddings')).toEqual([true, true, 3_600_000]);
    expect(uses({ temperature: 0 }, undefined, 'off')).toEqual([false, false, 0]);
    expect(uses({}, undefined, 'all')).toEqual([true, true, 3_600_000]);
  });

  it('is what the client says it is', () => {
    expect(uses({}, 'ttl=5m')).toEqual([true, true, 300_000]);
    expect(uses({}, 'ttl=60', 'off')).toEqual([true, true, 60_000]);
    expect(uses({ temperature: 0 }, 'no-store')).toEqual([false, false, 0]);
    expect(uses({ temperature: 0 }, 'refresh')).toEqual([false, true, 3_600_000]);
    expect(uses({}, 'ttl=0')).toEqual([false, false, 0]);
    expect(uses({}, 'ttl=900d')).toEqual([true, true, 30 * 86_400_000]);
    expect(cacheDecision(asked({}), 'semantic', settings).similar).toBe(0.95);
    expect(cacheDecision(asked({}), 'ttl=1m, semantic=0.8', settings)).toMatchObject({ similar: 0.8, ttlMs: 60_000, reads: true });
    expect(cacheDecision(asked({ temperature: 0 }), undefined, settings).similar).toBeUndefined();
    expect(() => cacheDecision(asked({}), 'semantic', { ...settings, similar_model: null })).toThrow(/no embedding model/);
    for (const header of ['semantic=2', 'ttl=soon', 'perhaps', 'ttl=-1']) expect(() => uses({}, header), header).toThrow(/means nothing/);
  });

  it('is nothing that happens elsewhere', () => {
    expect(uses({ background: true }, 'ttl=1h')).toEqual([false, false, 0]);
    expect(uses({ store: true }, 'ttl=1h')).toEqual([false, false, 0]);
  });
});

describe('two requests are the same', () => {
  const key = (body: object, scope = 'p', target = { provider: 'a', model: 'm' }): string | undefined =>
    fingerprintOf(asked(body), { scope, target })?.toString('hex');

  it('whatever the order of their members, who makes them and how they want to be told', () => {
    const same = key({ temperature: 0, messages: [{ role: 'user', content: 'a' }] });
    expect(key({ messages: [{ content: 'a', role: 'user' }], temperature: 0 })).toBe(same);
    expect(
      key({ messages: [{ content: 'a', role: 'user' }], temperature: 0, user: 'u', metadata: {}, stream: true, stream_options: {} }),
    ).toBe(same);
  });

  it('only with the same words, parameters, model and scope', () => {
    const bodies = [{ seed: 1 }, { seed: 2 }, { seed: '1' }, { seed: 1, x: null }, { messages: [1, 2] }, { messages: [2, 1] }];
    const keys = bodies.map((body) => key(body));
    expect(new Set(keys).size).toBe(bodies.length);
    expect(key({}, 'q')).not.toBe(key({}));
    expect(key({}, 'p', { provider: 'b', model: 'm' })).not.toBe(key({}));
  });

  it('not where a number may have been rounded', () => {
    expect(
      fingerprintOf(readAsked('chat', Buffer.from('{"model":"m","seed":9007199254740993}')), {
        scope: 'p',
        target: { provider: 'a', model: 'm' },
      }),
    ).toBeUndefined();
  });
});
