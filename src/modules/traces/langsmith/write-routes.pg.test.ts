import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, BOOTSTRAP, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { until } from '../../../../test/support/until.ts';
import { sql } from '../../../db/sql.ts';
import { inflate } from '../blobs/inflate.ts';
import { tracesModule } from '../index.ts';
import { expireLate } from '../intake/late.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
});
afterAll(() => server[Symbol.asyncDispose]());

const BOUNDARY = '----LangSmithFormBoundary7';
type Parts = readonly (readonly [name: string, body: unknown, type?: string])[];
const form = (parts: Parts): Buffer =>
  Buffer.concat([
    ...parts.flatMap(([name, body, type = 'application/json']) => {
      const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
      const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: ${type}; length=${bytes.length}\r\n\r\n`;
      return [Buffer.from(head), bytes, Buffer.from('\r\n')];
    }),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ]);
const send = (method: 'POST' | 'PATCH', path: string, body: object | Buffer, headers: Record<string, string> = {}) =>
  server.app.inject({
    method,
    url: `/langsmith${path}`,
    headers: { ...bearer(BOOTSTRAP), 'content-type': 'application/json', ...headers },
    payload: body,
  });
const multipart = (parts: Parts, headers: Record<string, string> = {}, pack: (body: Buffer) => Buffer = (body) => body) =>
  send('POST', '/runs/multipart', pack(form(parts)), { 'content-type': `multipart/form-data; boundary=${BOUNDARY}`, ...headers });

interface Row extends Record<string, unknown> {
  readonly inputs: string | null;
  readonly outputs: string | null;
}
const rows = async (runId: string): Promise<readonly Row[]> =>
  (
    await server.database.database.query<Row>(sql`select r.*, p.name as project, day::text as date, (completed_in is not null) as completed
      from muster.trace_runs r join muster.trace_projects p using (project_no) where run_id = ${runId}`)
  ).rows;
const row = async (runId: string): Promise<Row> => {
  const found = await rows(runId);
  expect(found).toHaveLength(1);
  return found[0] as Row;
};
const quarantine = async (runId: string) =>
  (
    await server.database.database.query<{ reason: string; message: string }>(
      sql`select reason, message from muster.trace_quarantine where run_id = ${runId}`,
    )
  ).rows;

/** The beginning of a run, as JavaScript's SDK writes it. */
const begun = (id: string, more: object = {}) => {
  const start = new Date();
  const stamp = start.toISOString().replaceAll(/[-:.]/g, '').slice(0, -1);
  return {
    id,
    name: 'ask',
    run_type: 'llm',
    start_time: start.toISOString().replace('Z', '001Z'),
    trace_id: id,
    dotted_order: `${stamp}001Z${id}`,
    session_name: 'shop',
    child_runs: [],
    replicas: [],
    ...more,
  };
};

it('answers what SDKs ask first, without a key, under each of its spellings', async () => {
  for (const url of ['/langsmith/info', '/langsmith/api/v1/info', '/langsmith/api/info']) {
    const answer = await server.app.inject({ method: 'GET', url });
    expect([url, answer.statusCode, answer.json().batch_ingest_config.use_multipart_endpoint]).toEqual([url, 200, true]);
  }
});

describe('the multipart door', () => {
  it('keeps a run whose parts come in any order, post and patch in one request, as it came', async () => {
    const id = randomUUID();
    const answer = await multipart([
      [`post.${id}.inputs`, Buffer.from('{"q": "what\\u0000 is \\ud83d?",   "n": 12345678901234567890}')],
      [`post.${id}`, begun(id)],
      [`attachment.${id}.photo`, Buffer.from([0, 255, 13, 10, 45, 45]), 'image/png'],
      [`patch.${id}`, { end_time: Date.now(), dotted_order: begun(id).dotted_order, session_name: 'shop', tags: ['a"b\\', 'c'] }],
      [`patch.${id}.outputs`, { a: 'this' }],
      [`patch.${id}.extra`, { metadata: { thread_id: 't1' } }],
    ]);
    expect([answer.statusCode, answer.json()]).toEqual([202, { message: 'Runs ingested', refused: 0 }]);
    expect(await row(id)).toMatchObject({
      project: 'shop',
      name: 'ask',
      run_type: 1,
      status: 1,
      completed: true,
      inputs: '{"q": "what\\u0000 is \\ud83d?",   "n": 12345678901234567890}',
      outputs: '{"a":"this"}',
      thread_id: 't1',
      tags: ['a"b\\', 'c'],
      path: null,
    });
    const { rows: attachments } = await server.database.database.query(
      sql`select name, mime_type, size, body from muster.trace_attachments where run_id = ${id}`,
    );
    expect(attachments).toEqual([{ name: 'photo', mime_type: 'image/png', size: 6, body: Buffer.from([0, 255, 13, 10, 45, 45]) }]);
  });

  it('reads gzip', async () => {
    const id = randomUUID();
    const answer = await multipart([[`post.${id}`, begun(id, { inputs: { q: 1 } })]], { 'content-encoding': 'gzip' }, gzipSync);
    expect(answer.statusCode).toBe(202);
    expect((await row(id)).inputs).toBe('{"q":1}');
  });

  it('puts what is bad in quarantine and keeps its neighbours', async () => {
    const [good, bad, half] = [randomUUID(), randomUUID(), randomUUID()];
    const answer = await multipart([
      [`post.${bad}`, Buffer.from('{"id": ')],
      [`post.${good}`, begun(good)],
      [`post.${half}`, begun(half)],
      [`post.${half}.inputs`, Buffer.from('{nonsense')],
      ['post.not-a-uuid', { name: 'x' }],
      ['something.else', {}],
    ]);
    expect([answer.statusCode, answer.json().refused]).toEqual([202, 4]);
    expect(await row(good)).toMatchObject({ status: 0 });
    expect(await row(half)).toMatchObject({ inputs: null });
    expect(await quarantine(bad)).toMatchObject([{ reason: 'bad_json' }]);
    expect(await quarantine(half)).toMatchObject([{ reason: 'bad_json' }]);
    expect(await quarantine('not-a-uuid')).toMatchObject([{ reason: 'bad_run' }]);
  });

  it('mends what the Python SDK writes for lone surrogates and NaN, and never lets a run that failed look well', async () => {
    const [cut, torn] = [randomUUID(), randomUUID()];
    const answer = await multipart([
      [`post.${cut}`, begun(cut)],
      [`patch.${cut}`, { end_time: Date.now(), dotted_order: begun(cut).dotted_order }],
      [`patch.${cut}.error`, Buffer.from(String.raw`"ValueError('\ x')"`)],
      [`patch.${cut}.outputs`, Buffer.from('{"score": NaN, "n": 12345678901234567890}')],
      [`post.${torn}`, begun(torn)],
      [`post.${torn}.error`, Buffer.from('"half')],
    ]);
    expect([answer.statusCode, answer.json().refused]).toEqual([202, 0]);
    expect(await row(cut)).toMatchObject({
      status: 2,
      error: String.raw`"ValueError('\\ x')"`,
      outputs: '{"score": null, "n": 12345678901234567890}',
    });
    expect(await row(torn)).toMatchObject({ status: 2, error: String.raw`"\"half"` });
  });

  it('keeps its runs whatever the feedback beside them holds', async () => {
    const id = randomUUID();
    const said = (more: object) => ({ run_id: id, trace_id: id, score: 1, key: 'helpful', ...more });
    const deep = `${JSON.stringify(said({ key: 'deep' })).slice(0, -1)},"value":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const answer = await multipart([
      [`post.${id}`, begun(id)],
      [`feedback.${randomUUID()}`, said({ comment: 'half \ud83d', key: 'k\ud83d\u0000' })],
      [`feedback.${randomUUID()}`, Buffer.from(deep)],
      [`feedback.${randomUUID()}`, Buffer.from(`{"run_id":"${id}","key":"nan","score":NaN,"comment":"said"}`)],
    ]);
    expect([answer.statusCode, answer.json().refused]).toEqual([202, 1]);
    expect((await row(id))['name']).toBe('ask');
    const { rows: kept } = await server.database.database.query(
      sql`select key, score, comment from muster.trace_feedback where run_id = ${id} order by key`,
    );
    expect(kept).toEqual([
      { key: 'k\ufffd', score: 1, comment: 'half \ufffd' },
      { key: 'nan', score: null, comment: 'said' },
    ]);
    expect(await quarantine(id)).toMatchObject([{ reason: 'bad_feedback', message: 'feedback is nested deeper than 1000 levels' }]);
  });

  it('refuses a body that is cut off, so that it is sent again whole', async () => {
    const id = randomUUID();
    const whole = form([[`post.${id}`, begun(id)]]);
    for (const cut of [0, 10, 60, whole.length - 5]) {
      const answer = await multipart([], {}, () => whole.subarray(0, cut));
      expect([cut, answer.statusCode]).toEqual([cut, 400]);
    }
    expect(await rows(id)).toEqual([]);
  });
});

describe('the batch door', () => {
  it('takes whole runs, keeps unknown fields, and judges each by itself', async () => {
    const id = randomUUID();
    const answer = await send('POST', '/runs/batch', {
      post: [begun(id, { inputs: { q: [1, { two: 2 }] }, manifest_id: 'm', start_time: 'yesterday' }), 'nonsense'],
      patch: [{ id, dotted_order: begun(id).dotted_order, session_name: 'shop', end_time: null, inputs: null, error: 'boom' }],
    });
    expect([answer.statusCode, answer.json().refused]).toEqual([202, 1]);
    expect(await row(id)).toMatchObject({
      inputs: '{"q":[1,{"two":2}]}',
      rest: '{"start_time":"yesterday","manifest_id":"m"}',
      error: '"boom"',
      status: 2,
      completed: false,
    });
  });
});

describe('a batch that is none', () => {
  it('is never acknowledged as if it had been kept', async () => {
    for (const body of ['[]', '"runs"', 'null', '7']) {
      const answer = await send('POST', '/runs/batch', Buffer.from(body));
      expect([body, answer.statusCode, answer.json().code]).toEqual([body, 422, 'INVALID_INPUT']);
    }
    const cut = await send('POST', '/runs/batch', Buffer.from('{"post":[{"ä":'));
    expect([cut.statusCode, cut.json().detail]).toEqual([400, 'the body is not valid JSON: it breaks at byte 15']);
    const deep = await send('POST', '/runs/batch', Buffer.from('['.repeat(200_000)));
    expect([deep.statusCode, deep.json().detail]).toEqual([400, 'the body is not valid JSON']);
  });

  it('leaves runs that are no list in quarantine, and keeps the others', async () => {
    const [id, lone] = [randomUUID(), randomUUID()];
    const answer = await send('POST', '/runs/batch', { post: begun(lone), patch: [{ ...begun(id), outputs: {} }] });
    expect([answer.statusCode, answer.json().refused]).toEqual([202, 1]);
    const { rows: refused } = await server.database.database.query(
      sql`select reason, message from muster.trace_quarantine where convert_from(body, 'UTF8') like ${`%${lone}%`}`,
    );
    expect(refused).toEqual([{ reason: 'bad_run', message: 'post is a list of runs' }]);
  });
});

describe('single runs', () => {
  it('come by POST and PATCH, with times in milliseconds, the patch before the post', async () => {
    const id = randomUUID();
    const start = Date.now() - 1_000;
    const patched = await send('PATCH', `/api/v1/runs/${id}`, {
      start_time: start,
      end_time: start + 500,
      session_name: 'shop',
      outputs: { a: 1 },
      extra: { metadata: { late: true } },
    });
    expect(patched.statusCode).toBe(202);
    expect(await row(id)).toMatchObject({ status: 1, completed: true });
    const posted = await send('POST', '/runs', {
      id,
      name: 'late',
      run_type: 'tool',
      start_time: start,
      session_name: 'shop',
      extra: {},
      inputs: {},
    });
    expect(posted.statusCode).toBe(202);
    expect(await row(id)).toMatchObject({
      name: 'late',
      run_type: 2,
      inputs: '{}',
      outputs: '{"a":1}',
      extra: '{"metadata":{"late":true}}',
      start_time: new Date(start),
      end_time: new Date(start + 500),
    });
  });

  it('that say no project before they were begun lie where they are begun, on that day, and once', async () => {
    const id = randomUUID();
    const start = new Date(Date.now() - 3 * 86_400_000);
    const dotted_order = `${start.toISOString().replaceAll(/[-:.]/g, '').slice(0, -1)}000Z${id}`;
    const ended = { id, trace_id: id, dotted_order, end_time: new Date(start.getTime() + 500).toISOString(), outputs: { a: 1 } };
    expect((await send('POST', '/runs/batch', { post: [], patch: [ended] })).statusCode).toBe(202);
    expect(await rows(id)).toEqual([]);
    const first = { id, trace_id: id, dotted_order, name: 'late', run_type: 'tool', start_time: start.toISOString(), inputs: {} };
    expect((await send('POST', '/runs/batch', { post: [{ ...first, session_name: 'shop' }], patch: [] })).statusCode).toBe(202);
    await until('what came before it is written', async () => (await row(id)).outputs !== null);
    expect(await row(id)).toMatchObject({
      project: 'shop',
      name: 'late',
      status: 1,
      outputs: '{"a":1}',
      date: start.toISOString().slice(0, 10),
    });
  });

  it('that are sent twice are there once', async () => {
    const id = randomUUID();
    for (let time = 0; time < 3; time += 1) await send('POST', '/runs', begun(id, { inputs: { q: 1 } }));
    expect((await row(id)).inputs).toBe('{"q":1}');
  });

  it('whose clock is a year off lie on the day they came, and their patch finds them', async () => {
    const id = randomUUID();
    const start = Date.now() + 400 * 86_400_000;
    await send('POST', '/runs', { id, name: 'ahead', run_type: 'chain', start_time: start });
    await send('PATCH', `/runs/${id}`, { end_time: start + 5, start_time: start });
    expect(await row(id)).toMatchObject({
      date: new Date().toISOString().slice(0, 10),
      start_time: new Date(start),
      status: 1,
      project: 'default',
    });
  });
});

it('stores a part that repeats once, and gives it back', async () => {
  const system = `You are the clerk of a shop. "Quote" \\ ${'and so on '.repeat(40)}`;
  const ids = Array.from({ length: 5 }, () => randomUUID());
  for (const id of ids)
    await send(
      'POST',
      '/runs',
      begun(id, {
        inputs: {
          messages: [
            { role: 'system', content: system },
            { role: 'user', content: id },
          ],
        },
      }),
    );
  const stored = await Promise.all(ids.map(row));
  expect(stored.map(({ inputs }) => (inputs ?? '').includes('and so on'))).toEqual([true, false, false, false, false]);
  const whole = await inflate(
    server.database.database,
    stored.map((one) => ({ keepDays: one['keep_days'] as number, day: one['date'] as string, texts: [one.inputs, null] })),
  );
  expect(whole.map(([text]) => JSON.parse(text ?? '').messages[0].content)).toEqual(ids.map(() => system));
  const { rows: blobs } = await server.database.database.query(sql`select body from muster.trace_blobs`);
  expect(blobs).toEqual([{ body: JSON.stringify(system) }]);
});

it('tells the feed of each run, and once of its end', async () => {
  const id = randomUUID();
  await send('POST', '/runs', begun(id));
  await send('PATCH', `/runs/${id}`, { end_time: Date.now() });
  await send('PATCH', `/runs/${id}`, { end_time: Date.now() });
  const { rows: told } = await server.database.database.query<{ ended: boolean }>(
    sql`select ${id}::uuid = any(completed) as ended from muster.trace_feed where ${id}::uuid = any(runs) order by xid, no`,
  );
  expect(told.map(({ ended }) => ended)).toEqual([false, true, false]);
});

describe('what comes before its run', () => {
  it('waits, and is there once the run is', async () => {
    const id = randomUUID();
    const waiting = async () =>
      (await server.database.database.query<{ operation: unknown }>(sql`select operation from muster.trace_orphans where run_id = ${id}`))
        .rows;
    const answer = await multipart([
      [`patch.${id}`, { end_time: Date.now(), name: 'a\u0000b' }],
      [`patch.${id}.outputs`, Buffer.from('{"a":"\\u0000\\ud83d"}')],
      [`attachment.${id}.file`, Buffer.from([1, 2, 3]), 'application/pdf'],
    ]);
    expect(answer.statusCode).toBe(202);
    expect(await rows(id)).toEqual([]);
    expect(await waiting()).toMatchObject([{ operation: { outputs: '{"a":"\\u0000\\ud83d"}', name: 'ab' } }]);
    await send('POST', '/runs', begun(id, { inputs: { q: 1 } }));
    expect(await row(id)).toMatchObject({ inputs: '{"q":1}', outputs: '{"a":"\\u0000\\ud83d"}', status: 1, name: 'ab' });
    expect(await waiting()).toEqual([]);
    const { rows: attachments } = await server.database.database.query(sql`select body from muster.trace_attachments where run_id = ${id}`);
    expect(attachments).toEqual([{ body: Buffer.from([1, 2, 3]) }]);
  });

  it('goes to quarantine where nobody begins the run within a day', async () => {
    const id = randomUUID();
    await send('PATCH', `/runs/${id}`, { outputs: { a: 1 } });
    await server.database.database.query(
      sql`update muster.trace_orphans set received_at = received_at - interval '25 hours' where run_id = ${id}`,
    );
    await expireLate(server.database.database);
    expect(await quarantine(id)).toMatchObject([{ reason: 'no_run' }]);
  });
});

describe('feedback', () => {
  const stored = async (id: string) =>
    (
      await server.database.database.query(
        sql`select f.*, p.name as project from muster.trace_feedback f left join muster.trace_projects p using (project_no) where feedback_id = ${id}`,
      )
    ).rows;

  it('comes alone or with its run, is changed and removed', async () => {
    const [run, alone, together] = [randomUUID(), randomUUID(), randomUUID()];
    await multipart([
      [`post.${run}`, begun(run)],
      [`feedback.${together}`, { id: together, run_id: run, trace_id: run, key: 'good', score: true, feedback_source: { type: 'model' } }],
    ]);
    expect(await stored(together)).toMatchObject([{ run_id: run, project: 'shop', key: 'good', score: 1, source: 'model' }]);
    const created = await send('POST', '/feedback', {
      id: alone,
      run_id: run,
      key: 'stars',
      score: 0.5,
      value: { of: 5 },
      feedback_group_id: null,
    });
    expect([created.statusCode, created.json().id]).toEqual([200, alone]);
    expect((await send('PATCH', `/api/v1/feedback/${alone}`, { score: 0.75, comment: 'better' })).statusCode).toBe(200);
    expect(await stored(alone)).toMatchObject([
      { key: 'stars', score: 0.75, value: '{"of":5}', comment: 'better', trace_id: run, source: 'api' },
    ]);
    const removed = await server.app.inject({ method: 'DELETE', url: `/langsmith/feedback/${alone}`, headers: bearer(BOOTSTRAP) });
    expect([removed.statusCode, await stored(alone)]).toEqual([204, []]);
    expect((await send('POST', '/feedback', { run_id: run, key: 'stars', score: 'many' })).statusCode).toBe(422);
  });

  it('comes from users without a key, by an address of one run', async () => {
    const run = randomUUID();
    await send('POST', '/runs', begun(run));
    const { url, id } = (await send('POST', '/feedback/tokens', { run_id: run, feedback_key: 'helpful', expires_in: { hours: 1 } })).json();
    const path = new URL(url).pathname;
    // Python's SDK takes nothing else for a token.
    expect(path).toMatch(/\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(
      (await server.app.inject({ method: 'GET', url: `/langsmith/feedback/tokens?run_id=${run}`, headers: bearer(BOOTSTRAP) })).json(),
    ).toMatchObject([{ id, url: '' }]);
    expect((await server.app.inject({ method: 'GET', url: `${path}?score=1&comment=thanks` })).statusCode).toBe(200);
    expect((await server.app.inject({ method: 'POST', url: path, payload: { score: 0 } })).statusCode).toBe(200);
    expect(await stored(id)).toMatchObject([{ run_id: run, key: 'helpful', score: 0, comment: 'thanks', source: 'app' }]);
    expect((await server.app.inject({ method: 'GET', url: `${path.slice(0, -2)}xx?score=1` })).statusCode).toBe(404);
  });
});

describe('what is too large', () => {
  it('is refused where it unpacks to more than may be, and kept where one run is 25 MB', async () => {
    const bomb = await send('POST', '/runs/batch', gzipSync(Buffer.alloc(80 * 1_048_576)), { 'content-encoding': 'gzip' });
    expect([bomb.statusCode, bomb.json().code]).toEqual([413, 'TOO_LARGE']);
    const id = randomUUID();
    const text = 'x'.repeat(25_000_000);
    expect(
      (
        await multipart([
          [`post.${id}`, begun(id)],
          [`post.${id}.inputs`, { text }],
        ])
      ).statusCode,
    ).toBe(202);
    expect((await row(id)).inputs).toHaveLength(text.length + '{"text":""}'.length);
  });

  it('in depth, is kept all the same', async () => {
    const id = randomUUID();
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const answer = await multipart([
      [`post.${id}`, begun(id)],
      [`post.${id}.inputs`, Buffer.from(deep)],
      [`post.${id}.outputs`, Buffer.from('{"__proto__":{"polluted":1}}')],
    ]);
    expect(answer.statusCode).toBe(202);
    expect(await row(id)).toMatchObject({ inputs: deep, outputs: '{"__proto__":{"polluted":1}}' });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

it('keeps runs that are their own parents, or each other’s', async () => {
  const [a, b] = [randomUUID(), randomUUID()];
  const answer = await send('POST', '/runs/batch', {
    post: [
      { id: a, name: 'a', run_type: 'chain', start_time: Date.now(), parent_run_id: b },
      { id: b, name: 'b', run_type: 'chain', start_time: Date.now(), parent_run_id: a },
    ],
  });
  expect([answer.statusCode, (await row(a))['parent_run_id'], (await row(b))['parent_run_id']]).toEqual([202, b, a]);
});

it('refuses what the database refuses a run at a time', async () => {
  const [good, bad] = [randomUUID(), randomUUID()];
  await server.database.database.query(sql`alter table muster.trace_runs add constraint not_cursed check (name <> 'cursed')`);
  const answer = await send('POST', '/runs/batch', { post: [begun(good), begun(bad, { name: 'cursed' })] });
  await server.database.database.query(sql`alter table muster.trace_runs drop constraint not_cursed`);
  expect([answer.statusCode, answer.json().refused]).toEqual([202, 1]);
  expect(await row(good)).toMatchObject({ name: 'ask' });
  expect(await rows(bad)).toEqual([]);
  expect(await quarantine(bad)).toMatchObject([{ reason: 'refused_by_database' }]);
});
