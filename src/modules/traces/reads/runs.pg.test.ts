import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { sql } from '../../../db/sql.ts';
import { tracesModule } from '../index.ts';
import { pathOf } from '../run/dotted-order.ts';
import { isoMicros } from './filter/timestamp.ts';
import { addPartitions, addProject, addRuns, type RunRow } from './testing.ts';

const DAYS = ['2026-11-18', '2026-11-19', '2026-11-20', '2026-11-21'];
const at = (day: string, second: number): number => (Date.parse(`${day}T12:00:00Z`) / 1_000 + second) * 1e6;
const idOf = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

let server: TestServer;
let chat: { projectId: string; projectNo: number };
let other: { projectId: string; projectNo: number };
const get = async (path: string) => (await server.ask('GET', `/traces/${path}`)).json();
const ids = (answer: { items: readonly { run_id: string }[] }): readonly string[] => answer.items.map(({ run_id }) => run_id);

/** Every page of a list. */
async function all(path: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { items: readonly { run_id: string }[]; next_cursor: string | null } = await get(
      `runs?${path}${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    found.push(...ids(page));
    cursor = page.next_cursor;
  }
  return found;
}

beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
  const db = server.database.database;
  await addPartitions(db, DAYS);
  [chat, other] = [await addProject(db, 'chat'), await addProject(db, 'other')];
  const rows: RunRow[] = [];
  // Forty runs over four days in two projects, three of them begun at the same instant.
  for (let n = 0; n < 40; n++) {
    const day = DAYS[n % 4] ?? '';
    rows.push({
      runId: idOf(n + 1),
      projectNo: n % 5 === 0 ? other.projectNo : chat.projectNo,
      startTime: at(day, n < 12 ? 1 : n),
      columns: {
        name: `step ${n}`,
        run_type: n % 3,
        status: n % 7 === 0 ? 2 : 1,
        error: n % 7 === 0 ? JSON.stringify(`failed ${n}`) : null,
        end_time: isoMicros(at(day, n < 12 ? 2 : n + 1)),
        model: n % 2 === 0 ? 'gpt-5' : null,
        tags: n % 4 === 0 ? ['beta', `t${n}`] : null,
        inputs: JSON.stringify({ messages: [{ role: 'user', content: `question ${n}` }] }),
        outputs: JSON.stringify({ content: `answer ${n}` }),
        total_cost: n % 2 === 0 ? '0.000012' : null,
        total_tokens: n === 7 || n === 25 ? null : 10,
      },
    });
  }
  await addRuns(db, rows);
});
afterAll(() => server[Symbol.asyncDispose]());

describe('the list of runs', () => {
  it('has the newest first, over days and projects, and pages through each once', async () => {
    const { rows } = await server.database.database.query<{ run_id: string }>(
      sql`select run_id from muster.trace_runs where run_id < ${idOf(1_000)} order by start_time desc, run_id desc`,
    );
    const wanted = rows.map(({ run_id }) => run_id);
    expect(wanted).toHaveLength(40);
    for (const limit of [1, 3, 7, 40, 1_000]) expect(await all(`limit=${limit}`), String(limit)).toEqual(wanted);
    expect(await all('limit=7&order=asc')).toEqual(wanted.toReversed());
  });

  it('holds to its filters, of the address and of the language, on every page', async () => {
    const { rows } = await server.database.database.query<{ run_id: string }>(sql`
      select run_id from muster.trace_runs where project_no = ${chat.projectNo} and run_type = 1 and model = 'gpt-5' order by start_time desc, run_id desc`);
    const wanted = rows.map(({ run_id }) => run_id);
    expect(wanted.length).toBeGreaterThan(3);
    expect(await all('project=chat&run_type=llm&model=gpt-5&limit=2')).toEqual(wanted);
    expect(
      await all(`project=${chat.projectId}&limit=2&filter=${encodeURIComponent('and(eq(run_type,"llm"),eq(model,"gpt-5"))')}`),
    ).toEqual(wanted);
    expect(await all('status=error&project=chat&project=other')).toHaveLength(6);
    expect(await all('tag=t8')).toEqual([idOf(9)]);
    expect(await all(`q=${encodeURIComponent('Question 33')}`)).toEqual([idOf(34)]);
    // One that told no usage, and of the others not the one that failed before it used anything.
    expect(await all('has_price=false&project=other')).toEqual([idOf(26)]);
    expect((await all('has_price=false&project=chat')).toSorted()).toEqual([2, 14, 20, 32, 38].map(idOf).toSorted());
    expect(await all('from=2026-11-20T00:00:00Z&to=2026-11-20T12:00:10Z')).toEqual([idOf(11), idOf(7), idOf(3)]);
  });

  it('finds words page by page, together with filters, and as a part of one', async () => {
    const wanted = await all(`q=question&run_type=llm`);
    expect(wanted.length).toBeGreaterThan(5);
    expect(await all('q=QUESTION&run_type=llm&limit=2')).toEqual(wanted);
    expect(await all(`filter=${encodeURIComponent('and(search("uestion"),eq(run_type,"llm"))')}&limit=3`)).toEqual(wanted);
    expect(await all(`q=${encodeURIComponent('question -33')}`)).not.toContain(idOf(34));
    expect(await all('q=nowhere-to-be-found')).toEqual([]);
    const refused = await server.ask('GET', '/traces/runs?q=question&order=asc');
    expect([refused.statusCode, refused.json()]).toEqual([422, expect.objectContaining({ code: 'INVALID_INPUT' })]);
  });

  it('shows of a run what a line can', async () => {
    const { items } = await get('runs?tag=t28');
    expect(items).toEqual([
      {
        run_id: idOf(29),
        trace_id: idOf(29),
        parent_run_id: null,
        is_root: true,
        project: 'chat',
        project_id: chat.projectId,
        name: 'step 28',
        run_type: 'llm',
        status: 'error',
        start_time: '2026-11-18T12:00:28.000000Z',
        end_time: '2026-11-18T12:00:29.000000Z',
        latency_seconds: 1,
        first_token_seconds: null,
        model: 'gpt-5',
        provider: null,
        thread_id: null,
        user_id: null,
        prompt: null,
        tags: ['beta', 't28'],
        prompt_tokens: null,
        completion_tokens: null,
        total_tokens: 10,
        input_cost: null,
        output_cost: null,
        total_cost: '0.000012',
        reference_example_id: null,
        inputs_preview: 'question 28',
        outputs_preview: 'answer 28',
        error_preview: 'failed 28',
        feedback: {},
        trace: { runs: 1, errors: 1, total_tokens: 10, total_cost: '0.000012', unpriced_runs: 0, first_token_seconds: null },
      },
    ]);
    expect((await get('runs?tag=t28&previews=false')).items[0]).toMatchObject({ inputs_preview: null, error_preview: 'failed 28' });
  });

  it('refuses what it cannot read, and says where', async () => {
    for (const [query, status, detail] of [
      ['filter=eq(nam,%22x%22)', 422, 'character 4: there is no field nam'],
      ['cursor=abc', 400, 'cursor'],
      [`cursor=${Buffer.from('traces/runs\n2026-13-45 1 x').toString('base64url')}`, 400, 'cursor'],
      ['project=nobody', 404, 'there is no project nobody'],
      ['limit=0', 422, 'limit'],
      ['unknown=1', 422, ''],
    ] as const) {
      const answer = await server.ask('GET', `/traces/runs?${query}`);
      expect([query, answer.statusCode], answer.body).toEqual([query, status]);
      expect(answer.json().detail).toContain(detail);
    }
  });
});

describe('one run', () => {
  const WILD = idOf(5_001);
  const inputs = String.raw`{"b":12345678901234567890,"a":"\u0000 \ud83d","deep":${'['.repeat(6_000)}${']'.repeat(6_000)},"__proto__":1}`;

  it('comes back as it went in, whatever its JSON holds', async () => {
    const db = server.database.database;
    await db.query(
      sql`insert into muster.trace_blobs (hash, keep_days, day, body) values (${Buffer.alloc(16, 9)}, 30, '2026-11-21', '[1.50]')`,
    );
    const blob = `\u0001${Buffer.alloc(16, 9).toString('base64url')}\u0001`;
    await addRuns(db, [
      {
        runId: WILD,
        projectNo: chat.projectNo,
        startTime: at('2026-11-21', 100),
        columns: { inputs, serialized: `{"lc":${blob}}`, error: '"no"' },
      },
    ]);
    await db.query(sql`insert into muster.trace_attachments (run_id, keep_days, day, project_no, name, mime_type, size, body)
      values (${WILD}, 30, '2026-11-21', ${chat.projectNo}, 'page one.html', 'text/html', 5, 'hello')`);
    await db.query(
      sql`insert into muster.trace_feedback (feedback_id, run_id, project_no, key, score, value) values (gen_random_uuid(), ${WILD}, ${chat.projectNo}, 'good', 1, '{"x":1.0}')`,
    );
    const { body, statusCode } = await server.ask('GET', `/traces/runs/${WILD}`);
    expect(statusCode).toBe(200);
    expect(body).toContain(`"inputs":${inputs}`);
    expect(body).toContain('"serialized":{"lc":[1.50]}');
    expect(body).toContain('"value":{"x":1.0}');
    const run = JSON.parse(body);
    expect(run).toMatchObject({
      run_id: WILD,
      error: 'no',
      outputs: null,
      dotted_order: `20261121T120140000000Z${WILD}`,
      parent_run_ids: [],
    });
    expect(run.attachments).toEqual([
      { name: 'page one.html', mime_type: 'text/html', size: 5, url: `/api/v1/traces/runs/${WILD}/attachments/page%20one.html` },
    ]);
    const attachment = await server.ask('GET', run.attachments[0].url);
    expect([attachment.body, attachment.headers['content-type'], attachment.headers['content-disposition']]).toEqual([
      'hello',
      'application/octet-stream',
      "attachment; filename*=UTF-8''page%20one.html",
    ]);
    expect((await get('runs?limit=1')).items[0]).toMatchObject({ run_id: WILD, feedback: { good: { n: 1, avg: 1 } } });
    await db.query(sql`delete from muster.trace_runs where run_id = ${WILD}`);
  });

  it('that is not there, or of a project that is gone, is not found', async () => {
    const db = server.database.database;
    const { projectNo } = await addProject(db, 'gone');
    await addRuns(db, [{ runId: idOf(6_001), projectNo, startTime: at('2026-11-21', 200) }]);
    expect((await server.ask('GET', `/traces/runs/${idOf(6_001)}`)).statusCode).toBe(200);
    expect((await server.ask('DELETE', '/traces/projects/gone')).statusCode).toBe(204);
    for (const path of [`runs/${idOf(6_001)}`, `runs/${idOf(6_002)}`, `trees/${idOf(6_001)}`, `trees/${idOf(6_002)}`])
      expect((await server.ask('GET', `/traces/${path}`)).statusCode, path).toBe(404);
    expect((await server.ask('GET', '/traces/runs/nonsense')).statusCode).toBe(422);
    await db.query(sql`delete from muster.trace_runs where run_id = ${idOf(6_001)}`);
  });
});

describe('the tree of a trace', () => {
  it('of ten thousand runs comes whole, in order, and within a second', async () => {
    const root = idOf(0x10_0000);
    const start = at('2026-11-20', 500);
    const rows = await server.database.database.query<{ id: string }>(sql`select gen_random_uuid() as id from generate_series(1, 9999)`);
    const paths = rows.rows.map(({ id }, index) =>
      pathOf([
        { at: start, runId: root },
        { at: start + index + 1, runId: id },
      ]),
    );
    await addRuns(server.database.database, [{ runId: root, projectNo: chat.projectNo, startTime: start, columns: { name: 'root' } }]);
    await server.database.database.query(sql`
      insert into muster.trace_runs (run_id, trace_id, parent_run_id, project_no, day, start_time, keep_days, run_type, status, path, error)
      select id, ${root}::uuid, ${root}::uuid, ${chat.projectNo}, '2026-11-20', ${isoMicros(start)}::timestamptz + n * interval '1 microsecond', 30, 2,
        case when n % 1000 = 0 then 2 else 1 end, path, case when n % 1000 = 0 then '"it broke"' end
      from unnest(${rows.rows.map(({ id }) => id)}::uuid[], ${paths}::bytea[]) with ordinality t(id, path, n)`);
    const began = performance.now();
    const tree = await get(`trees/${root}`);
    const took = performance.now() - began;
    expect(tree).toMatchObject({ trace_id: root, project: 'chat', is_truncated: false });
    expect(tree.items).toHaveLength(10_000);
    expect(tree.items.map(({ run_id }: { run_id: string }) => run_id)).toEqual([root, ...rows.rows.map(({ id }) => id)]);
    expect(tree.items[0]).toMatchObject({ name: 'root', depth: 0, is_orphan: false });
    expect(tree.items[1_000]).toMatchObject({ depth: 1, status: 'error', error_preview: 'it broke' });
    expect((await get(`trees/${root}?limit=10`)).is_truncated).toBe(true);
    // 0.15 s on a free machine; CI is slow and busy.
    expect(took).toBeLessThan(15_000);
    await server.database.database.query(sql`delete from muster.trace_runs where trace_id = ${root}`);
  });
});

describe('a project', () => {
  it('is added, shown, changed and removed', async () => {
    const added = await server.ask('POST', '/traces/projects', { body: { name: 'made', extra: { a: 1 } } });
    expect([added.statusCode, added.json()]).toEqual([201, expect.objectContaining({ name: 'made', extra: { a: 1 }, last_run_at: null })]);
    expect((await server.ask('POST', '/traces/projects', { body: { name: 'made' } })).statusCode).toBe(409);
    expect((await server.ask('PATCH', '/traces/projects/made', { body: { name: 'chat' } })).statusCode).toBe(409);
    expect((await server.ask('PATCH', '/traces/projects/made', { body: { name: 'made/2', description: 'x' } })).json()).toMatchObject({
      description: 'x',
    });
    expect((await get('projects?name_contains=ADE')).items.map(({ name }: { name: string }) => name)).toEqual(['made/2']);
    expect(await get(`projects/${encodeURIComponent('made/2')}`)).toMatchObject({ name: 'made/2' });
    expect((await server.ask('DELETE', `/traces/projects/${encodeURIComponent('made/2')}`)).statusCode).toBe(204);
    expect((await server.ask('DELETE', `/traces/projects/${encodeURIComponent('made/2')}`)).statusCode).toBe(404);
    expect((await get('projects/chat')).last_run_at).toBe('2026-11-21T12:00:39.000000Z');
  });
});
