import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { performanceModule } from '../../src/modules/performance/index.ts';
import { literalSnappy, writeRequest, type SentSeries } from '../support/remote-write.ts';
import { BOOTSTRAP, bearer, testServer, type TestServer } from './support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ modules: [performanceModule] });
});
afterAll(() => server[Symbol.asyncDispose]());

const post = (payload: Buffer, headers: Readonly<Record<string, string>> = {}) =>
  server.app.inject({
    method: 'POST',
    url: '/api/v1/write',
    payload,
    headers: { ...bearer(BOOTSTRAP), 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', ...headers },
  });
const write = (series: readonly SentSeries[]) => post(literalSnappy(writeRequest(series)));

describe('remote write', () => {
  it('commits samples before it answers', async () => {
    const at = Date.now() - 1_000;
    const answer = await write([{ labels: { __name__: 'written_seconds', job: 'a' }, samples: [[1.5, at]] }]);
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    await server.state.metrics.flush();
    const { items } = await server.state.metrics.latest({ metricName: 'written_seconds' }, { limit: 10 });
    expect(items).toMatchObject([{ value: 1.5, at, unit: 'seconds', labels: { job: 'a' } }]);
  });

  it('keeps what it can, and says which it cannot: infinities, the future, no name', async () => {
    const now = Date.now();
    const answer = await write([
      { labels: { __name__: 'kept' }, samples: [[1, now]] },
      { labels: { __name__: 'endless' }, samples: [[Infinity, now]] },
      { labels: { __name__: 'ended' }, samples: [[Number.NaN, now]] },
      { labels: { __name__: 'tomorrow' }, samples: [[1, now + 86_400_000]] },
      { labels: { job: 'nameless' }, samples: [[1, now]] },
    ]);
    expect(answer.statusCode).toBe(422);
    const { detail } = answer.json<{ detail: string }>();
    for (const part of ['3 of', 'not_finite (endless)', 'bad_time (tomorrow)', 'without a name']) expect(detail).toContain(part);
    await server.state.metrics.flush();
    expect((await server.state.metrics.latest({ metricName: 'kept' }, { limit: 10 })).items).toHaveLength(1);
  });

  it('bounds the series of a metric, says so, and harms no other', async () => {
    const now = Date.now();
    const flood = (from: number): readonly SentSeries[] =>
      Array.from({ length: 6_000 }, (_, n) => ({ labels: { __name__: 'flood', user: String(from + n) }, samples: [[1, now]] as const }));
    expect((await write(flood(0))).statusCode).toBe(204);
    const over = await write([...flood(6_000), { labels: { __name__: 'unharmed' }, samples: [[1, now]] }]);
    expect(over.statusCode).toBe(422);
    expect(over.json<{ detail: string }>().detail).toMatch(/2000 × too_many_series \(flood\)/);
    expect((await write([{ labels: { __name__: 'flood', user: '5' }, samples: [[2, now + 1]] }])).statusCode).toBe(204);
    await server.state.metrics.flush();
    expect((await server.state.metrics.latest({ metricName: 'unharmed' }, { limit: 10 })).items).toHaveLength(1);
  });

  it.each([
    ['what is not compressed', Buffer.from('plain'), {}, 400],
    ['another compression', literalSnappy(writeRequest([])), { 'content-encoding': 'gzip' }, 415],
    [
      'another version',
      literalSnappy(writeRequest([])),
      { 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' },
      415,
    ],
    ['JSON', Buffer.from('{}'), { 'content-type': 'application/json' }, 415],
    ['gigabytes in a few bytes', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]), {}, 413],
  ])('refuses %s', async (_, payload, headers, status) => expect((await post(payload, headers)).statusCode).toBe(status));

  it('takes this kind of body nowhere else', async () => {
    const answer = await server.app.inject({
      method: 'POST',
      url: '/api/v1/metrics',
      payload: Buffer.from('x'),
      headers: { ...bearer(BOOTSTRAP), 'content-type': 'application/x-protobuf' },
    });
    expect(answer.statusCode).toBe(415);
  });
});
