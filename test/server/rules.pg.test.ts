import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { createRuleEvaluator } from '../../src/modules/alerting/rules/index.ts';
import { builtInModules } from '../../src/modules/built-in.ts';
import { bearer, BOOTSTRAP, testServer, type TestServer } from './support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ modules: builtInModules });
});
afterAll(() => server[Symbol.asyncDispose]());

const FLAT = {
  name: 'cpu high',
  metric_name: 'cpu',
  operator: '>',
  threshold: 1,
  clear_threshold: 0.5,
  for: '0s',
  level: 'critical',
  channels: ['nobody made this channel yet'],
};
const put = (name: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  server.ask('PUT', `/rules/${encodeURIComponent(name)}`, { body, headers: { ...bearer(BOOTSTRAP), ...headers } });

describe('a rule', () => {
  test('is made, shown, replaced while it is the same, and deleted', async () => {
    const made = await server.ask('POST', '/rules', { body: FLAT });
    expect(made.statusCode).toBe(201);
    expect(made.headers['location']).toBe('/api/v1/rules/cpu%20high');
    expect(made.json()).toMatchObject({ name: 'cpu high', source: 'api', enabled: true, revision: 1, report: null });
    expect(made.json<{ definition: object }>().definition).toMatchObject({ ...FLAT, kind: 'threshold', for_samples: 1 });
    expect((await server.ask('POST', '/rules', { body: FLAT })).statusCode).toBe(409);

    const shown = await server.ask('GET', '/rules/cpu%20high');
    expect(shown.headers['etag']).toBe('"1"');
    const replaced = await put('cpu high', { ...FLAT, threshold: 2 }, { 'if-match': '"1"' });
    expect([replaced.statusCode, replaced.headers['etag']]).toEqual([200, '"2"']);
    expect((await put('cpu high', FLAT, { 'if-match': '"1"' })).statusCode).toBe(412);
    expect((await put('cpu high', FLAT, { 'if-none-match': '*' })).statusCode).toBe(412);
    expect((await put('new one', { ...FLAT, name: 'new one' }, { 'if-none-match': '*' })).statusCode).toBe(200);
    expect((await server.ask('GET', '/rules')).json<{ items: { name: string }[] }>().items.map(({ name }) => name)).toEqual([
      'cpu high',
      'new one',
    ]);

    expect((await server.ask('DELETE', '/rules/cpu%20high', { headers: { ...bearer(BOOTSTRAP), 'if-match': '"1"' } })).statusCode).toBe(
      412,
    );
    expect((await server.ask('DELETE', '/rules/cpu%20high')).statusCode).toBe(204);
    expect((await server.ask('DELETE', '/rules/cpu%20high')).statusCode).toBe(404);
    expect((await server.ask('GET', '/rules/cpu%20high')).statusCode).toBe(404);
    await server.ask('DELETE', '/rules/new%20one');
  });

  test('may be about a metric that nobody measured', async () => {
    expect(
      (await server.ask('POST', '/rules', { body: { name: 'unknown', metric_name: 'never.measured', threshold: 1 } })).statusCode,
    ).toBe(201);
    const evaluation = await createRuleEvaluator(server.state).evaluate();
    await server.database.database.transaction((tx) => evaluation.save(tx));
    expect((await server.ask('GET', '/rules/unknown')).json<{ report: object }>().report).toMatchObject({ state: 'no_data', series: 0 });
    expect((await server.ask('GET', '/rules/unknown/targets')).json()).toEqual({ items: [] });
  });

  test.each([
    [{ name: undefined }, '/name'],
    [{ name: 'a/b' }, '/name'],
    [{ metric_name: undefined }, '/metric_name'],
    [{ operator: '=>' }, '/operator'],
    [{ threshold: undefined, clear_threshold: undefined }, '/threshold'],
    [{ threshold: '1' }, '/threshold'],
    [{ clear_threshold: 2 }, '/clear_threshold'],
    [{ for: 'soon' }, '/for'],
    [{ for: '8d' }, '/for'],
    [{ level: 'bad' }, '/level'],
    [{ channels: 'ops' }, '/channels'],
    [{ kind: 'ratio' }, '/of'],
    [{ kind: 'ratio', of: { metric: 'm' } }, '/of'],
    [{ kind: 'burn_rate', of: { metric_name: 'm' }, objective: 1 }, '/objective'],
    [{ kind: 'forecast' }, '/horizon'],
    [{ kind: 'composite' }, '/all'],
    [{ levels: [{ level: 'warning', threshold: 1 }] }, '/threshold'],
    [
      {
        threshold: undefined,
        clear_threshold: undefined,
        levels: [
          { level: 'warning', threshold: 5 },
          { level: 'critical', threshold: 4 },
        ],
      },
      '/levels/1/threshold',
    ],
  ])('with %j is refused, and the field is named', async (wrong, pointer) => {
    const refused = await server.ask('POST', '/rules', { body: { ...FLAT, ...wrong } });
    expect(refused.statusCode).toBe(422);
    const errors = refused.json<{ errors: { pointer: string }[] }>().errors.map((error) => error.pointer);
    expect(errors.some((each) => each.startsWith(pointer))).toBe(true);
  });

  test('with a field nobody knows is refused by its name', async () => {
    const refused = await server.ask('POST', '/rules', { body: { ...FLAT, treshold: 1 } });
    expect(refused.statusCode).toBe(422);
    expect(refused.body).toContain('treshold');
  });

  test('is changed in what is given, and judged as a whole', async () => {
    await server.ask('POST', '/rules', { body: { ...FLAT, name: 'changes' } });
    const patch = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
      server.ask('PATCH', '/rules/changes', { body, headers: { ...bearer(BOOTSTRAP), ...headers } });
    const changed = await patch({ threshold: 3, clear_threshold: null, enabled: false }, { 'if-match': '"1"' });
    expect([changed.statusCode, changed.headers['etag']]).toEqual([200, '"2"']);
    const { definition } = changed.json<{ definition: Readonly<Record<string, unknown>> }>();
    expect(definition).toMatchObject({ threshold: 3, enabled: false, level: 'critical', channels: FLAT.channels });
    expect(definition).not.toHaveProperty('clear_threshold');
    expect((await patch({ threshold: 4 }, { 'if-match': '"1"' })).statusCode).toBe(412);
    const refused = await patch({ operator: '<', clear_threshold: 1, treshold: 2 });
    expect(refused.statusCode).toBe(422);
    expect(refused.json<{ errors: { pointer: string }[] }>().errors.length).toBeGreaterThan(0);
    expect((await patch({ name: 'other' })).json<{ errors: { pointer: string }[] }>().errors[0]?.pointer).toBe('/name');
    expect((await server.ask('PATCH', '/rules/nobody', { body: {} })).statusCode).toBe(404);
    await server.ask('DELETE', '/rules/changes');
  });

  test('that SQL wrote and that is none is shown with what is wrong with it, and may be put right', async () => {
    await server.database.database.query(sql`
      insert into muster.alert_rules (name, definition, source, updated_by) values ('odd', '{"threshold": "much", "metric_name": "m"}', 'api', 'sql')`);
    const shown = await server.ask('GET', '/rules/odd');
    expect(shown.statusCode).toBe(200);
    expect(shown.json<{ fault: string }>().fault).toContain('threshold: ');
    expect((await server.ask('GET', '/rules')).statusCode).toBe(200);
    const mended = await server.ask('PATCH', '/rules/odd', { body: { threshold: 1 } });
    expect(mended.json()).toMatchObject({ fault: null, definition: { threshold: 1 } });
    await server.ask('DELETE', '/rules/odd');
  });

  test('keeps the name in its path, where it need not be said again', async () => {
    const { name: _, ...nameless } = FLAT;
    expect((await put('nameless', nameless)).json()).toMatchObject({ name: 'nameless', definition: { name: 'nameless', threshold: 1 } });
    await server.ask('DELETE', '/rules/nameless');
    expect((await put('other', FLAT)).json<{ errors: { pointer: string }[] }>().errors[0]?.pointer).toBe('/name');
  });
});

test('a replay tells when a rule would have fired, and writes nothing', async () => {
  const now = Date.now();
  await server.state.metrics.writeExternal(
    [0, 5, 5, 0].map((value, i) => ({ metricName: 'replayed', agentId: '', unit: '', labels: {}, at: now - (3 - i) * 60_000, value })),
  );
  const answer = await server.ask('POST', '/rules/test', {
    body: { rule: { name: 'r', metric_name: 'replayed', threshold: 1 }, from: 'now-1h' },
  });
  expect(answer.statusCode).toBe(200);
  expect(answer.json<{ firings: { fired_at: string; ended_at: string }[] }>().firings).toMatchObject([
    { fired_at: new Date(now - 120_000).toISOString(), ended_at: new Date(now).toISOString(), value: 5, threshold: 1 },
  ]);
  expect((await server.ask('GET', '/rules/r')).statusCode).toBe(404);
  expect(
    (await server.ask('POST', '/rules/test', { body: { rule: { name: 'r', metric_name: 'm', threshold: 1 }, from: 'now-90d' } }))
      .statusCode,
  ).toBe(422);
});

test('whoever may only look may not make rules', async () => {
  const viewer = bearer(await server.key('viewer'));
  expect((await server.ask('GET', '/rules', { headers: viewer })).statusCode).toBe(200);
  expect((await server.ask('POST', '/rules', { body: FLAT, headers: viewer })).statusCode).toBe(403);
});
