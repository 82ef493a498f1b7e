import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { Fields, FieldWriter } from '../../../base/protobuf.ts';
import { OTLP_PATHS } from './routes.ts';
import { LIMITS } from './span.ts';
import { recordingDoor, type RecordingDoor } from './testing.ts';

let door: RecordingDoor;
beforeEach(async () => {
  door = await recordingDoor();
  return () => door[Symbol.asyncDispose]();
});

const PROTOBUF = 'application/x-protobuf';
const TRACE = Buffer.from('0af7651916cd43dd8448eb211c80319c', 'hex');
const SPAN = Buffer.from('b7ad6b7169203331', 'hex');

const post = (payload: Buffer | string, headers: Record<string, string> = {}, url = '/v1/traces') =>
  door.app.inject({ method: 'POST', url, payload, headers: { 'content-type': PROTOBUF, ...headers } });

/** An export of spans that `write` fills. */
const exported = (...writes: readonly ((span: FieldWriter) => void)[]): Buffer =>
  new FieldWriter()
    .message(1, (resource) =>
      resource.message(2, (scope) => {
        for (const write of writes) scope.message(2, write);
      }),
    )
    .end();

const good = (span: FieldWriter): void => {
  span.bytes(1, TRACE).bytes(2, SPAN).text(5, 'fine').fixed64(7, 1_795_677_264_000_000_000n).fixed64(8, 1_795_677_265_000_000_000n);
};
const nested =
  (depth: number) =>
  (any: FieldWriter): void => {
    if (depth === 0) any.text(1, 'x');
    else any.message(5, (list) => list.message(1, nested(depth - 1)));
  };
const jsonExport = (...spans: readonly object[]): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const jsonSpan = { traceId: TRACE.toString('hex'), spanId: SPAN.toString('hex'), name: 'fine', startTimeUnixNano: '1795677264000000001' };

/** What partialSuccess says in an answer of protobuf. */
function partial(answer: { readonly rawPayload: Buffer }): { rejected: number; message: string } {
  const fields = new Fields(answer.rawPayload);
  let [rejected, message] = [0, ''];
  if (fields.next() === 1)
    fields.message((inner) => {
      for (let field = inner.next(); field !== 0; field = inner.next())
        if (field === 1) rejected = inner.int64();
        else message = inner.text();
    });
  return { rejected, message };
}

describe('the door for spans', () => {
  it.each(OTLP_PATHS)('stands at %s, and answers in the type of the request', async (path) => {
    const binary = await post(exported(good), {}, path);
    const json = await post(jsonExport(jsonSpan), { 'content-type': 'application/json; charset=utf-8' }, path);
    expect([binary.statusCode, binary.headers['content-type'], binary.rawPayload.length]).toEqual([200, PROTOBUF, 0]);
    expect([json.statusCode, json.headers['content-type'], json.body]).toEqual([200, expect.stringContaining('application/json'), '{}']);
    expect(door.runs()).toHaveLength(2);
  });

  it('keeps the good spans of an export and says which it could not keep', async () => {
    const noIds = (span: FieldWriter): void => {
      span.text(5, 'a log record');
    };
    const tooDeep = (span: FieldWriter): void => {
      good(span);
      span.message(9, (pair) => pair.text(1, 'a').message(2, nested(LIMITS.depth + 1)));
    };
    const answer = await post(exported(good, noIds, tooDeep));
    expect(answer.statusCode).toBe(200);
    expect(partial(answer)).toEqual({ rejected: 2, message: expect.stringMatching(/no trace id.*nested deeper than 32/) });
    expect(door.runs()).toHaveLength(1);
    expect(door.refused().map(({ reason }) => reason)).toEqual(['bad_span', 'bad_span']);
    const json = await post(jsonExport(jsonSpan, { ...jsonSpan, traceId: '0'.repeat(32) }, {}), { 'content-type': 'application/json' });
    expect(json.json()).toEqual({ partialSuccess: { rejectedSpans: '2', errorMessage: expect.stringContaining('trace id') } });
  });

  it('reads integers as numbers and as digits, and names as the schema writes them', async () => {
    const attributes = [
      { key: 'n', value: { intValue: 5 } },
      { key: 'd', value: { intValue: '6' } },
      { key: 'big', value: { intValue: '9223372036854775807' } },
      { key: 'nan', value: { doubleValue: 'NaN' } },
      { key: 'kv', value: { kvlistValue: { values: [{ key: '__proto__', value: { boolValue: true } }] } } },
      { key: 'none', value: {} },
    ];
    await post(
      jsonExport({ trace_id: jsonSpan.traceId.toUpperCase(), span_id: jsonSpan.spanId, status: { code: 'STATUS_CODE_ERROR' }, attributes }),
      {
        'content-type': 'application/json',
      },
    );
    const [run] = door.runs();
    expect(run?.extra).toContain('"n":5,"d":6,"big":"9223372036854775807","nan":"NaN","kv":{"__proto__":true},"none":null');
    expect(run?.error).toBe('"failed without saying why"');
  });

  it('takes the same spans from JSON and from protobuf', async () => {
    await post(exported(good));
    await post(jsonExport({ ...jsonSpan, startTimeUnixNano: '1795677264000000000', endTimeUnixNano: '1795677265000000000' }), {
      'content-type': 'application/json',
    });
    const [binary, json] = door.runs();
    expect(json).toEqual({ ...binary, extra: expect.anything() });
    expect(json?.startTime).toBe(1_795_677_264_000_000);
  });

  it.each([
    ['a body that is cut', () => exported(good).subarray(0, 30), {}, 400],
    ['a body that is no protobuf', () => Buffer.from('hello, world'), {}, 400],
    ['no list of spans', () => '{"resourceSpans":{"scopeSpans":[]}}', { 'content-type': 'application/json' }, 400],
    [
      'no list of spans within',
      () => '{"resourceSpans":[{"scopeSpans":[{"spans":{"name":"a"}}]}]}',
      { 'content-type': 'application/json' },
      400,
    ],
    ['JSON that is cut', () => '{"resourceSpans":[', { 'content-type': 'application/json' }, 400],
    ['JSON that is a list', () => '[]', { 'content-type': 'application/json' }, 400],
    ['JSON nested 100,000 deep', () => '['.repeat(100_000) + ']'.repeat(100_000), { 'content-type': 'application/json' }, 400],
    ['gzip that is cut', () => gzipSync(exported(good)).subarray(0, 20), { 'content-encoding': 'gzip' }, 400],
    ['gzip that is none', () => exported(good), { 'content-encoding': 'gzip' }, 400],
    ['a bomb', () => gzipSync(Buffer.alloc(200 * 1_048_576)), { 'content-encoding': 'gzip' }, 413],
    ['more spans than are taken', () => exported(...Array.from({ length: LIMITS.spans + 1 }, () => () => undefined)), {}, 413],
    ['another compression', () => exported(good), { 'content-encoding': 'br' }, 415],
    ['another type', () => 'x', { 'content-type': 'text/plain' }, 415],
  ])('refuses %s and keeps nothing of it', async (_what, make, headers, status) => {
    const answer = await post(make(), headers);
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([status, expect.stringContaining('application/problem+json')]);
    expect(door.submissions).toEqual([]);
  });

  it('answers an empty export without troubling anybody', async () => {
    const answer = await post(Buffer.alloc(0), { 'content-length': '0' });
    expect([answer.statusCode, door.submissions]).toEqual([200, []]);
  });

  it('reads whatever bytes it is given without breaking', async () => {
    let seed = 42;
    const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
    const whole = exported(good, (span) => {
      good(span);
      span.message(9, (pair) => pair.text(1, 'gen_ai.input.messages').message(2, nested(5)));
      span.message(11, (event) => event.fixed64(1, 5n).text(2, 'exception'));
    });
    for (let n = 0; n < 2_000; n += 1) {
      const bytes = Buffer.from(whole);
      for (let k = 0; k < 3; k += 1) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const { statusCode } = await post(bytes);
      expect([200, 400]).toContain(statusCode);
    }
  });
});
