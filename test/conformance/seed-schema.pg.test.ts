import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agentId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { Fleet, healthy } from './fixture.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await Fleet.open();
});
afterEach(async () => {
  await fleet[Symbol.asyncDispose]();
});

describe('plain SQL on the five tables', () => {
  test('agents: insert, upsert, update, delete', async () => {
    const { database } = fleet;
    await database.query(sql`insert into agents (agent_id, agent_name, agent_type) values ('mine', 'Mine', 'probe')`);
    await database.query(sql`insert into agents (agent_id, agent_name, agent_type, state, metadata) values ('mine', 'Mine', 'probe', 'active', '{"a": 1}')
      on conflict (agent_id) do update set state = excluded.state, metadata = excluded.metadata`);
    expect(await fleet.state.agents.get(agentId('mine'))).toMatchObject({
      state: 'active',
      status: 'stopped',
      metadata: { a: 1 },
      epoch: 0,
    });
    const touched = await database.one<{ later: boolean }>(
      sql`update agents set state = 'inactive' where agent_id = 'mine' returning updated_at > created_at as later`,
    );
    expect(touched?.later).toBe(true);
    expect((await database.query(sql`delete from agents where agent_id = 'mine'`)).count).toBe(1);
    expect(await fleet.state.agents.get(agentId('mine'))).toBeUndefined();
  });

  test('agents: a state that does not exist is refused', async () => {
    await expect(
      fleet.database.query(sql`insert into agents (agent_id, agent_name, agent_type, state) values ('x', 'X', 'probe', 'flying')`),
    ).rejects.toThrow();
  });

  test('agents: lease columns are not there to be touched', async () => {
    await expect(fleet.database.query(sql`update agents set epoch = 7`)).rejects.toThrow(/epoch/);
  });

  test('the eight slots are there, inactive and available, and activation occupies one', async () => {
    const slots = await fleet.database.query<{ agent_id: string }>(
      sql`select agent_id from agents where slot_status = 'available' and state = 'inactive' order by agent_id`,
    );
    expect(slots.rows.map((r) => r.agent_id)).toEqual([
      'self_healing_agent',
      'slot_business_intelligence',
      'slot_custom_agent',
      'slot_data_processor',
      'slot_integration_hub',
      'slot_ml_analytics',
      'slot_placeholder_n',
      'slot_security_monitor',
    ]);
    const manifest = { agentType: 'x', name: 'X', description: 'X', capabilities: {}, schedule: null, takesConfig: false };
    await fleet.state.implementations.register({ name: 'x', code: '', hash: '0'.repeat(64), manifest, registeredBy: 'test' });
    await fleet.database.query(
      sql`update agents set state = 'active', metadata = metadata || '{"implementation": "x"}' where agent_id = 'slot_custom_agent'`,
    );
    expect(await fleet.state.agents.get(agentId('slot_custom_agent'))).toMatchObject({ state: 'active', slotStatus: 'occupied' });
    expect(await fleet.state.agents.setState(agentId('slot_custom_agent'), 'inactive')).toMatchObject({ slotStatus: 'available' });
  });

  test('agent_heartbeats: what hosts write is read, and rows of one’s own are kept', async () => {
    await fleet.agents(1);
    const host = await fleet.join();
    const [claimed] = await fleet.claim(host);
    if (claimed === undefined) throw new Error('not claimed');
    await fleet.beat(host, [healthy(claimed)]);
    await fleet.database.query(sql`insert into agent_heartbeats (agent_id, timestamp, status, health_score, metrics)
      values ('probe_00000', now(), 'running', 87.5, '{"cpu": 0.2}')`);
    const { rows } = await fleet.database.query<{ status: string; score: number }>(
      sql`select status, health_score::float8 as score from agent_heartbeats where agent_id = 'probe_00000' and timestamp > now() - interval '1 minute' order by id`,
    );
    expect(rows).toEqual([
      { status: 'running', score: 100 },
      { status: 'running', score: 87.5 },
    ]);
  });

  test('system_state: written by SQL, read by agents, and back', async () => {
    await fleet.database.query(sql`insert into system_state (key, value, updated_by) values ('mode', '"calm"', 'me')
      on conflict (key) do update set value = excluded.value`);
    expect(await fleet.state.systemState.get('mode')).toMatchObject({ value: 'calm', updatedBy: 'me', revision: 1 });
    await fleet.state.systemState.set('mode', { now: 'busy' }, 'operator', { revision: 1 });
    await expect(fleet.state.systemState.set('mode', 1, 'operator', { revision: 1 })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    const row = await fleet.database.one<{ value: unknown; updated_by: string }>(
      sql`select value, updated_by from system_state where key = 'mode'`,
    );
    expect(row).toEqual({ value: { now: 'busy' }, updated_by: 'operator' });
  });

  test('help_requests: a request starts as pending with an id of its own', async () => {
    const row = await fleet.database.one<{ status: string; id: string }>(
      sql`insert into help_requests (user_id, content, context) values ('me', 'why?', '{}') returning id, status`,
    );
    expect(row?.status).toBe('pending');
    expect(row?.id).toMatch(/^[0-9a-f-]{36}$/);
  });
});

test('named leases: one holder at a time, the epoch counts holders, a lost host’s lease is free', async () => {
  const { leases, hosts } = fleet.state;
  const [a, b] = [await fleet.join(), await fleet.join()];
  const first = await leases.acquire('job:x', a, 8_000);
  expect(first?.epoch).toBe(1);
  expect(await leases.acquire('job:x', b, 8_000)).toBeUndefined();
  expect((await leases.acquire('job:x', a, 8_000))?.epoch).toBe(1);
  await hosts.certifyDead([a]);
  const second = await leases.acquire('job:x', b, 8_000);
  expect(second?.epoch).toBe(2);
  expect(await leases.acquire('job:x', a, 8_000)).toBeUndefined();
  if (second !== undefined) await leases.release(second);
  expect(await leases.list()).toEqual([]);
});
