import { randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, BOOTSTRAP, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { sql } from '../../../db/sql.ts';
import { tracesModule } from '../index.ts';
import { deleteUnusedBlobs } from '../retention/unused-blobs.ts';
import { SETTINGS_TOPIC } from '../settings/index.ts';
import { asksFor, whereItStands } from './erase.ts';
import { ErasureLedger } from './ledger.ts';
import { writings } from './needles.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  // What is looked for is not to be hidden by redaction, but for the one test that says so.
  await server.ask('PUT', '/traces/settings', { body: { redaction: { phone: false } } });
});
afterAll(() => server[Symbol.asyncDispose]());

const send = async (body: object) => {
  const answer = await server.app.inject({
    method: 'POST',
    url: '/langsmith/runs/batch',
    headers: { ...bearer(BOOTSTRAP), 'content-type': 'application/json' },
    payload: body,
  });
  expect([answer.statusCode, answer.body]).toEqual([expect.toSatisfy((status: number) => status < 300), expect.anything()]);
  return answer;
};
const stamp = (at: Date): string => at.toISOString().replaceAll(/[-:.]/g, '').slice(0, -1);
let count = 0;
const run = (more: Record<string, unknown> = {}, parent?: { readonly id: string; readonly dotted_order: string }) => {
  const id = randomUUID();
  const at = new Date(Date.now() + count++);
  const own = `${stamp(at)}001Z${id}`;
  return {
    id,
    trace_id: parent?.id ?? id,
    dotted_order: parent === undefined ? own : `${parent.dotted_order}.${own}`,
    ...(parent === undefined ? {} : { parent_run_id: parent.id }),
    name: 'ask',
    run_type: 'chain',
    start_time: at.toISOString(),
    session_name: 'shop',
    ...more,
  };
};
const database = () => server.database.database;
const remark = (runId: string, key: string, comment: string) =>
  database().query(sql`insert into muster.trace_feedback (feedback_id, run_id, trace_id, key, comment)
    values (gen_random_uuid(), ${runId}, ${runId}, ${key}, ${comment})`);
const runs = async (): Promise<readonly string[]> =>
  (await database().query<{ run_id: string }>(sql`select run_id from muster.trace_runs order by 1`)).rows.map(({ run_id }) => run_id);
const ids = (found: readonly Record<string, unknown>[]): readonly string[] => found.map(({ run_id }) => String(run_id)).toSorted();
const lines = (body: string): Record<string, unknown>[] =>
  body
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const erase = async (id: string, body: object) =>
  (await server.ask('POST', `/traces/subjects/${encodeURIComponent(id)}/erasure`, { body })).json();

const CANARY = 'Zażółć "Gęślą" 77-canary';
const long = (text: string): string => `${text} ${'and so on, at length, '.repeat(20)}`;

describe('what there is of somebody', () => {
  const other = run({ inputs: { text: long('something else') }, extra: { metadata: { user_id: 'u-10' } } });
  const root = run({ inputs: { text: 'hello' }, extra: { metadata: { user_id: 'u-1', thread_id: 't-1' } } });
  const child = run({ run_type: 'llm', inputs: { text: long('a child without its user') }, session_name: 'shop' }, root);
  // The second time a text comes it is kept apart from its runs, the third time it is only referred to.
  const [first, second, third] = [0, 1, 2].map((index) => run({ inputs: { [`q${index}`]: long(CANARY) } }));

  it('is found with the whole of its traces, and comes as it was sent', async () => {
    await send({ post: [other, root, child, first], patch: [] });
    await send({ post: [second], patch: [] });
    await send({ post: [third], patch: [] });
    await remark(root.id, 'stars', 'from u-1');
    const answer = await server.ask('GET', '/traces/subjects/u-1/export');
    expect(answer.headers['content-type']).toBe('application/x-ndjson');
    const found = lines(answer.body);
    expect(ids(found.filter(({ type }) => type === 'run'))).toEqual([root.id, child.id].toSorted());
    expect(found.find(({ type }) => type === 'feedback')).toMatchObject({ run_id: root.id, key: 'stars' });
    expect(found.find(({ run_id, type }) => type === 'run' && run_id === child.id)?.inputs).toEqual(child['inputs' as never]);
    const canary = lines((await server.ask('GET', `/traces/subjects/${encodeURIComponent(CANARY)}/export?kind=text`)).body);
    expect(ids(canary)).toEqual([first, second, third].map((one) => String(one?.id)).toSorted());
    expect(lines((await server.ask('GET', '/traces/subjects/t-1/export?kind=thread')).body)).toHaveLength(3);
  });

  it('goes as a dry run said it would, and nothing else does', async () => {
    for (const [name, query] of [
      ['hers', 'project=shop&user=u-1'],
      ['of another', 'user=u-10'],
    ])
      await server.ask('POST', '/traces/saved-filters', { body: { name, query, is_shared: true } });
    const before = await runs();
    const rehearsed = await erase('u-1', { dry_run: true });
    const counted = { trace_runs: 2, trace_feedback: 1, trace_saved_filters: 1 };
    expect(rehearsed).toMatchObject({ dry_run: true, traces: 1, removed: counted, erasure: null });
    expect(await runs()).toEqual(before);
    const erased = await erase('u-1', {});
    expect(erased.removed).toMatchObject(rehearsed.removed);
    expect(await runs()).toEqual(before.filter((id) => id !== root.id && id !== child.id));
    expect(erased.erasure.finished_at).not.toBeNull();
    const { items } = (await server.ask('GET', '/traces/saved-filters')).json();
    expect(items.map(({ name }: { readonly name: string }) => name)).toEqual(['of another']);
    expect(JSON.stringify(erased.erasure)).not.toContain('u-1');
    expect(await erase('u-1', {})).toMatchObject({ traces: 0, removed: {} });
  });

  it('stands in no table any more, however it was written and wherever it had come to', async () => {
    await send({ post: [run({ name: `about ${CANARY}`, error: CANARY, tags: [CANARY], unknown_field: CANARY })], patch: [] });
    // Nobody began this one: it waits. And this one cannot be a run.
    await send({ post: [], patch: [{ id: randomUUID(), outputs: { text: CANARY } }] });
    await send({ post: [{ id: 'none', name: CANARY }], patch: [] });
    await remark(other.id, 'note', `he is ${CANARY}`);
    const before = await whereItStands(database(), [CANARY]);
    expect(Object.keys(before)).toEqual(
      expect.arrayContaining(['trace_blobs', 'trace_orphans', 'trace_quarantine', 'trace_feedback', 'trace_runs']),
    );
    const answer = await erase(CANARY, { kind: 'text', verify: true });
    expect(answer.still_in).toEqual({});
    expect(await whereItStands(database(), [CANARY])).toEqual({});
    // Its own trace went with the remark about it.
    expect(await runs()).not.toContain(other.id);
  });

  it('does not come back with a text that was kept apart once', async () => {
    const again = run({ inputs: { q: long(CANARY) } });
    await send({ post: [again], patch: [] });
    const [found] = lines((await server.ask('GET', `/traces/subjects/${encodeURIComponent(CANARY)}/export?kind=text`)).body);
    expect(found?.['inputs']).toEqual({ q: long(CANARY) });
    await erase(CANARY, { kind: 'text' });
  });

  it('is whole in runs that come after it was deleted, also where a server had learnt it again meanwhile', async () => {
    const text = long('what each of its calls begins with');
    const say = async () => {
      const one = run({ inputs: { q: text }, session_name: 'repeating' });
      await send({ post: [one], patch: [] });
      return one;
    };
    await say();
    await say();
    await new ErasureLedger(database()).begin('text', 'somebody', 'test');
    server.wake.hint(SETTINGS_TOPIC);
    await say();
    const { rows } = await database().query<{
      keepDays: number;
      day: string;
    }>(sql`delete from muster.trace_runs r using muster.trace_projects p
      where p.project_no = r.project_no and p.name = 'repeating' returning r.keep_days as "keepDays", r.day::text as day`);
    const [place] = rows;
    expect(place === undefined ? 0 : await deleteUnusedBlobs(database(), place)).toBeGreaterThan(0);
    server.wake.hint(SETTINGS_TOPIC);
    const after = await say();
    const told = (await server.ask('GET', `/traces/runs/${after.id}`)).json();
    expect(JSON.stringify(told)).toContain(text);
  });

  it('is found by its pseudonym where redaction hid it', async () => {
    const hidden = run({ inputs: { text: 'write to Jan@Example.org' }, extra: { metadata: { user_id: 'jan@example.org' } } });
    await send({ post: [hidden], patch: [] });
    expect(await whereItStands(database(), ['an@xample.org', 'jan@example.org'])).toEqual({});
    expect(lines((await server.ask('GET', '/traces/subjects/jan%40example.org/export')).body)).toHaveLength(1);
    expect(await erase('JAN@example.org', { kind: 'text' })).toMatchObject({ traces: 1, removed: { trace_runs: 1 } });
  });

  it('has its receipts in a ledger, by which it can be erased again', async () => {
    const { items } = (await server.ask('GET', '/traces/erasures')).json();
    expect(items[0]).toMatchObject({ kind: 'text', removed: { trace_runs: 1 } });
    expect(items[0].traces).toHaveLength(1);
    expect((await server.ask('POST', '/traces/subjects/abc/erasure', { body: { kind: 'text' } })).statusCode).toBe(422);
  });

  it.each([
    ['user=grace%40example.com&range=all', 'user', true],
    ['user=grace%40example.community', 'user', false],
    ['q=grace@example.com', 'user', true],
    [`filter=${encodeURIComponent('eq(user_id, "grace@example.com")')}`, 'user', true],
    [`filter=${encodeURIComponent('search("to grace@example.com of")')}`, 'user', false],
    [`filter=${encodeURIComponent('search("to grace@example.com of")')}`, 'text', true],
    ['project=shop&status=error', 'text', false],
  ] as const)('the filter %s, of a %s, asks for it: %s', (query, kind, expected) => {
    expect(asksFor(query, kind, ['grace@example.com'])).toBe(expected);
  });

  it('is looked for in all the ways it may be written', () => {
    expect(writings('é"')).toEqual(expect.arrayContaining(['é"', 'é\\"', '\\u00e9\\"', '\\u00E9\\"', 'é\\\\\\"', '\\\\u00e9\\\\\\"']));
  });
});

describe('an export', () => {
  const exported = async (query: string) => server.ask('GET', `/traces/export?${query}`);
  const many = Array.from({ length: 450 }, (_, index) =>
    run({ session_name: 'many', name: `run ${index}`, inputs: { n: index, sum: '=1+1' } }),
  );

  it('brings every run once, page by page, and goes on where it was broken off', async () => {
    for (let at = 0; at < many.length; at += 100) await send({ post: many.slice(at, at + 100), patch: [] });
    const all = lines((await exported('project=many')).body);
    expect(ids(all)).toEqual(many.map(({ id }) => id).toSorted());
    const rest = lines((await exported(`project=many&cursor=${String(all[199]?.['cursor'])}`)).body);
    expect(rest).toEqual(all.slice(200));
    expect((await exported('cursor=nonsense')).statusCode).toBe(422);
  });

  it('takes the filters of lists, and compresses where that is understood', async () => {
    const [one] = lines((await exported(`project=many&filter=${encodeURIComponent('eq(name, "run 7")')}`)).body);
    expect(one).toMatchObject({ name: 'run 7', inputs: { n: 7 }, project: 'many', status: 'pending' });
    const { body } = await exported(`project=many&filter=${encodeURIComponent('eq(name, "run 7")')}`);
    expect(body.match(/"inputs":/g)).toHaveLength(1);
    // A name that is misspelt is no project without runs.
    expect((await exported('project=many&project=nothing')).statusCode).toBe(404);
    const packed = await server.app.inject({
      url: '/api/v1/traces/export?project=many',
      headers: { ...bearer(BOOTSTRAP), 'accept-encoding': 'gzip' },
    });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(lines(gunzipSync(packed.rawPayload).toString('utf8'))).toHaveLength(450);
  });

  it('as CSV has no formula in it', async () => {
    await send({
      post: [run({ session_name: 'csv', name: '=HYPERLINK("http://x")', inputs: { a: 'b, "c"' }, tags: ['-1+1'] })],
      patch: [],
    });
    const [head, line] = (await exported('project=csv&format=csv')).body.split('\r\n');
    expect(head?.startsWith('run_id,trace_id,')).toBe(true);
    expect(line).toContain(`"'=HYPERLINK(""http://x"")"`);
    expect(line).toContain(`,'-1+1,`);
    expect(line).toContain('"{""a"":""b, \\""c\\""""}"');
  });

  it('of a key that is confined to projects brings those alone', async () => {
    const { key } = (await server.ask('POST', '/keys', { body: { name: 'csv', role: 'administrator', projects: ['csv'] } })).json();
    const answer = await server.ask('GET', '/traces/export', { headers: bearer(key) });
    expect(lines(answer.body).map(({ project }) => project)).toEqual(['csv']);
    expect((await server.ask('GET', '/traces/export?project=many', { headers: bearer(key) })).statusCode).toBe(404);
    expect((await server.ask('GET', '/traces/subjects/u-1/export', { headers: bearer(key) })).statusCode).toBe(403);
  });
});
