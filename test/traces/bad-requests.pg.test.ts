import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { Client } from 'langsmith';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { tracesModule } from '../../src/modules/traces/index.ts';
import { BOOTSTRAP, testServer, type TestServer } from '../server/support/test-server.ts';
import { until } from '../support/until.ts';

let server: TestServer;
let base: string;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  base = await server.listen();
});
afterAll(() => server[Symbol.asyncDispose]());

const post = (
  path: string,
  body: Buffer | string | object,
  headers: Readonly<Record<string, string>> = {},
  key: string | null = BOOTSTRAP,
) =>
  fetch(`${base}/langsmith${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === null ? {} : { 'x-api-key': key }), ...headers },
    body: Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body),
  });
const begun = (id: string, more: object = {}) => ({
  id,
  name: 'ask',
  run_type: 'llm',
  start_time: new Date().toISOString(),
  session_name: 'bad',
  ...more,
});
const kept = async (id: string): Promise<Readonly<Record<string, unknown>> | undefined> =>
  (await server.database.database.query(sql`select * from muster.trace_runs where run_id = ${id}`)).rows[0];
const quarantined = async (id: string): Promise<readonly { reason: string }[]> =>
  (await server.database.database.query<{ reason: string }>(sql`select reason from muster.trace_quarantine where run_id = ${id}`)).rows;
const isWell = async (): Promise<void> => {
  const id = randomUUID();
  expect((await post('/runs', begun(id))).status).toBe(202);
  expect(await kept(id)).toBeDefined();
};

describe('what the Python SDK 0.11.1 sent: compressed by zstd, two years ago by its clock, with nulls for what it does not touch', () => {
  interface Failed {
    readonly headers: Readonly<Record<string, string>>;
    readonly body_base64: string;
  }
  const [root, call] = ['018f3f9e-7b1a-7cc0-8000-000000000001', '018f3f9e-7b1a-7cc0-8000-000000000002'];
  const read = async (): Promise<Failed> =>
    JSON.parse(await readFile(new URL('./support/python-sdk-failed-trace.json', import.meta.url), 'utf8')) as Failed;

  it('is kept, however often it comes, as a request and as the file that was written when it could not be sent', async () => {
    const file = await read();
    const headers = Object.fromEntries(Object.entries(file.headers).map(([name, value]) => [name.toLowerCase(), value]));
    for (const _ of [1, 2]) expect((await post('/runs/multipart', Buffer.from(file.body_base64, 'base64'), headers)).status).toBe(202);
    const replayed = await post('/admin/replay', file);
    expect([replayed.status, await replayed.json()]).toMatchObject([200, { refused: 0 }]);

    const client = new Client({ apiUrl: `${base}/langsmith`, apiKey: BOOTSTRAP });
    expect(await client.readRun(call)).toMatchObject({
      name: 'llm',
      run_type: 'llm',
      status: 'success',
      parent_run_id: root,
      trace_id: root,
      total_tokens: 15,
      start_time: '2024-05-03T12:00:00.123456Z',
      end_time: '2024-05-03T12:00:01.123456Z',
      outputs: { content: 'In the post.' },
    });
    const whole = await client.readRun(root, { loadChildRuns: true });
    expect(whole).toMatchObject({ name: 'chain', tags: ['py'], outputs: { answer: 'In the post.' }, child_runs: [{ id: call }] });
    expect(whole.inputs).toMatchObject({ question: 'Gr\u00fc\u00dfe \u{1F4E6} "quoted"\n', nothing: null, nested: [{ a: [] }, ''] });
    expect((await kept(root))?.['inputs']).toContain('12345678901234567890');
    expect(Object.keys((whole.extra as { metadata: object }).metadata)).toEqual(['thread_id']);
    expect(await server.database.database.query(sql`select from muster.trace_runs where run_id in (${root}, ${call})`)).toMatchObject({
      count: 2,
    });
  });
});

describe('a request that is not what it says', () => {
  it('unpacks to no more than may be in memory, by zstd', async () => {
    const block = Buffer.from([2 | ((131_072 << 3) & 0xff), (131_072 >> 5) & 0xff, (131_072 >> 13) & 0xff, 0]);
    const bomb = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38]), ...Array.from({ length: 4_000 }, () => block)]);
    const answer = await post('/runs/batch', bomb, { 'content-encoding': 'zstd' });
    expect([answer.status, await answer.json()]).toMatchObject([413, { code: 'TOO_LARGE' }]);
    await isWell();
  });

  /** Writes this and ends the connection, or waits until the other side does; what came back. */
  const raw = (text: string, ends: boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(base).port), '127.0.0.1', () => (ends ? socket.end(text) : socket.write(text)));
      let answer = '';
      socket.on('data', (part) => {
        answer += part.toString();
        if (!ends && answer.includes('\r\n\r\n')) socket.end();
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
  const head = (length: string): string =>
    `POST /langsmith/runs HTTP/1.1\r\nhost: ${new URL(base).host}\r\nx-api-key: ${BOOTSTRAP}\r\ncontent-type: application/json\r\n${length}\r\n\r\n`;

  it('keeps nothing where the body ends before its length, or in the midst of a chunk', async () => {
    const [short, chunk] = [randomUUID(), randomUUID()];
    const body = JSON.stringify(begun(short));
    expect(await raw(head(`content-length: ${body.length + 100}`) + body, true)).not.toContain(' 202 ');
    const piece = JSON.stringify(begun(chunk));
    expect(await raw(`${head('transfer-encoding: chunked')}${(piece.length + 50).toString(16)}\r\n${piece}`, true)).not.toContain(' 202 ');
    await isWell();
    expect([await kept(short), await kept(chunk)]).toEqual([undefined, undefined]);
  });

  it('keeps nothing where the body is longer than its length', async () => {
    const id = randomUUID();
    const body = JSON.stringify(begun(id));
    expect(await raw(head(`content-length: ${body.length - 10}`) + body, false)).toMatch(/^HTTP\/1\.1 400 /);
    await isWell();
    expect(await kept(id)).toBeUndefined();
  });
});

describe('a key', () => {
  it('that nobody has, or none at all, keeps nothing', async () => {
    const [none, wrong] = [randomUUID(), randomUUID()];
    expect((await post('/runs', begun(none), {}, null)).status).toBe(401);
    expect((await post('/runs/batch', { post: [begun(wrong)] }, {}, 'mst_000000000000_nobody')).status).toBe(401);
    expect([await kept(none), await kept(wrong), await quarantined(none)]).toEqual([undefined, undefined, []]);
  });

  it('of one project keeps what is for it, and puts what is for another, named or found by its run, in quarantine', async () => {
    const { key } = (await server.ask('POST', '/keys', { body: { name: 'of mine', role: 'operator', projects: ['mine'] } })).json<{
      key: string;
    }>();
    const [mine, theirs, nameless, there] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    expect((await post('/runs', begun(there, { session_name: 'theirs' }))).status).toBe(202);
    const answer = await post(
      '/runs/batch',
      {
        post: [
          begun(mine, { session_name: 'mine' }),
          begun(theirs, { session_name: 'theirs' }),
          begun(nameless, { session_name: undefined }),
        ],
        patch: [{ id: there, outputs: { stolen: true } }],
      },
      {},
      key,
    );
    expect([answer.status, await answer.json()]).toMatchObject([202, { refused: 3 }]);
    expect([await kept(mine), await kept(theirs), await kept(nameless)]).toMatchObject([{ name: 'ask' }, undefined, undefined]);
    expect((await kept(there))?.['outputs']).toBeNull();
    for (const id of [theirs, nameless, there]) expect(await quarantined(id)).toMatchObject([{ reason: 'wrong_project' }]);
    const client = new Client({ apiUrl: `${base}/langsmith`, apiKey: key, callerOptions: { maxRetries: 0 } });
    await expect(client.readRun(there)).rejects.toThrow(/no run/);
  });

  it('of one project ends no run of another that is begun only later', async () => {
    const { key } = (await server.ask('POST', '/keys', { body: { name: 'of ours', role: 'operator', projects: ['ours'] } })).json<{
      key: string;
    }>();
    const [ours, theirs] = [randomUUID(), randomUUID()];
    const ends = [ours, theirs].map((id) => ({ id, outputs: { said: id }, end_time: new Date().toISOString() }));
    expect((await post('/runs/batch', { patch: ends }, {}, key)).status).toBe(202);
    expect((await post('/runs', begun(theirs, { session_name: 'theirs' }))).status).toBe(202);
    expect((await post('/runs', begun(ours, { session_name: 'ours' }))).status).toBe(202);
    await until('ours has its end', async () => (await kept(ours))?.['outputs'] === JSON.stringify({ said: ours }));
    await until('theirs is turned away', async () => (await quarantined(theirs)).length === 1);
    expect(await quarantined(theirs)).toMatchObject([{ reason: 'wrong_project' }]);
    expect((await kept(theirs))?.['outputs']).toBeNull();
  });
});

describe('a run', () => {
  it('is kept with odd names of fields, tags and projects, and its neighbours with it', async () => {
    const [odd, plain] = [randomUUID(), randomUUID()];
    const text = `{"__proto__":{"admin":true},"constructor":1,"":"empty","a\\u0000b":"\\ud83d",${JSON.stringify(
      begun(odd, { session_name: 'o\u0000dd \ud83d', name: 'n\u0000 \udce6', tags: ['\u0000', '\ud83d'] }),
    ).slice(1)}`;
    expect((await post('/runs/batch', `{"post":[${text},${JSON.stringify(begun(plain))}]}`)).status).toBe(202);
    expect(await kept(plain)).toBeDefined();
    const stored = await kept(odd);
    expect(stored).toMatchObject({ name: expect.stringMatching(/^n/) });
    expect(stored?.['rest']).toBe('{"__proto__":{"admin":true},"constructor":1,"":"empty","a\\u0000b":"\\ud83d"}');
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });

  it('that is its own ancestor is read like any other', async () => {
    const [a, b, own] = [randomUUID(), randomUUID(), randomUUID()];
    const runs = [
      begun(a, { parent_run_id: b, trace_id: a }),
      begun(b, { parent_run_id: a, trace_id: a }),
      begun(own, { parent_run_id: own }),
    ];
    expect((await post('/runs/batch', { post: runs.map((run) => ({ ...run, session_name: 'circle' })) })).status).toBe(202);
    const client = new Client({ apiUrl: `${base}/langsmith`, apiKey: BOOTSTRAP, callerOptions: { maxRetries: 0 } });
    expect((await client.readRun(a)).parent_run_id).toBe(b);
    expect((await client.readRun(own)).parent_run_id).toBe(own);
    const listed = [];
    for await (const { id } of client.listRuns({ projectName: 'circle' })) listed.push(id);
    expect(listed.toSorted()).toEqual([a, b, own].toSorted());
    const { id: projectId } = await client.readProject({ projectName: 'circle' });
    const { items } = await client.traces.listRuns(a, { project_id: projectId });
    expect(items?.map(({ id }) => id).toSorted()).toEqual([a, b].toSorted());
    expect((await server.ask('GET', `/traces/runs/${a}`)).statusCode).toBe(200);
  });
});
