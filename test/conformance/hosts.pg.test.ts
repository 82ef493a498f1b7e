import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MusterError } from '../../src/base/errors.ts';
import type { AgentId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { fenced } from '../../src/state/fence.ts';
import { surveyFleet } from '../../src/state/survey.ts';
import { Fleet, healthy } from './fixture.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await Fleet.open();
});
afterEach(async () => {
  await fleet[Symbol.asyncDispose]();
});

describe('claiming', () => {
  test('two hosts that claim at once share the agents, none is held twice', async () => {
    await fleet.agents(40);
    const [a, b] = [await fleet.join(), await fleet.join()];
    const claims = await Promise.all(Array.from({ length: 8 }, (_, i) => fleet.claim(i % 2 === 0 ? a : b, 10)));
    const ids = claims.flat().map((c) => c.agent.agentId);
    expect(new Set(ids).size).toBe(ids.length);
    const rest = [...(await fleet.claim(a)), ...(await fleet.claim(b))];
    expect(ids.length + rest.length).toBe(40);
  });

  test('every holder has an epoch of its own, greater than the one before', async () => {
    await fleet.agents(1);
    const [a, b] = [await fleet.join(), await fleet.join()];
    const [first] = await fleet.claim(a);
    if (first === undefined) throw new Error('nothing claimed');
    await fleet.state.hosts.release(a, [healthy(first, { status: 'stopped', reason: 'test' })]);
    const [second] = await fleet.claim(b);
    expect(second?.epoch).toBe(first.epoch + 1);
  });

  test('inactive agents, paused agents and types a host does not know are left alone', async () => {
    await fleet.agents(1);
    await fleet.agents(1, 'other');
    await fleet.state.agents.setState('probe_00000' as AgentId, 'inactive');
    const host = await fleet.join();
    expect(await fleet.claim(host)).toEqual([]);
  });

  test('a host whose lease has run out takes nothing', async () => {
    await fleet.agents(1);
    const host = await fleet.join();
    await fleet.silence(host, 20_000);
    expect(await fleet.claim(host)).toEqual([]);
  });
});

describe('beats', () => {
  test('a beat renews the lease and shows what each agent reports', async () => {
    await fleet.agents(2);
    const host = await fleet.join();
    const [one, two] = await fleet.claim(host);
    if (one === undefined || two === undefined) throw new Error('not claimed');
    const result = await fleet.beat(host, [
      healthy(one),
      healthy(two, { status: 'degraded', healthScore: 40, errorCount: 3, lastError: 'boom' }),
    ]);
    expect(result).toMatchObject({ held: true, lost: [] });
    const shown = await fleet.state.agents.get(two.agent.agentId);
    expect(shown).toMatchObject({ status: 'degraded', healthScore: 40, errorCount: 3, lastError: 'boom', hostId: host, epoch: two.epoch });
    expect(shown?.lastHeartbeatAt).toBeGreaterThan(Date.now() - 60_000);
  });

  test('history keeps one row a minute and one for each change of status, not every beat', async () => {
    await fleet.agents(1);
    const host = await fleet.join();
    const [agent] = await fleet.claim(host);
    if (agent === undefined) throw new Error('not claimed');
    await fleet.database.query(sql`update muster.agent_leases set last_heartbeat_at = date_trunc('minute', clock_timestamp())`);
    for (const status of ['running', 'running', 'running', 'degraded', 'degraded', 'running'] as const) {
      await fleet.beat(host, [healthy(agent, { status })]);
    }
    const { items } = await fleet.state.heartbeats.list({ agentId: agent.agent.agentId }, { limit: 100 });
    const changes = items.map((h) => h.status).toReversed();
    // A minute boundary inside the test may add one row.
    expect(changes.filter((s, i) => s !== changes[i - 1])).toEqual(['running', 'degraded', 'running']);
    expect(items.length).toBeLessThanOrEqual(4);
  });

  test('a late beat still counts while nobody has taken the lease', async () => {
    const host = await fleet.join();
    await fleet.silence(host, 60_000);
    expect((await fleet.beat(host)).held).toBe(true);
    expect(await fleet.state.hosts.expire()).toEqual([]);
  });

  test('a beat counts for the agents that have nothing new to report, once they have reported under this host', async () => {
    await fleet.agents(2);
    const host = await fleet.join();
    const [told, silent] = await fleet.claim(host);
    if (told === undefined || silent === undefined) throw new Error('not claimed');
    await fleet.beat(host, [healthy(told)]);
    const first = (await fleet.state.agents.get(told.agent.agentId))?.lastHeartbeatAt ?? 0;
    await fleet.beat(host);
    const second = (await fleet.state.agents.get(told.agent.agentId))?.lastHeartbeatAt ?? 0;
    expect(second).toBeGreaterThan(first);
    expect((await fleet.state.agents.get(silent.agent.agentId))?.lastHeartbeatAt).toBeNull();
    // Whoever takes the agents away leaves known when they were last heard.
    await fleet.state.hosts.certifyDead([host]);
    expect(await fleet.state.agents.get(told.agent.agentId)).toMatchObject({ status: 'lost', hostId: null, lastHeartbeatAt: second });
    expect((await fleet.state.agents.get(silent.agent.agentId))?.lastHeartbeatAt).toBeNull();
  });

  test('a beat tells by a sum whether the agents held are still the same, at the same epochs', async () => {
    await fleet.agents(3);
    const [host, other] = [await fleet.join(), await fleet.join()];
    const [one, two, three] = await fleet.claim(host);
    if (one === undefined || two === undefined || three === undefined) throw new Error('not claimed');
    const holding = async (): Promise<string> => (await fleet.beat(host)).holding;
    const seen = [await holding()];
    await fleet.beat(host, [healthy(one, { status: 'degraded', runCount: 9 })]);
    expect(await holding()).toBe(seen[0]);
    await fleet.state.hosts.release(host, [healthy(three, { status: 'stopped' })]);
    seen.push(await holding());
    // Taken over and given back behind its back: the same agent at another epoch.
    await fleet.claim(other);
    await fleet.database.query(sql`update muster.agent_leases set host_id = ${host} where agent_id = ${three.agent.agentId}`);
    seen.push(await holding());
    await fleet.state.agents.remove(two.agent.agentId);
    seen.push(await holding());
    expect(new Set(seen).size).toBe(4);
  });

  test('a beat names the agents that are no longer this host’s at that epoch', async () => {
    await fleet.agents(2);
    const host = await fleet.join();
    const [one, two] = await fleet.claim(host);
    if (one === undefined || two === undefined) throw new Error('not claimed');
    await fleet.state.agents.remove(two.agent.agentId);
    const stale = healthy(one, { epoch: (one.epoch - 1) as typeof one.epoch });
    expect(await fleet.beat(host, [stale, healthy(two)])).toMatchObject({ held: true, lost: [one.agent.agentId, two.agent.agentId] });
  });
});

describe('expiry', () => {
  test('the agents of a silent host are freed, and its next beat tells it so', async () => {
    await fleet.agents(3);
    const [silent, other] = [await fleet.join(), await fleet.join()];
    const claimed = await fleet.claim(silent);
    await fleet.silence(silent, 10_000);
    expect(await fleet.state.hosts.expire()).toEqual([silent]);
    expect(
      await fleet.beat(
        silent,
        claimed.map((c) => healthy(c)),
      ),
    ).toMatchObject({ held: false });
    const taken = await fleet.claim(other);
    expect(taken.map((c) => c.epoch)).toEqual(claimed.map((c) => c.epoch + 1));
    const lost = await fleet.state.events.list({ type: 'agent:lost' }, { limit: 10 });
    expect(lost).toHaveLength(3);
  });

  test('after an outage of the database nobody is declared dead for one lease', async () => {
    const [a, b] = [await fleet.join(), await fleet.join()];
    await fleet.outage(60_000);
    expect(await fleet.state.hosts.expire()).toEqual([]);
    await fleet.beat(a);
    expect(await fleet.state.hosts.expire()).toEqual([]);
    await fleet.database.query(sql`update muster.fleet_clock set grace_until = clock_timestamp() - interval '1 second'`);
    expect(await fleet.state.hosts.expire()).toEqual([b]);
  });

  test('a clock that went back leaves no dead host alive for ever and no live one dead', async () => {
    const [dead, live] = [await fleet.join(), await fleet.join()];
    // An hour was taken back: all that is stored lies in the future.
    await fleet.database.query(
      sql`update muster.hosts set last_beat_at = last_beat_at + interval '1 hour', expires_at = expires_at + interval '1 hour'`,
    );
    await fleet.database.query(sql`update muster.fleet_clock set last_tick_at = last_tick_at + interval '1 hour'`);
    expect(await fleet.state.hosts.expire()).toEqual([]);
    await fleet.beat(live);
    expect(await fleet.state.hosts.expire()).toEqual([]);
    await fleet.database.query(sql`update muster.fleet_clock set grace_until = clock_timestamp() - interval '1 second'`);
    expect(await fleet.state.hosts.expire()).toEqual([dead]);
  });

  test('a host whose beat lies in the future shows as overdue, so that somebody asks for its end; one a little ahead does not', async () => {
    const [dead, live] = [await fleet.join(), await fleet.join()];
    await fleet.database.query(
      sql`update muster.hosts set last_beat_at = last_beat_at + interval '1 hour', expires_at = expires_at + interval '1 hour' where host_id = ${dead}`,
    );
    await fleet.database.query(sql`update muster.hosts set last_beat_at = last_beat_at + interval '1.5 seconds' where host_id = ${live}`);
    const { hosts } = await surveyFleet(fleet.database, live, []);
    expect(hosts.filter((host) => host.overdue).map((host) => host.hostId)).toEqual([dead]);
    expect(await fleet.state.hosts.expire()).toEqual([dead]);
  });

  test('a neighbour’s certificate ends a lease at once', async () => {
    await fleet.agents(1);
    const [dead, live] = [await fleet.join(), await fleet.join()];
    await fleet.claim(dead);
    expect(await fleet.state.hosts.certifyDead([dead])).toEqual([dead]);
    expect(await fleet.claim(live)).toHaveLength(1);
  });
});

describe('fence', () => {
  const writeAs = (holder: Awaited<ReturnType<Fleet['claim']>>[number], host: Awaited<ReturnType<Fleet['join']>>): Promise<unknown> =>
    fleet.state.systemState.set('fenced', host, { hostId: host, agentId: holder.agent.agentId, epoch: holder.epoch });

  test('a former holder’s write is refused and leaves nothing behind', async () => {
    await fleet.agents(1);
    const [former, next] = [await fleet.join(), await fleet.join()];
    const [claimed] = await fleet.claim(former);
    if (claimed === undefined) throw new Error('not claimed');
    await writeAs(claimed, former);
    await fleet.silence(former, 10_000);
    await fleet.state.hosts.expire();
    await expect(writeAs(claimed, former)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    const [taken] = await fleet.claim(next);
    if (taken === undefined) throw new Error('not taken over');
    await writeAs(taken, next);
    await expect(writeAs(claimed, former)).rejects.toBeInstanceOf(MusterError);
    expect((await fleet.state.systemState.get('fenced'))?.value).toBe(next);
  });

  test('a take-over waits for a fenced write under way, a beat does not', async () => {
    await fleet.agents(1);
    const host = await fleet.join();
    const [claimed] = await fleet.claim(host);
    if (claimed === undefined) throw new Error('not claimed');
    const order: string[] = [];
    let takeover: Promise<unknown> = Promise.resolve();
    await fenced(fleet.database, host, [{ hostId: host, agentId: claimed.agent.agentId, epoch: claimed.epoch }], async (tx) => {
      expect((await fleet.beat(host, [healthy(claimed)])).held).toBe(true);
      takeover = fleet.state.hosts.leave(host).then(() => order.push('left'));
      await tx.query(sql`insert into muster.system_state (key, value) values ('in flight', 'true')`);
      await expect.poll(() => waiting(fleet)).toBeGreaterThan(0);
      order.push('written');
    });
    await takeover;
    expect(order).toEqual(['written', 'left']);
  });

  test('one stale agent refuses the whole transaction', async () => {
    await fleet.agents(2);
    const host = await fleet.join();
    const [one, two] = await fleet.claim(host);
    if (one === undefined || two === undefined) throw new Error('not claimed');
    const fences = [one, { ...two, epoch: (two.epoch + 1) as typeof two.epoch }].map((c) => ({
      hostId: host,
      agentId: c.agent.agentId,
      epoch: c.epoch,
    }));
    await expect(fenced(fleet.database, host, fences, async () => 'written')).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  test('events of an agent that has moved on are refused and counted', async () => {
    await fleet.agents(2);
    const host = await fleet.join();
    const [one, two] = await fleet.claim(host);
    if (one === undefined || two === undefined) throw new Error('not claimed');
    const result = await fleet.state.events.appendFenced(host, [
      { type: 'probe:seen', agentId: one.agent.agentId, hostId: host, epoch: one.epoch },
      { type: 'probe:seen', agentId: two.agent.agentId, hostId: host, epoch: (two.epoch - 1) as typeof two.epoch },
    ]);
    expect(result).toEqual({ refused: 1 });
  });
});

/** Sessions of this database that wait for a lock. */
async function waiting(on: Fleet): Promise<number> {
  const row = await on.database.one<{ count: number }>(
    sql`select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return row?.count ?? 0;
}
