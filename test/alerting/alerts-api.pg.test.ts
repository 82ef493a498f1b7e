import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtInModules } from '../../src/modules/built-in.ts';
import { sql } from '../../src/db/sql.ts';
import { sealInvitation } from '../../src/modules/alerting/delivery/links.ts';
import { bearer, testServer, type TestServer } from '../server/support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ modules: builtInModules });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly next_cursor: string | null;
}

async function anAlert(
  more: { readonly level?: string; readonly agent?: string } = {},
): Promise<{ readonly id: string; readonly incident: string }> {
  const [id, incident, agent] = [randomUUID(), randomUUID(), more.agent ?? `a-${randomUUID().slice(0, 8)}`];
  const { database } = server.database;
  await database.query(sql`
    insert into muster.incidents (incident_id, cause, title, state, level, started_at, detected_at, alerts)
    values (${incident}, ${`agent:${agent}`}, 'cpu | <b>high</b>', 'open', 'critical', clock_timestamp() - interval '2 minutes', clock_timestamp(), 1)`);
  await database.query(sql`
    insert into muster.alerts (alert_id, dedup_key, rule, target, labels, agent_id, metric_name, unit, state, level, verdict, value, threshold,
      summary, explanation, channels, subjects, incident_id, started_at, detected_at, updated_at, seq, impact)
    values (${id}, ${id}, 'cpu', ${`agent=${agent}`}, ${JSON.stringify({ agent })}::jsonb, ${agent}, 'cpu_ratio', 'ratio', 'firing', ${more.level ?? 'critical'},
      'firing', 0.97, 0.9, 'cpu high', 'cpu_ratio is 0.97', '{ops}', '{}', ${incident}, clock_timestamp() - interval '2 minutes',
      clock_timestamp(), clock_timestamp(), 1, '{"costPerMinute": 30, "currency": "EUR"}')`);
  await database.query(
    sql`insert into muster.alert_transitions values (${id}, 1, clock_timestamp(), 'firing', 'critical', null, 'cpu_ratio is 0.97')`,
  );
  return { id, incident };
}

it('lists what fires, page by page, and shows one with its timeline and impact', async () => {
  const made = [await anAlert(), await anAlert({ level: 'warning' }), await anAlert()];
  const first = (await server.ask('GET', '/alerts?state=firing&limit=2')).json<Page>();
  expect(first.items).toHaveLength(2);
  const second = (await server.ask('GET', `/alerts?state=firing&limit=2&cursor=${first.next_cursor}`)).json<Page>();
  expect([...first.items, ...second.items].map((alert) => alert['alert_id'])).toEqual(made.map(({ id }) => id).toReversed());
  expect(second.next_cursor).toBeNull();
  expect((await server.ask('GET', '/alerts?level=warning')).json<Page>().items).toHaveLength(1);
  expect((await server.ask('GET', `/incidents?cursor=${first.next_cursor}`)).json()).toMatchObject({ code: 'BAD_CURSOR' });

  const shown = (await server.ask('GET', `/alerts/${made[0]?.id}`)).json();
  expect(shown).toMatchObject({
    state: 'firing',
    impact: { cost: { per_minute: 30, currency: 'EUR' }, error_budget: null },
    timeline: [{ kind: 'firing' }],
    notifications: [],
  });
  expect((await server.ask('GET', `/alerts/${randomUUID()}`)).statusCode).toBe(404);
});

it('lets somebody take an alert on and give it back, with an event each', async () => {
  const { id } = await anAlert();
  const taken = await server.ask('POST', `/alerts/${id}/acknowledge`, { body: { by: 'kim', for: '2h', note: 'looking' } });
  expect(taken.json()).toMatchObject({ acknowledged_by: 'kim', acknowledged_until: expect.any(String) as string });
  expect((await server.ask('GET', '/alerts?acknowledged=true')).json<Page>().items).toHaveLength(1);
  const back = await server.ask('POST', `/alerts/${id}/unacknowledge`);
  expect(back.json()).toMatchObject({
    acknowledged_by: null,
    timeline: [{ kind: 'firing' }, { kind: 'acknowledged', actor: 'kim', note: 'looking' }, { kind: 'unacknowledged' }],
  });
  expect((await server.ask('POST', `/alerts/${id}/unacknowledge`)).json()).toMatchObject({ status: 409, code: 'CONFLICT' });
  const events = await server.state.events.list({}, { limit: 100 });
  expect(events.filter(({ data }) => data['alert_id'] === id).map(({ type }) => type)).toEqual([
    'alert:unacknowledged',
    'alert:acknowledged',
  ]);

  const viewer = { headers: bearer(await server.key('viewer')) };
  expect((await server.ask('POST', `/alerts/${id}/acknowledge`, viewer)).statusCode).toBe(403);
  const plain = await server.ask('POST', `/alerts/${id}/acknowledge`, { headers: bearer(await server.key('operator')) });
  expect(plain.json()).toMatchObject({ acknowledged_by: expect.stringMatching(/^key:/) as string, acknowledged_until: null });
});

it('keeps silences, ends them, and refuses what would silence everything or for ever', async () => {
  const made = await server.ask('POST', '/silences', {
    body: { matchers: ['agent=a1', 'rule~disk_*'], reason: 'upgrade', duration: '2h' },
  });
  expect([made.statusCode, made.json()]).toMatchObject([201, { matchers: ['agent=a1', 'rule~disk_*'], ended_by: null }]);
  const id = made.json<{ silence_id: string }>().silence_id;
  expect((await server.ask('GET', '/silences')).json<Page>().items).toHaveLength(1);
  expect((await server.ask('DELETE', `/silences/${id}`)).statusCode).toBe(204);
  expect((await server.ask('DELETE', `/silences/${id}`)).statusCode).toBe(204);
  expect((await server.ask('GET', '/silences')).json<Page>().items).toEqual([]);
  expect((await server.ask('GET', '/silences?active=false')).json<Page>().items).toMatchObject([{ silence_id: id, ended_by: 'bootstrap' }]);
  expect((await server.ask('DELETE', `/silences/${randomUUID()}`)).statusCode).toBe(404);
  const byLabels = await server.ask('POST', '/silences', {
    body: { matchers: { agent: 'a1' }, reason: 'x', ends_at: new Date(Date.now() + 60_000).toISOString() },
  });
  expect(byLabels.json()).toMatchObject({ matchers: ['agent=a1'] });

  const refused: readonly unknown[] = [
    { matchers: [], reason: 'x', duration: '1h' },
    { matchers: {}, reason: 'x', duration: '1h' },
    { matchers: ['nonsense'], reason: 'x', duration: '1h' },
    { matchers: ['agent=a1'], reason: '', duration: '1h' },
    { matchers: ['agent=a1'], reason: 'x' },
    { matchers: ['agent=a1'], reason: 'x', duration: '1h', ends_at: '2099-01-01T00:00:00Z' },
    { matchers: ['agent=a1'], reason: 'x', ends_at: '2000-01-01T00:00:00Z' },
    { matchers: ['agent=a1'], reason: 'x', duration: '400d' },
  ];
  for (const body of refused) expect([body, (await server.ask('POST', '/silences', { body })).statusCode]).toEqual([body, 422]);
});

it('keeps maintenance windows, once and again and again', async () => {
  const cron = {
    name: 'nightly',
    matchers: ['database=app'],
    reason: 'backup',
    cron: '0 3 * * *',
    time_zone: 'Europe/Warsaw',
    duration: '45m',
  };
  const made = await server.ask('POST', '/maintenance-windows', { body: cron });
  expect([made.statusCode, made.json()]).toMatchObject([
    201,
    { cron: '0 3 * * *', duration_seconds: 2_700, opens_next: expect.any(String) as string },
  ]);
  const once = {
    name: 'move',
    matchers: ['host=h1'],
    reason: 'move',
    starts_at: new Date(Date.now() - 1_000).toISOString(),
    ends_at: new Date(Date.now() + 60_000).toISOString(),
  };
  expect((await server.ask('POST', '/maintenance-windows', { body: once })).json()).toMatchObject({
    open_until: once.ends_at,
    opens_next: null,
  });
  expect((await server.ask('GET', '/maintenance-windows')).json<Page>().items).toHaveLength(2);
  const id = made.json<{ window_id: string }>().window_id;
  expect((await server.ask('DELETE', `/maintenance-windows/${id}`)).statusCode).toBe(204);
  expect((await server.ask('DELETE', `/maintenance-windows/${id}`)).statusCode).toBe(404);
  for (const change of [{ cron: 'whenever' }, { time_zone: 'Mars/Olympus' }, { duration: undefined }, { starts_at: once.starts_at }])
    expect((await server.ask('POST', '/maintenance-windows', { body: { ...cron, ...change } })).statusCode).toBe(422);
});

it('exports an incident as Markdown in which text from outside stays text', async () => {
  const { id, incident } = await anAlert();
  await server.ask('POST', `/alerts/${id}/acknowledge`, { body: { by: 'kim' } });
  expect((await server.ask('GET', `/incidents/${incident}`)).json()).toMatchObject({ alert_count: 1, alerts: [{ alert_id: id }] });
  const answer = await server.ask('GET', `/incidents/${incident}/post-mortem`);
  expect(answer.headers['content-type']).toBe('text/markdown; charset=utf-8');
  expect(answer.body).toContain('# Post-mortem: cpu \\| \\<b\\>high\\</b\\>');
  expect(answer.body).toMatch(/Acknowledged \| .* by kim/);
  expect(answer.body).toMatch(/Cost: [\d.]+ EUR \(derived: 30 EUR a minute/);
});

it('lets whoever was sent a link take its alert on, once, and not by looking at it', async () => {
  const { id } = await anAlert();
  const link = (seq: number): Promise<string> =>
    sealInvitation(server.state.secrets, { alertId: id, seq, channel: 'ops', sentAt: Date.now() });
  const token = await link(1);
  const ask = (method: 'GET' | 'POST', payload?: string, url = `/acknowledge/${token}`) =>
    server.app.inject({
      method,
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      ...(payload === undefined ? {} : { payload }),
    });

  const looked = await ask('GET');
  expect([looked.statusCode, looked.headers['content-type'], looked.headers['cache-control']]).toEqual([
    200,
    'text/html; charset=utf-8',
    'no-store',
  ]);
  expect(looked.body).toContain('<button>Acknowledge</button>');
  expect((await server.ask('GET', `/alerts/${id}`)).json()).toMatchObject({ acknowledged_by: null });

  const pressed = await ask('POST', 'by=%3Cb%3EKim+R.');
  expect([pressed.statusCode, pressed.body.includes('&lt;b&gt;Kim R. has it.')]).toEqual([200, true]);
  expect((await server.ask('GET', `/alerts/${id}`)).json()).toMatchObject({
    acknowledged_by: '<b>Kim R.',
    timeline: [{ kind: 'firing' }, { kind: 'acknowledged', note: 'by the link sent to ops' }],
  });
  expect((await ask('GET')).body).not.toContain('<button>');
  // Given back, it asks for somebody again, but not by a link that was used.
  await server.ask('POST', `/alerts/${id}/unacknowledge`);
  expect((await ask('POST')).statusCode).toBe(410);
  expect((await server.ask('GET', `/alerts/${id}`)).json()).toMatchObject({ acknowledged_by: null });
  await ask('POST', '', `/acknowledge/${await link(3)}`);
  expect((await server.ask('GET', `/alerts/${id}`)).json()).toMatchObject({ acknowledged_by: 'link:ops' });
});

it('takes no link that was made up, changed, or is too old', async () => {
  const { id } = await anAlert();
  const old = await sealInvitation(server.state.secrets, { alertId: id, seq: 1, channel: 'ops', sentAt: Date.now() - 8 * 86_400_000 });
  const good = await sealInvitation(server.state.secrets, { alertId: id, seq: 1, channel: 'ops', sentAt: Date.now() });
  const foreign = await server.state.secrets.seal(JSON.stringify([id, 1, 'ops', Date.now()]), 'channel ops');
  for (const token of [old, `${good.slice(0, -2)}xx`, foreign, id, 'v1.00000000.x']) {
    const answer = await server.app.inject({ method: 'POST', url: `/acknowledge/${token}` });
    expect([token, answer.statusCode]).toEqual([token, 404]);
  }
  expect((await server.ask('GET', `/alerts/${id}`)).json()).toMatchObject({ acknowledged_by: null });
});
