import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, BOOTSTRAP, testServer, type TestServer } from '../../../../test/server/support/test-server.ts';
import { until } from '../../../../test/support/until.ts';
import { sql } from '../../../db/sql.ts';
import { tracesModule } from '../index.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ modules: [tracesModule] });
});
afterAll(() => server[Symbol.asyncDispose]());

const post = (run: object) =>
  server.app.inject({
    method: 'POST',
    url: '/langsmith/runs/batch',
    headers: { ...bearer(BOOTSTRAP), 'content-type': 'application/json' },
    payload: { post: [run], patch: [] },
  });
const runOf = (id: string) =>
  server.database.database.one<{
    inputs: string | null;
    name: string;
    tags: string[] | null;
    user_id: string | null;
    extra: string | null;
  }>(sql`select inputs, name, tags, user_id, extra from muster.trace_runs where run_id = ${id}`);
const run = (session: string, more: object = {}) => {
  const id = randomUUID();
  const stamp = new Date().toISOString().replaceAll(/[-:.]/g, '').slice(0, -1);
  return {
    id,
    trace_id: id,
    dotted_order: `${stamp}001Z${id}`,
    name: 'ask',
    run_type: 'llm',
    start_time: new Date().toISOString(),
    session_name: session,
    ...more,
  };
};
const put = async (path: string, body: object) => {
  const answer = await server.ask('PUT', path, { body });
  expect([answer.statusCode, answer.body]).toEqual([200, expect.anything()]);
  return answer.json();
};

describe('what is settled', () => {
  it('redacts before anything is stored, by default', async () => {
    const given = run('shop', {
      name: 'mail to jan@example.org',
      tags: ['for jan@example.org'],
      inputs: { text: 'call +48 601 234 567 or pay with 4111 1111 1111 1111' },
      extra: { metadata: { LANGSMITH_RUNS_ENDPOINTS: '[{"api_key":"x"}]', revision_id: 'r1', user_id: 'jan@example.org' } },
    });
    expect((await post(given)).statusCode).toBe(202);
    const stored = await runOf(given.id);
    expect(stored?.inputs).toBe('{"text":"call [redacted:phone] or pay with [redacted:card]"}');
    expect(stored?.name).toMatch(/^mail to \[redacted:email:[0-9a-f]{12}\]$/);
    expect(stored?.tags?.[0]).toBe(stored?.name.replace('mail to', 'for'));
    expect(stored?.user_id).toBe(stored?.name.slice('mail to '.length));
    expect(JSON.parse(stored?.extra ?? '')).toEqual({ metadata: { revision_id: 'r1', user_id: stored?.user_id } });
  });

  it('holds for a project as it says, in force soon, and changes how long runs are kept from the next day on', async () => {
    const view = await put('/traces/projects/shop/settings', {
      redaction: { phone: false },
      sampling: { rate: 0 },
      retention: { days: 7 },
    });
    expect(view).toMatchObject({ project: 'shop', effective: { retention: { days: 7 }, redaction: { phone: false, card: true } } });
    const [{ days: before }, { days: after }] = view.keep;
    expect([before, after]).toEqual([30, 7]);
    const text = 'call +48 601 234 567 or pay with 4111 1111 1111 1111';
    await until('the server knows', async () => {
      const given = run('shop', { inputs: { text }, error: 'it broke' });
      await post(given);
      return (await runOf(given.id))?.inputs === '{"text":"call +48 601 234 567 or pay with [redacted:card]"}';
    });
    const dropped = run('shop', { inputs: { text } });
    expect((await post(dropped)).statusCode).toBe(202);
    expect(await runOf(dropped.id)).toBeUndefined();
    const elsewhere = run('elsewhere', { inputs: { text } });
    await post(elsewhere);
    expect((await runOf(elsewhere.id))?.inputs).toContain('[redacted:phone]');
  });

  it('holds in general for those who say nothing', async () => {
    const general = await put('/traces/settings', { retention: { days: 14 }, budget: { usd_per_hour: 5 } });
    expect(general).toMatchObject({ retention: { days: 14 }, sampling: { rate: 1 }, budget: { usd_per_hour: 5 } });
    const shop = (await server.ask('GET', '/traces/projects/shop/settings')).json();
    expect(shop.effective).toMatchObject({ retention: { days: 7 }, budget: { usd_per_hour: 5 } });
    const elsewhere = (await server.ask('GET', '/traces/projects/elsewhere/settings')).json();
    expect(elsewhere.keep.map(({ days }: { days: number }) => days)).toEqual([30, 14]);
  });

  it('is refused where it makes no sense, with the place', async () => {
    for (const [body, pointer] of [
      [{ retention: { days: 0 } }, '/retention/days'],
      [{ redaction: { custom: [{ name: 'x', pattern: '(a)\\1' }] } }, '/redaction/custom/0/pattern'],
      [{ sampling: { rate: 2 } }, '/sampling/rate'],
    ] as const) {
      const answer = await server.ask('PUT', '/traces/settings', { body });
      expect([answer.statusCode, answer.json().errors[0].pointer]).toEqual([422, pointer]);
    }
    expect((await server.ask('GET', '/traces/projects/nobody/settings')).statusCode).toBe(404);
  });

  it('may be said for a project before its first run, and holds for that one, how long it is kept included', async () => {
    const view = await put('/traces/projects/to come/settings', { retention: { days: 3 }, redaction: { email: false } });
    expect(view).toMatchObject({ project: 'to come', keep: [{ from: '1970-01-01', days: 3 }] });
    const given = () => run('to come', { inputs: { text: 'ask jan@example.org' } });
    await until('the server knows', async () => {
      const one = given();
      await post(one);
      return (await runOf(one.id))?.inputs?.includes('jan@example.org') === true;
    });
    const kept = await server.database.database.one<{ days: number[] }>(sql`select array_agg(distinct keep_days) as days
      from muster.trace_runs join muster.trace_projects p using (project_no) where p.name = 'to come'`);
    expect(kept).toEqual({ days: [3] });
  });

  it('is not said for a project that the key may not use, nor is that made', async () => {
    const { key } = (await server.ask('POST', '/keys', { body: { name: 'of one', role: 'administrator', projects: ['shop'] } })).json();
    const answer = await server.ask('PUT', '/traces/projects/secret plans/settings', { headers: bearer(key), body: {} });
    expect(answer.statusCode).toBe(404);
    expect((await server.ask('GET', '/traces/projects/secret plans')).statusCode).toBe(404);
  });

  it('redacts attachments that are text, keeps the others as they are, and drops all where a project wants none', async () => {
    const picture = Buffer.from([0x89, 0x50, 0xff, 0x00]);
    const sent = async (project: string) => {
      const given = run(project);
      const parts: [name: string, type: string, body: Buffer][] = [
        [`post.${given.id}`, 'application/json', Buffer.from(JSON.stringify(given))],
        [`attachment.${given.id}.note`, 'text/plain', Buffer.from('ask jan@example.org')],
        [`attachment.${given.id}.picture`, 'image/png', picture],
      ];
      const payload = Buffer.concat([
        ...parts.flatMap(([name, type, body]) => [
          Buffer.from(`--b\r\nContent-Disposition: form-data; name="${name}"\r\nContent-Type: ${type}; length=${body.length}\r\n\r\n`),
          body,
          Buffer.from('\r\n'),
        ]),
        Buffer.from('--b--\r\n'),
      ]);
      const headers = { ...bearer(BOOTSTRAP), 'content-type': 'multipart/form-data; boundary=b' };
      expect((await server.app.inject({ method: 'POST', url: '/langsmith/runs/multipart', headers, payload })).statusCode).toBe(202);
      const { rows } = await server.database.database.query<{ name: string; body: Buffer }>(
        sql`select name, body from muster.trace_attachments where run_id = ${given.id} order by name`,
      );
      return rows;
    };
    expect(await sent('with-files')).toEqual([
      { name: 'note', body: expect.toSatisfy((body: Buffer) => /^ask \[redacted:email:[0-9a-f]{12}\]$/.test(body.toString())) },
      { name: 'picture', body: picture },
    ]);
    await put('/traces/projects/with-files/settings', { redaction: { attachments: 'drop' } });
    expect(await sent('with-files')).toEqual([]);
  });

  it('is not for a key that is confined to some projects, but for its own', async () => {
    const { key } = (await server.ask('POST', '/keys', { body: { name: 'of shop', role: 'administrator', projects: ['shop'] } })).json();
    const ask = async (method: 'GET' | 'PUT', path: string, body?: object) =>
      (await server.ask(method, path, { headers: bearer(key), ...(body === undefined ? {} : { body }) })).statusCode;
    expect(await ask('PUT', '/traces/settings', {})).toBe(403);
    expect(await ask('GET', '/traces/projects/shop/settings')).toBe(200);
    expect(await ask('GET', '/traces/projects/elsewhere/settings')).toBe(404);
    expect(await ask('PUT', '/traces/projects/elsewhere/settings', {})).toBe(404);
  });
});

it('settings of redaction are tried on a text before they hold, and nothing of it is kept', async () => {
  const attempt = (body: object) => server.ask('POST', '/traces/settings/redaction/try', { body });
  const custom = [{ name: 'order_no', pattern: 'ORD-[0-9]{4}' }];
  expect((await attempt({ redaction: { custom, phone: false }, text: 'ORD-1234 of jan@example.org, +48 601 234 567' })).json()).toEqual({
    text: '[redacted:order_no] of [redacted:email], +48 601 234 567',
    counts: { order_no: 1, email: 1 },
  });
  // As JSON it is redacted by the names of its members, too.
  expect((await attempt({ text: '{"password":"hunter2"}' })).json()).toMatchObject({ text: '{"password":"[redacted:secret]"}' });
  const broken = await attempt({ redaction: { custom: [{ name: 'x', pattern: '(?=a)' }] }, text: 'a' });
  expect([broken.statusCode, broken.json().errors[0].pointer]).toEqual([422, '/redaction/custom/0/pattern']);
});
