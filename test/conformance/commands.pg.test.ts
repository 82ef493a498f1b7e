import { afterEach, beforeEach, expect, test } from 'vitest';
import { agentId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { surveyFleet } from '../../src/state/survey.ts';
import { Fleet, healthy } from './fixture.ts';

let fleet: Fleet;
const probe = agentId('probe_00000');
beforeEach(async () => {
  fleet = await Fleet.open();
  await fleet.agents(1);
});
afterEach(async () => {
  await fleet[Symbol.asyncDispose]();
});

const restart = (overrides: object = {}): Parameters<Fleet['state']['commands']['submit']>[0] => ({
  agentId: probe,
  command: 'restart',
  requestedBy: 'test',
  ...overrides,
});

test('a command waits for the host that holds the agent, runs once and keeps its result', async () => {
  const { commands } = fleet.state;
  const submitted = await commands.submit(restart());
  expect(submitted.state).toBe('pending');
  const [holder, other] = [await fleet.join(), await fleet.join()];
  await fleet.claim(holder);
  expect(await commands.claim(other, 10)).toEqual([]);
  const claims = await Promise.all([commands.claim(holder, 10), commands.claim(holder, 10)]);
  expect(claims.flat().map((c) => c.commandId)).toEqual([submitted.commandId]);
  await commands.finish(holder, submitted.commandId, { result: { restarted: true } });
  expect(await commands.get(submitted.commandId)).toMatchObject({ state: 'done', result: { restarted: true } });
});

test('a command that was claimed with an answer that got lost is given to its host again, and to no other', async () => {
  const { commands } = fleet.state;
  const { commandId } = await commands.submit(restart());
  const [holder, other] = [await fleet.join(), await fleet.join()];
  await fleet.claim(holder);
  await commands.claim(holder, 10, []);
  expect((await surveyFleet(fleet.database, holder, [])).commands).toBe(true);
  expect((await surveyFleet(fleet.database, other, [])).commands).toBe(false);
  expect(await commands.claim(other, 10, [])).toEqual([]);
  expect(await commands.claim(holder, 10, [commandId])).toEqual([]);
  expect((await commands.claim(holder, 10, [])).map((c) => c.commandId)).toEqual([commandId]);
});

test('start, stop, pause and resume set the desired state and are done', async () => {
  for (const [command, state] of [
    ['pause', 'paused'],
    ['resume', 'active'],
    ['stop', 'inactive'],
    ['start', 'active'],
  ] as const) {
    const record = await fleet.state.commands.submit(restart({ command }));
    expect(record).toMatchObject({ state: 'done', result: { state } });
    expect((await fleet.state.agents.get(probe))?.state).toBe(state);
  }
});

test('reconfigure replaces the configuration and is done, also for an agent that nobody runs', async () => {
  const { agents, commands } = fleet.state;
  await agents.setState(probe, 'inactive');
  const record = await commands.submit(restart({ command: 'reconfigure', payload: { limit: 5 } }));
  expect(record).toMatchObject({ state: 'done', result: { config: { limit: 5 } } });
  expect((await agents.get(probe))?.config).toEqual({ limit: 5 });
});

test('plain SQL commands as well: what is desired at once, the rest through the host, and an agent that would not hear is an error', async () => {
  const insert = (command: string, payload: object = {}) =>
    fleet.database.one<{ command_id: string; state: string; result: unknown }>(sql`
      insert into muster.commands (agent_id, command, payload, requested_by) values (${probe}, ${command}, ${JSON.stringify(payload)}::jsonb, 'sql')
      returning command_id, state, result`);
  expect(await insert('stop')).toMatchObject({ state: 'done', result: { state: 'inactive' } });
  expect((await fleet.state.agents.get(probe))?.state).toBe('inactive');
  await expect(insert('run_now')).rejects.toThrow(/probe_00000 is inactive: nobody would hear "run_now"/);
  expect(await insert('reconfigure', { limit: 6 })).toMatchObject({ state: 'done', result: { config: { limit: 6 } } });
  expect(await insert('start')).toMatchObject({ state: 'done', result: { state: 'active' } });
  const host = await fleet.join();
  await fleet.claim(host);
  const waiting = await insert('run_now');
  expect(waiting?.state).toBe('pending');
  expect((await fleet.state.commands.claim(host, 10)).map((c) => c.commandId)).toEqual([waiting?.command_id]);
});

test('an open command with the same key is the same command, a finished one is not', async () => {
  const { commands } = fleet.state;
  const first = await commands.submit(restart({ dedupeKey: 'k' }));
  expect((await commands.submit(restart({ dedupeKey: 'k' }))).commandId).toBe(first.commandId);
  const host = await fleet.join();
  await fleet.claim(host);
  await commands.claim(host, 10);
  await commands.finish(host, first.commandId, {});
  expect((await commands.submit(restart({ dedupeKey: 'k' }))).commandId).not.toBe(first.commandId);
});

test('the result of a host that has lost the agent is refused, and the next holder runs the command', async () => {
  const { commands, hosts } = fleet.state;
  const { commandId } = await commands.submit(restart());
  const [former, next] = [await fleet.join(), await fleet.join()];
  const [claimed] = await fleet.claim(former);
  if (claimed === undefined) throw new Error('not claimed');
  await commands.claim(former, 10);
  await hosts.release(former, [healthy(claimed, { status: 'stopped' })]);
  await expect(commands.finish(former, commandId, {})).rejects.toMatchObject({ code: 'LEASE_LOST' });
  await fleet.claim(next);
  expect(await commands.sweep()).toBe(1);
  expect((await commands.claim(next, 10)).map((c) => c.commandId)).toEqual([commandId]);
});

test('a command nobody carried out in time expires', async () => {
  const { commandId } = await fleet.state.commands.submit(restart({ ttlMs: 0 }));
  expect(await fleet.state.commands.sweep()).toBe(1);
  expect((await fleet.state.commands.get(commandId))?.state).toBe('expired');
});

test('an unknown agent and an inactive one are clear errors', async () => {
  await expect(fleet.state.commands.submit(restart({ agentId: agentId('nobody') }))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await fleet.state.agents.setState(probe, 'inactive');
  await expect(fleet.state.commands.submit(restart())).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('pages list every command once, newest first', async () => {
  for (let n = 0; n < 5; n += 1) await fleet.state.commands.submit(restart({ payload: { n } }));
  await fleet.database.query(sql`update muster.commands set created_at = date_trunc('minute', created_at)`);
  const seen: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await fleet.state.commands.list({ agentId: probe }, cursor === undefined ? { limit: 2 } : { limit: 2, cursor });
    seen.push(...page.items.map((c) => c.commandId));
    cursor = page.nextCursor;
  }
  expect(new Set(seen).size).toBe(5);
  expect(seen).toHaveLength(5);
});
