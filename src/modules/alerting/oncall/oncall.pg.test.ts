import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testFleet, type TestFleet } from '../../../../test/fleet/support/fleet.ts';
import { LocalWakeUps } from '../../../../test/server/support/test-server.ts';
import { until } from '../../../../test/support/until.ts';
import type { AgentContext } from '../../../agent/index.ts';
import { agentId } from '../../../base/ids.ts';
import { sql } from '../../../db/sql.ts';
import { createOutbound } from '../../../outbound/index.ts';
import { acknowledge, listAlerts, timelineOf, toldOf } from '../alerts/alert-store.ts';
import { alertingSystem } from '../alerts/agent.ts';
import { aVerdict, noRules } from '../alerts/testing.ts';
import type { Verdict, VerdictSource } from '../alerts/verdict.ts';
import { calendarReports, refreshCalendars } from './calendar-store.ts';
import { listEscalations } from './escalation-store.ts';
import { policyDocument } from './policy.ts';
import { personDocument, scheduleDocument } from './schedule.ts';
import { peopleOf, putPolicy, putSchedule } from './set-up.ts';

class SaidRules implements VerdictSource {
  pending: Verdict[] = [];

  async evaluate() {
    const changes = this.pending;
    const settle = () => void (this.pending = this.pending.slice(changes.length));
    return { ...(await noRules.evaluate()), changes, rules: new Map([['cpu', { channels: ['ops'] }]]), settle };
  }
}

let fleet: TestFleet;
const rules = new SaidRules();
const wake = new LocalWakeUps();

beforeAll(async () => {
  fleet = await testFleet();
  await fleet.database.query(
    sql`insert into muster.channels (name, type, created_by) values ('ops', 'webhook', 'test'), ('phone', 'webhook', 'test')`,
  );
  await peopleOf(fleet.database).put(personDocument.parse({ name: 'kim', channels: ['phone'], aliases: ['Kim Larsen'] }), 'test');
  const layers = [{ name: 'l', people: ['kim'], starts_at: '2026-01-05T09:00' }];
  await putSchedule(fleet.database, scheduleDocument.parse({ name: 'primary', layers }), 'test');
  await fleet.agents('alerting_system', ['alerting_system'], { group_wait: '0s', settle: '200ms' });
  await fleet.host([alertingSystem(() => rules)], { wake });
  await fleet.untilAgent('alerting_system', 'runs', ({ status }) => status === 'running');
});
afterAll(() => fleet[Symbol.asyncDispose]());

const db = () => fleet.database;
const say = (agent: string, more: Partial<Verdict> = {}): void => {
  const now = Date.now();
  rules.pending.push(aVerdict({ agentId: agent, target: `agent=${agent}`, labels: { agent }, since: now - 1_000, at: now, ...more }));
  wake.hint('samples');
};
const alertOf = async (agent: string) => (await listAlerts(db(), { agentId: agent }, { limit: 1 })).items[0];
const escalationOf = async (agent: string) => {
  const incidentId = (await alertOf(agent))?.incidentId;
  return incidentId === undefined ? undefined : (await listEscalations(db(), { incidentId }, { limit: 1 }))[0];
};
const toldAbout = async (agent: string): Promise<readonly string[]> =>
  (await toldOf(db(), [(await alertOf(agent))?.alertId ?? ''])).map(({ channel, kind }) => `${kind} ${channel}`);
const policy = (wait: string, repeat = 0) =>
  putPolicy(db(), policyDocument.parse({ name: 'p', default: true, steps: [{ wait, notify: ['schedule:primary'] }], repeat }), 'test');
/** As if so much time had passed. */
const makeDue = (agent: string, ago: string) =>
  db().query(sql`update muster.escalations e set due_at = clock_timestamp() - ${ago}::interval from muster.alerts a
    where a.incident_id = e.incident_id and a.agent_id = ${agent} and e.state = 'waiting'`);

it('tells who is on call what nobody takes on, once however late, and that it is over', async () => {
  await policy('1h', 1);
  say('one');
  await until('its timer runs', async () => (await escalationOf('one'))?.state === 'waiting');
  expect(await toldAbout('one')).toEqual(['firing ops']);
  // Nobody looked for a day: a step is taken, and not those that would have followed.
  await makeDue('one', '1 day');
  await until('the step is taken', async () => (await toldAbout('one')).length === 2);
  expect(await toldAbout('one')).toEqual(['firing ops', 'escalated phone']);
  const after = await escalationOf('one');
  expect(after).toMatchObject({ state: 'waiting', step: 0, round: 1, taken: 1 });
  expect((after?.dueAt ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
  expect((await timelineOf(db(), [(await alertOf('one'))?.alertId ?? ''])).map(({ kind }) => kind)).toEqual(['firing', 'escalated']);

  say('one', { state: 'ok', level: null });
  await until('it is over', async () => (await escalationOf('one'))?.state === 'resolved');
  expect((await toldAbout('one')).toSorted()).toEqual(['escalated phone', 'firing ops', 'resolved ops', 'resolved phone']);
});

it('is held by an acknowledgement, and begins anew when that runs out', async () => {
  await policy('1h');
  say('two');
  await until('its timer runs', async () => (await escalationOf('two'))?.state === 'waiting');
  await acknowledge(db(), (await alertOf('two'))?.alertId ?? '', { by: 'kim', forMs: 1_500 });
  wake.hint('alerts');
  await until('it is held', async () => (await escalationOf('two'))?.state === 'acknowledged');
  expect((await escalationOf('two'))?.dueAt).toBeNull();
  await until('it runs again', async () => (await escalationOf('two'))?.state === 'waiting');
  await makeDue('two', '1 second');
  await until('it is taken', async () => (await escalationOf('two'))?.state === 'exhausted');
  expect((await toldAbout('two')).filter((told) => told === 'escalated phone')).toHaveLength(1);
});

it('reads the calendar of a schedule anew, and keeps what it read last while that cannot be had', async () => {
  let answer: { readonly status: number; readonly text: string } = { status: 200, text: '' };
  const server: Server = createServer((_, response) =>
    response.writeHead(answer.status, { 'content-type': 'text/calendar' }).end(answer.text),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const place = server.address();
    const url = `http://127.0.0.1:${typeof place === 'object' && place !== null ? place.port : 0}/team.ics`;
    const outbound = createOutbound({ allowedNetworks: ['127.0.0.0/8'], allowCommands: false });
    const site = { read: (statement) => db().query(statement), transaction: (work) => db().transaction(work) } as AgentContext['sql'];
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    const event = (uid: string, summary: string) =>
      ['BEGIN:VEVENT', `UID:${uid}`, `DTSTART;VALUE=DATE:${day}`, `SUMMARY:${summary}`, 'END:VEVENT'].join('\r\n');
    answer = {
      status: 200,
      text: ['BEGIN:VCALENDAR', event('a', 'Kim Larsen'), event('b', 'Summer party'), 'END:VCALENDAR', ''].join('\r\n'),
    };
    await putSchedule(db(), scheduleDocument.parse({ name: 'team', calendar: { url } }), 'test');
    // The agent would read it as well, between what is made due here and the look, and may not call this address.
    await fleet.state.agents.setState(agentId('alerting_system'), 'paused');
    await fleet.untilAgent('alerting_system', 'rests', ({ status }) => status === 'stopped');
    const read = async () => {
      await db().query(sql`update muster.oncall_calendars set next_at = '-infinity' where schedule = 'team'`);
      await refreshCalendars(site, outbound);
      return (await calendarReports(db())).get('team');
    };
    expect(await read()).toMatchObject({ events: 2, unknown: ['Summer party'], error: null });
    for (const bad of [
      { status: 503, text: '' },
      { status: 200, text: '<html>sign in</html>' },
      { status: 302, text: '' },
    ]) {
      answer = bad;
      const report = await read();
      expect([report?.events, report?.error]).toEqual([2, expect.stringMatching(/status|read/)]);
    }
    await new Promise((resolve) => server.close(resolve));
    expect(await read()).toMatchObject({ events: 2, error: expect.stringContaining('cannot be reached') as string });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
