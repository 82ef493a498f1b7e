import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERRORS } from '../../src/base/errors.ts';
import { sql } from '../../src/db/sql.ts';
import { ProblemView } from '../../src/http/schemas.ts';
import { exchange } from './support/socket.ts';
import { bearer, BOOTSTRAP, testServer, type TestServer } from './support/test-server.ts';

let server: TestServer;
let base: string;
beforeAll(async () => {
  server = await testServer();
  base = await server.listen();
  await server.state.agents.ensure([{ agentId: 'there', name: 'There', type: 'load' }]);
});
afterAll(() => server[Symbol.asyncDispose]());

interface Case {
  readonly name: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly code?: string;
  /** In the detail or the pointers. */
  readonly says?: RegExp;
}

const PUT = { method: 'PUT', path: '/system-state/x' } as const;
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

const CASES: readonly Case[] = [
  { name: 'a truncated body', ...PUT, body: '{"value":', status: 400, code: 'MALFORMED', says: /at byte 9/ },
  { name: 'a body that is not JSON', ...PUT, body: '{"é":1,"value":x}', status: 400, code: 'MALFORMED', says: /at byte 16/ },
  { name: 'garbage after the body', ...PUT, body: '{"value":1}}', status: 400, code: 'MALFORMED', says: /at byte 11/ },
  { name: 'NaN', ...PUT, body: '{"value":NaN}', status: 400, code: 'MALFORMED', says: /at byte 9/ },
  { name: 'a byte-order mark', ...PUT, body: '\ufeff{"value":1}', status: 400, code: 'MALFORMED', says: /byte-order mark/ },
  {
    name: 'bytes that are not UTF-8',
    ...PUT,
    body: Buffer.from('{"value":"\xff"}', 'latin1'),
    status: 400,
    code: 'MALFORMED',
    says: /UTF-8/,
  },
  { name: 'an empty body', ...PUT, body: '', status: 400, code: 'MALFORMED', says: /empty/ },
  { name: 'no body at all', ...PUT, status: 422, code: 'INVALID_INPUT' },
  {
    name: '__proto__',
    ...PUT,
    body: '{"value":1,"__proto__":{"role":"administrator"}}',
    status: 400,
    code: 'MALFORMED',
    says: /__proto__/,
  },
  {
    name: '__proto__ in escapes, deep inside',
    ...PUT,
    body: '{"value":[{"a":{"\\u005f_proto__":1}}]}',
    status: 400,
    code: 'MALFORMED',
    says: /__proto__/,
  },
  {
    name: 'constructor.prototype',
    ...PUT,
    body: '{"value":{"constructor":{"prototype":{"a":1}}}}',
    status: 400,
    code: 'MALFORMED',
    says: /constructor/,
  },
  { name: '65 levels', ...PUT, body: `{"value":${deep(64)}}`, status: 422, says: /deeper than 64/ },
  { name: '100,000 levels', ...PUT, body: `{"value":${deep(100_000)}}`, status: 422, says: /deeper than 64/ },
  { name: 'U+0000', ...PUT, body: '{"value":{"a":["x\\u0000"]}}', status: 422, code: 'INVALID_INPUT', says: /\/value\/a\/0/ },
  { name: 'half a surrogate pair', ...PUT, body: '{"value":"\\ud800"}', status: 422, code: 'INVALID_INPUT', says: /surrogate/ },
  { name: 'half a surrogate pair in a key', ...PUT, body: '{"value":{"\\udc00":1}}', status: 422, code: 'INVALID_INPUT' },
  { name: 'an integer beyond 2^53', ...PUT, body: '{"value":9007199254740993}', status: 422, says: /2\^53/ },
  { name: 'an unknown field', ...PUT, body: '{"value":1,"extra":2}', status: 422, says: /extra/ },
  { name: 'a missing field', ...PUT, body: '{}', status: 422, says: /\/value/ },
  {
    name: 'another content type',
    ...PUT,
    body: 'value=1',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
    code: 'UNSUPPORTED_MEDIA',
  },
  {
    name: 'text/plain, as a form of another site could send',
    ...PUT,
    body: '{"value":1}',
    headers: { 'content-type': 'text/plain' },
    status: 415,
    code: 'UNSUPPORTED_MEDIA',
  },
  {
    name: 'a content type that is none',
    ...PUT,
    body: '{"value":1}',
    headers: { 'content-type': 'nonsense' },
    status: 415,
    code: 'UNSUPPORTED_MEDIA',
  },
  { name: 'a body of more than 1 MB', ...PUT, body: `{"value":"${'x'.repeat(1_048_576)}"}`, status: 413, code: 'TOO_LARGE' },
  { name: 'a negative limit', path: '/agents?limit=-1', status: 422, says: /\/query\/limit/ },
  { name: 'a limit of a thousand million', path: '/agents?limit=1e9', status: 422, says: /\/query\/limit/ },
  { name: 'a limit of 1.5', path: '/agents?limit=1.5', status: 422 },
  { name: 'two limits', path: '/agents?limit=1&limit=2', status: 422 },
  { name: 'an unknown parameter', path: '/agents?offset=3', status: 422, says: /offset/ },
  { name: 'a cursor that is none', path: '/agents?cursor=nonsense', status: 400, code: 'BAD_CURSOR' },
  {
    name: 'a cursor of another list',
    path: `/agents?cursor=${Buffer.from('keys\nabc').toString('base64url')}`,
    status: 400,
    code: 'BAD_CURSOR',
  },
  {
    name: 'a command cursor with junk inside',
    path: `/commands?cursor=${Buffer.from('commands\njunk').toString('base64url')}`,
    status: 400,
    code: 'BAD_CURSOR',
  },
  {
    name: 'an event cursor with junk inside',
    path: `/events?cursor=${Buffer.from('events\njunk').toString('base64url')}`,
    headers: { accept: 'application/json' },
    status: 400,
    code: 'BAD_CURSOR',
  },
  { name: 'a place in the stream that is none', path: '/events', headers: { 'last-event-id': 'junk' }, status: 400, code: 'BAD_CURSOR' },
  { name: 'a state that is none', path: '/agents?state=happy', status: 422 },
  { name: 'a host id that is none', path: '/agents?host_id=abc', status: 422 },
  { name: 'a command id that is none', path: '/commands/abc', status: 422 },
  { name: 'the year 300000', path: '/heartbeats?from=300000-01-01T00:00:00Z', status: 422, says: /\/query\/from/ },
  { name: 'infinity as a time', path: '/heartbeats?from=infinity', status: 422 },
  { name: '30 February', path: '/heartbeats?from=2026-02-30T00:00:00Z', status: 422 },
  { name: 'a time without a zone', path: '/heartbeats?from=2026-02-03T00:00:00', status: 422 },
  { name: 'a range that ends before it begins', path: '/metrics/query?name=x&from=now&to=now-1h', status: 422, says: /before/ },
  { name: 'no metric name', path: '/metrics/query', status: 422, says: /\/query\/name/ },
  { name: 'too many points', path: '/metrics/query?name=x&points=11001', status: 422 },
  { name: 'an aggregate that is none', path: '/metrics/query?name=x&aggregate=mode', status: 422 },
  { name: 'a parameter that is no label', path: '/metrics/query?name=x&device=sda', status: 422, says: /device/ },
  { name: 'U+0000 in the path', path: '/agents/a%00b', status: 422 },
  { name: 'an encoding that is none', path: '/agents/%zz', status: 400, code: 'MALFORMED' },
  { name: 'an id of 300 characters', path: `/agents/${'x'.repeat(300)}`, status: 422 },
  { name: 'an unknown agent', path: '/agents/nobody', status: 404, code: 'NOT_FOUND' },
  { name: 'commands of an unknown agent', path: '/agents/nobody/commands', status: 404, code: 'NOT_FOUND' },
  { name: 'heartbeats of an unknown agent', path: '/agents/nobody/heartbeats', status: 404, code: 'NOT_FOUND' },
  {
    name: 'a command to an unknown agent',
    method: 'POST',
    path: '/agents/nobody/commands',
    body: '{"command":"restart"}',
    status: 404,
    code: 'NOT_FOUND',
  },
  { name: 'a command that is no word', method: 'POST', path: '/agents/there/commands', body: '{"command":"rm -rf /"}', status: 422 },
  { name: 'a change of nothing', method: 'PATCH', path: '/agents/there', body: '{}', status: 422 },
  { name: 'a change of what cannot be changed', method: 'PATCH', path: '/agents/there', body: '{"epoch":1}', status: 422, says: /epoch/ },
  { name: 'an agent without a name', method: 'POST', path: '/agents', body: '{"agent_id":"","agent_type":"x"}', status: 422 },
  { name: 'an unknown path', path: '/nothing', status: 404, code: 'NOT_FOUND' },
  { name: 'an encoded traversal', path: '/agents/..%2f..%2fetc%2fpasswd', status: 404, code: 'NOT_FOUND' },
  { name: 'a wrong method', method: 'DELETE', path: '/agents', status: 405, code: 'METHOD_NOT_ALLOWED' },
  { name: 'an address of 9,000 characters', path: `/agents?search=${'x'.repeat(9_000)}`, status: 414, code: 'URI_TOO_LONG' },
  {
    name: 'an If-Match that is no ETag',
    ...PUT,
    body: '{"value":1}',
    headers: { 'if-match': 'x' },
    status: 412,
    code: 'PRECONDITION_FAILED',
  },
  { name: 'an If-None-Match that names one', ...PUT, body: '{"value":1}', headers: { 'if-none-match': '"1"' }, status: 400 },
  { name: 'no list of samples', method: 'POST', path: '/metrics', body: '{}', status: 422 },
  { name: 'an empty list of samples', method: 'POST', path: '/metrics', body: '[]', status: 422 },
  {
    name: '10,001 samples',
    method: 'POST',
    path: '/metrics',
    body: JSON.stringify(Array.from({ length: 10_001 }, () => ({}))),
    status: 422,
  },
];

describe('a request with', () => {
  test.each(CASES)('$name is refused with $status', async ({ method = 'GET', path, body, headers, status, code, says }) => {
    const answer = await fetch(`${base}/api/v1${path}`, {
      method,
      headers: { ...bearer(BOOTSTRAP), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json; charset=utf-8']);
    const problem = ProblemView.parse(JSON.parse(text));
    expect(problem.status).toBe(status);
    expect(problem.request_id).toBe(answer.headers.get('x-request-id'));
    expect(Object.keys(ERRORS)).toContain(problem.code);
    if (code !== undefined) expect(problem.code).toBe(code);
    if (says !== undefined) expect(`${problem.detail} ${JSON.stringify(problem.errors)}`).toMatch(says);
    expect(text).not.toMatch(/select|muster\.|node_modules|at \w+ \(/);
  });
});

test('a wrong method tells the right ones', async () => {
  const answer = await server.ask('DELETE', '/agents');
  expect(answer.headers['allow']).toBe('GET, HEAD, POST');
});

test.each([
  ['a name that is a script, right to left, with emoji', '<script>alert(1)</script> \u202eabc 🦆'],
  ['a name that is SQL', "x'; drop table muster.agents; --"],
])('%s is stored and given back as text', async (_, name) => {
  const id = encodeURIComponent(name);
  expect((await server.ask('POST', '/agents', { body: { agent_id: name, agent_type: 'load' } })).statusCode).toBe(201);
  expect((await server.ask('GET', `/agents/${id}`)).json()).toMatchObject({ agent_id: name });
  expect((await server.ask('GET', `/agents?search=${id}`)).json().items).toHaveLength(1);
});

describe('samples are judged one by one', () => {
  const now = new Date().toISOString();
  const good = { metric_name: 'orders', metric_value: 1, timestamp: now };
  test.each([
    ['1e400', `{"metric_name":"orders","metric_value":1e400}`, 'not_finite'],
    ['a word for a value', `{"metric_name":"orders","metric_value":"NaN"}`, 'invalid_type'],
    ['a decimal comma', `{"metric_name":"orders","metric_value":"1,5"}`, 'invalid_type'],
    ['null', `{"metric_name":"orders","metric_value":null}`, 'invalid_type'],
    ['no name', `{"metric_value":1}`, 'invalid_type'],
    ['a name of 300 characters', JSON.stringify({ ...good, metric_name: 'x'.repeat(300) }), 'too_big'],
    ['U+0000 in a name', `{"metric_name":"a\\u0000","metric_value":1}`, 'custom'],
    ['half a surrogate pair in a label', `{"metric_name":"a","metric_value":1,"metadata":{"k":"\\ud800"}}`, 'custom'],
    ['a label of 1 MB', JSON.stringify({ ...good, metadata: { k: 'x'.repeat(1_048_576) } }), 'too_big'],
    ['33 labels', JSON.stringify({ ...good, metadata: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`l${i}`, 1])) }), 'custom'],
    ['a time that is none', JSON.stringify({ ...good, timestamp: 'yesterday' }), 'custom'],
    ['an unknown field', JSON.stringify({ ...good, value: 2 }), 'unrecognized_keys'],
    ['a number in place of a sample', '7', 'invalid_type'],
  ])('%s is refused, and the sample beside it is committed', async (name, bad, code) => {
    const agentId = `judge ${name}`;
    const body = `[${bad},${JSON.stringify({ ...good, agent_id: agentId })}]`;
    const answer = await server.app.inject({
      method: 'POST',
      url: '/api/v1/metrics',
      payload: body,
      headers: { ...bearer(BOOTSTRAP), 'content-type': 'application/json' },
    });
    expect([answer.statusCode, answer.json()]).toEqual([202, { accepted: 1, rejected: [{ index: 0, code, message: expect.any(String) }] }]);
    const range = (
      await server.ask('GET', `/metrics/query?name=orders&agent_id=${encodeURIComponent(agentId)}&aggregate=sum&points=1`)
    ).json();
    expect(range.items[0]?.points.map(([, value]: [number, number]) => value)).toContain(1);
  });
});

describe('a connection with', () => {
  test('headers of more than 16 KB gets 431', async () => {
    const answer = await exchange(base, (write) => write(`GET /livez HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`));
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(ProblemView.parse(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).code).toBe('HEADERS_TOO_LARGE');
  });

  test('something that is not HTTP gets 400', async () => {
    const answer = await exchange(base, (write) => write('\x16\x03\x01\x02\x00\x01\x00\r\n\r\n'));
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"MALFORMED"/);
  });

  test.concurrent('headers that never end gets 408, and those who wait beside it are served', async ({ expect }) => {
    const started = performance.now();
    const slow = exchange(base, (write) => write('GET /livez HTTP/1.1\r\nhost: localhost\r\nx-slow: '));
    expect((await fetch(`${base}/livez`)).status).toBe(200);
    expect(await slow).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"REQUEST_TIMEOUT"/);
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  test.concurrent('a body that never ends gets 408', async ({ expect }) => {
    const started = performance.now();
    const slow = await exchange(base, (write) =>
      write(
        `PUT /api/v1/system-state/x HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${BOOTSTRAP}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"value":`,
      ),
    );
    expect(slow).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  test('two lengths for one body is refused', async () => {
    const answer = await exchange(base, (write) =>
      write('PUT /api/v1/system-state/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '', '[::2]'])(
    'the Host header "%s" gets nothing',
    async (host) => {
      const answer = await exchange(base, (write) =>
        write(`GET /api/v1/agents HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\nauthorization: Bearer ${BOOTSTRAP}\r\n\r\n`),
      );
      expect(answer).toMatch(/^HTTP\/1\.1 421 [\s\S]*"code":"WRONG_HOST"/);
    },
  );

  test.each(['localhost', 'localhost:4680', '127.0.0.1', '[::1]:4680', 'muster.localhost'])(
    'the Host header "%s" is served',
    async (host) => {
      const answer = await exchange(base, (write) => write(`GET /livez HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`));
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    },
  );
});

test('whatever is sent, no answer is a bug, and every refusal is a problem document', async () => {
  const paths = server.app.routeTable.routes.filter(
    (route) => route.url.startsWith('/api') && route.method !== 'HEAD' && !route.url.endsWith('/openapi.json'),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom('..', '%', 'null', '1')), {
        minLength: 1,
        maxLength: 1,
      }),
      fc.record({
        key: fc.constantFrom('limit', 'cursor', 'from', 'to', 'name', 'agent_id', 'search', 'label.x', 'points', 'x'),
        value: fc.string({ unit: 'binary', maxLength: 30 }),
      }),
      fc.jsonValue({ maxDepth: 4 }),
      async (route, [param = ''], query, body) => {
        const url = `${route.url.replace(/:\w+/g, encodeURIComponent(wellFormed(param) || 'x'))}?${query.key}=${encodeURIComponent(wellFormed(query.value))}`;
        const withBody = route.method !== 'GET' && route.method !== 'DELETE';
        const answer = await server.app.inject({
          method: route.method as 'GET',
          url,
          headers: { ...bearer(BOOTSTRAP), accept: 'application/json', ...(withBody ? { 'content-type': 'application/json' } : {}) },
          ...(withBody ? { payload: JSON.stringify(body) } : {}),
          remoteAddress: `10.${Math.floor(Math.random() * 255)}.${Math.floor(Math.random() * 255)}.1`,
        });
        expect([answer.statusCode === 500 ? `${route.method} ${url} ${JSON.stringify(body)}` : '', answer.statusCode]).toEqual([
          '',
          answer.statusCode,
        ]);
        if (answer.statusCode >= 400) expect(ProblemView.safeParse(answer.json()).success).toBe(true);
      },
    ),
    { numRuns: 400 },
  );
  const { rows } = await server.database.database.query<{ count: number }>(
    sql`select count(*)::int as count from muster.agents where agent_id = 'there'`,
  );
  expect(rows[0]?.count).toBe(1);
}, 180_000);

const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '');
