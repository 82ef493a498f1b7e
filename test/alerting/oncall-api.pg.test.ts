import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sql } from '../../src/db/sql.ts';
import { builtInModules } from '../../src/modules/built-in.ts';
import { bearer, testServer, type TestServer } from '../server/support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer({ modules: builtInModules });
  await server.database.database.query(sql`insert into muster.channels (name, type, created_by) values ('ops', 'webhook', 'test')`);
});
afterAll(() => server[Symbol.asyncDispose]());

const ask = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, headers?: Readonly<Record<string, string>>) => {
  const answer = await server.ask(method, path, { body, ...(headers === undefined ? {} : { headers }) });
  return { status: answer.statusCode, body: answer.body, json: () => answer.json(), headers: answer.headers };
};

async function anIncident(): Promise<{ readonly id: string; readonly alert: string }> {
  const [id, alert, agent] = [randomUUID(), randomUUID(), `a-${randomUUID().slice(0, 8)}`];
  const { database } = server.database;
  await database.query(sql`
    insert into muster.incidents (incident_id, cause, title, state, level, started_at, detected_at, alerts)
    values (${id}, ${`agent:${agent}`}, 'cpu | <b>high</b>', 'open', 'critical', clock_timestamp() - interval '2 minutes', clock_timestamp(), 1)`);
  await database.query(sql`
    insert into muster.alerts (alert_id, dedup_key, rule, target, labels, agent_id, metric_name, unit, state, level, verdict, value, threshold,
      summary, explanation, channels, subjects, incident_id, started_at, detected_at, updated_at, seq, impact)
    values (${alert}, ${alert}, 'cpu', ${agent}, '{}', ${agent}, 'cpu_ratio', 'ratio', 'firing', 'critical', 'firing', 0.97, 0.9, 'cpu high',
      'cpu_ratio is 0.97', '{ops}', '{}', ${id}, clock_timestamp(), clock_timestamp(), clock_timestamp(), 1, '{}')`);
  await database.query(
    sql`insert into muster.alert_transitions values (${alert}, 1, clock_timestamp(), 'firing', 'critical', null, 'high')`,
  );
  return { id, alert };
}

it('keeps people, schedules and policies, and refuses what names nobody or is named', async () => {
  const person = { name: 'kim', channels: ['ops'], time_zone: 'Europe/Warsaw', aliases: ['kim@example.com'] };
  expect((await ask('POST', '/on-call/people', person)).status).toBe(201);
  expect(await ask('POST', '/on-call/people', person)).toMatchObject({ status: 409 });
  expect((await ask('PUT', '/on-call/people/lee', { name: 'lee' })).json()).toMatchObject({ channels: [], time_zone: 'UTC', revision: 1 });
  expect((await ask('PUT', '/on-call/people/lee', { name: 'lee', time_zone: 'Mars/Olympus' })).json()).toMatchObject({
    errors: [{ pointer: '/time_zone' }],
  });

  const schedule = (people: readonly string[]) => ({
    name: 'primary',
    time_zone: 'Europe/Warsaw',
    layers: [{ name: 'weekly', people, starts_at: '2026-01-05T09:00' }],
  });
  expect((await ask('POST', '/on-call/schedules', schedule(['kim', 'nobody']))).json()).toMatchObject({
    status: 422,
    errors: [{ pointer: '/layers/0/people/1', message: 'there is no person "nobody"' }],
  });
  expect((await ask('POST', '/on-call/schedules', schedule(['kim', 'lee']))).status).toBe(201);
  expect((await ask('POST', '/on-call/schedules', { name: 'empty' })).status).toBe(422);
  expect((await ask('POST', '/on-call/schedules', { name: 'bad', calendar: { text: 'hello' } })).json()).toMatchObject({
    code: 'CALENDAR_INVALID',
  });

  const policy = (name: string, more: object = {}) => ({
    name,
    default: true,
    steps: [{ notify: ['schedule:primary', 'channel:ops'] }],
    ...more,
  });
  expect((await ask('POST', '/escalation-policies', policy('p', { steps: [{ notify: ['schedule:none'] }] }))).json()).toMatchObject({
    errors: [{ pointer: '/steps/0/notify/0' }],
  });
  const made = await ask('POST', '/escalation-policies', policy('p'));
  expect([made.status, made.json()]).toMatchObject([
    201,
    { steps: [{ wait: '5m', rotate: false }], repeat: 0, levels: ['critical', 'emergency'] },
  ]);
  expect((await ask('POST', '/escalation-policies', policy('q'))).json()).toMatchObject({
    status: 409,
    detail: expect.stringContaining('default already') as string,
  });

  expect(
    (
      await ask('PUT', '/escalation-policies/p', policy('p', { repeat: 2 }), {
        ...bearer('a-bootstrap-key-of-the-tests'),
        'if-match': '"7"',
      })
    ).status,
  ).toBe(412);
  expect((await ask('PUT', '/escalation-policies/p', policy('p', { repeat: 2 }))).json()).toMatchObject({ revision: 2, repeat: 2 });
  expect((await ask('DELETE', '/on-call/people/kim')).json()).toMatchObject({
    status: 409,
    detail: expect.stringContaining('schedule primary') as string,
  });
  expect((await ask('DELETE', '/on-call/schedules/primary')).json()).toMatchObject({
    status: 409,
    detail: expect.stringContaining('policy p') as string,
  });
  expect((await ask('POST', '/rules', { name: 'r', metric_name: 'm', threshold: 1, escalation: 'p' })).status).toBe(201);
  expect((await ask('DELETE', '/escalation-policies/p')).json()).toMatchObject({ detail: expect.stringContaining('rule r') as string });
  expect((await ask('DELETE', '/escalation-policies/none')).status).toBe(404);
});

it('says who is on call now and next, with overrides, as shifts and as a calendar', async () => {
  const now = (await ask('GET', '/on-call')).json();
  expect(now.items).toMatchObject([{ schedule: 'primary', now: { by: 'weekly' }, next: { by: 'weekly' }, gap_seconds: 0, calendar: null }]);
  const [onCall, other] = [now.items[0].now.people[0], now.items[0].next.people[0]];
  expect(new Set([onCall, other])).toEqual(new Set(['kim', 'lee']));

  const made = (await ask('POST', '/on-call/schedules/primary/overrides', { person: other, duration: '2h', reason: 'dentist' })).json();
  expect(made).toMatchObject({ schedule: 'primary', person: other, created_by: 'bootstrap' });
  expect((await ask('GET', '/on-call')).json().items[0]).toMatchObject({
    now: { people: [other], by: 'override' },
    next: { people: [onCall] },
  });
  expect((await ask('GET', '/on-call/schedules/primary/overrides')).json().items).toHaveLength(1);
  expect((await ask('DELETE', `/on-call/overrides/${made.override_id}`)).status).toBe(204);
  expect((await ask('DELETE', `/on-call/overrides/${made.override_id}`)).status).toBe(404);
  expect((await ask('GET', '/on-call')).json().items[0].now.people).toEqual([onCall]);
  for (const body of [{ person: 'nobody', duration: '1h' }, { person: 'kim' }, { person: 'kim', ends_at: '2020-01-01T00:00:00Z' }])
    expect((await ask('POST', '/on-call/schedules/primary/overrides', body)).status).toBe(422);
  expect((await ask('POST', '/on-call/schedules/none/overrides', { person: 'kim', duration: '1h' })).status).toBe(404);

  // The week in which clocks are set forward is an hour shorter.
  const shifts = (await ask('GET', '/on-call/schedules/primary/shifts?from=2026-03-23T08:00:00Z&to=2026-03-30T07:00:00Z')).json();
  expect(shifts.items).toHaveLength(1);
  expect((await ask('GET', '/on-call/schedules/primary/shifts?from=2025-12-01&to=2025-12-02')).json().items).toEqual([
    { from: '2025-12-01T00:00:00.000Z', to: '2025-12-02T00:00:00.000Z', people: [], by: null },
  ]);
  expect((await ask('GET', '/on-call/schedules/primary/shifts?from=2026-01-01&to=2028-01-01')).status).toBe(422);

  const feed = await ask('GET', '/on-call/schedules/primary/calendar.ics');
  expect(feed.headers['content-type']).toBe('text/calendar; charset=utf-8');
  const read = { name: 'mirror', time_zone: 'UTC', calendar: { text: feed.body } };
  expect((await ask('POST', '/on-call/schedules', read)).status).toBe(201);
});

it('lets people escalate by hand, take on, and note; and tells all of it in one line of time', async () => {
  const { alert, id } = await anIncident();
  expect((await ask('POST', `/incidents/${id}/escalate`, { policy: 'none' })).json()).toMatchObject({ errors: [{ pointer: '/policy' }] });
  expect((await ask('POST', `/incidents/${randomUUID()}/escalate`, { policy: 'p' })).status).toBe(404);
  const escalated = (await ask('POST', `/incidents/${id}/escalate`, { policy: 'p' })).json();
  expect(escalated).toMatchObject({ incident_id: id, policy: 'p', by_hand: true, state: 'waiting', next_step: 1, round: 1 });
  // Times are cut to milliseconds.
  expect(Math.abs(Date.parse(escalated.due_at) - Date.parse(escalated.started_at) - 300_000)).toBeLessThanOrEqual(1);
  expect((await ask('GET', `/escalations?state=waiting&incident_id=${id}`)).json().items).toHaveLength(1);
  expect((await ask('GET', '/escalations?limit=1')).json()).toMatchObject({ next_cursor: null });

  expect((await ask('POST', `/incidents/${id}/acknowledge`, { by: 'kim', for: '1h', note: 'looking' })).json()).toMatchObject({
    alerts: [{ alert_id: alert, acknowledged_by: 'kim' }],
  });
  expect((await ask('POST', `/incidents/${id}/acknowledge`, {})).status).toBe(409);
  expect((await ask('POST', `/incidents/${randomUUID()}/acknowledge`, {})).status).toBe(404);
  await server.database.database.query(sql`
    insert into muster.recovery_actions (name, source, definition, ceiling, idempotent, approver, runs_an_hour, runs_an_hour_a_target, most_targets,
      cooldown_ms, longest_cooldown_ms, approval_ms)
    values ('restart_agent', 'shipped', '{}', 'auto', true, 'operator', 6, 3, 5, 1, 1, 1)`);
  await server.database.database.query(sql`
    insert into muster.recovery_runs (idempotency_key, action, target, target_group, level, state, alert_id, because, proposed_by, expires_at, hold_ms, verify_ms)
    values (${id}, 'restart_agent', 'agent=a1', 'agents', 'critical', 'proposed', ${alert}, 'because', 'self_healing', clock_timestamp(), 1, 1)`);
  const note = await ask('POST', `/incidents/${id}/notes`, { text: 'It was the\n| <b>disk</b>', by: 'lee' });
  expect([note.status, note.json()]).toMatchObject([201, { author: 'lee', incident_id: id }]);
  expect((await ask('POST', `/incidents/${randomUUID()}/notes`, { text: 'x' })).status).toBe(404);
  const { items } = (await ask('GET', `/incidents/${id}/timeline`)).json();
  expect(items.map(({ actor, kind, what }: Record<string, string>) => [kind, what, actor])).toEqual([
    ['alert', 'firing', null],
    ['alert', 'acknowledged', 'kim'],
    ['healing', 'proposed', 'self_healing'],
    ['note', 'note', 'lee'],
  ]);
  const document = await ask('GET', `/incidents/${id}/postmortem`);
  expect(document.body).toContain('> It was the \\| \\<b\\>disk\\</b\\>');
  expect(document.body).toContain('healing proposed: restart\\_agent at agent=a1');
  expect(document.body).toMatch(/Acknowledged \| .* by kim/);
  expect(document.body).toContain('| Escalation steps taken | 0 |');

  const viewer = bearer(await server.key('viewer'));
  expect((await ask('GET', '/on-call', undefined, viewer)).status).toBe(200);
  for (const [path, body] of [
    ['notes', { text: 'x' }],
    ['escalate', { policy: 'p' }],
    ['acknowledge', {}],
  ] as const)
    expect((await ask('POST', `/incidents/${id}/${path}`, body, viewer)).status).toBe(403);
});
