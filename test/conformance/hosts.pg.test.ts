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

  test('an agent that is deleted and made anew goes on from its epochs, and no statement of its former life concerns it', async () => {
    await fleet.agents(1);
    const [a, b] = [await fleet.join(), await fleet.join()];
    const lives = [];
    for (let life = 0; life < 4; life += 1) {
      await fleet.agents(1);
      const [claimed] = await fleet.claim(life % 2 === 0 ? a : b);
      if (claimed === undefined) throw new Error('nothing claimed');
      lives.push(claimed);
      if (life < 3) await fleet.database.query(sql`delete from agents where agent_id = ${claimed.agent.agentId}`);
    }
    expect(lives.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    // The second life was this host's as well: a late release of it does not give back the fourth.
    const [, second] = lives;
    if (second === undefined) throw new Error('unreachable');
    expect(await fleet.state.hosts.release(b, [healthy(second, { status: 'stopped' })])).toEqual([]);
    expect(await fleet.state.agents.get(second.agent.agentId)).toMatchObject({ hostId: b, epoch: 4 });
    expect(await fleet.beat(b, [healthy(second)])).toMatchObject({ held: true, lost: [second.agent.agentId], untold: [] });
    const { items } = await fleet.state.ledger.terms.list(second.agent.agentId, { limit: 10 });
    expect(items.map(({ epoch, movedBecause }) => [epoch, movedBecause])).toEqual([[4, 'first start: nobody had held it before']]);
  });

  test('epochs go on whoever deletes, many at once, and with a deletion that commits only while the new agent is made', async () => {
    const ids = await fleet.agents(3);
    const host = await fleet.join();
    await fleet.claim(host);
    await fleet.database.query(sql`update muster.agent_leases set epoch = 40 where agent_id = ${ids[1]}`);
    let made: Promise<unknown> = Promise.resolve();
    await fleet.database.transaction(async (tx) => {
      await tx.query(sql`delete from agents where agent_type = 'probe'`);
      made = fleet.database.query(
        sql`insert into agents (agent_id, agent_name, agent_type, state) values (${ids[0]}, 'Again', 'probe', 'active'), ('probe_new', 'New', 'probe', 'active')`,
      );
      await expect.poll(() => waiting(fleet)).toBeGreaterThan(0);
    });
    await made;
    expect((await fleet.claim(host)).map(({ agent, epoch }) => [agent.agentId, epoch])).toEqual([
      [ids[0], 41],
      ['probe_new', 41],
    ]);
    // Far ahead, and taken back: never mind.
    await fleet.database.query(sql`update muster.agent_leases set epoch = 100000 where agent_id = 'probe_new'`);
    await expect(
      fleet.database.transaction(async (tx) => {
        await tx.query(sql`delete from agents where agent_id = 'probe_new'`);
        throw new Error('on second thoughts');
      }),
    ).rejects.toThrow('on second thoughts');
    expect((await fleet.state.agents.get('probe_new' as AgentId))?.epoch).toBe(100_000);
    await fleet.agents(2);
    expect((await fleet.state.agents.get(ids[1] as AgentId))?.epoch).toBe(100_000);
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

describe('an agent whose row somebody keeps locked', () => {
  test('is told apart from one that is lost by a beat, and left with its host by a release', async () => {
    await fleet.agents(3);
    const host = await fleet.join();
    const [one, two, three] = await fleet.claim(host);
    if (one === undefined || two === undefined || three === undefined) throw new Error('not claimed');
    await fleet.database.transaction(async (tx) => {
      await tx.query(sql`delete from agents where agent_id = ${one.agent.agentId}`);
      const stale = healthy(two, { epoch: (two.epoch + 1) as typeof two.epoch });
      const answer = await fleet.beat(host, [healthy(one), stale, healthy(three)]);
      expect(answer).toMatchObject({ held: true, lost: [two.agent.agentId], untold: [one.agent.agentId] });
      expect(await fleet.state.agents.get(three.agent.agentId)).toMatchObject({ status: 'running' });
      const given = [one, two, three].map((claimed) => healthy(claimed, { status: 'stopped', reason: 'test' }));
      expect(await fleet.state.hosts.release(host, given)).toEqual([one.agent.agentId]);
      expect((await fleet.state.agents.get(two.agent.agentId))?.hostId).toBeNull();
    });
    expect(await fleet.beat(host, [healthy(one)])).toMatchObject({ held: true, lost: [one.agent.agentId], untold: [] });
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

  test('agents whose rows somebody keeps locked stay behind, and anybody finds and frees them later', async () => {
    const ids = await fleet.agents(3);
    const [dead, left, other] = [await fleet.join(), await fleet.join(), await fleet.join()];
    await fleet.claim(dead, 2);
    await fleet.claim(left, 1);
    const [host1, host2] = [
      { agent: ids[0] as AgentId, reason: 'its host was lost, and a transaction held up the agent', status: 'lost' },
      { agent: ids[2] as AgentId, reason: 'its host stopped', status: 'stopped' },
    ];
    const isAdrift = async (): Promise<boolean> => (await surveyFleet(fleet.database, other, ['probe'])).adrift;
    expect(await isAdrift()).toBe(false);
    await fleet.database.transaction(async (tx) => {
      await tx.query(sql`select from muster.agent_leases where agent_id = any (${[host1.agent, host2.agent]}::text[]) for update`);
      expect(await fleet.state.hosts.certifyDead([dead])).toEqual([dead]);
      await fleet.state.hosts.leave(left);
      expect((await fleet.claim(other)).map(({ agent }) => agent.agentId)).toEqual([ids[1]]);
      expect(await isAdrift()).toBe(true);
      expect(await fleet.state.hosts.freeAdrift()).toBe(0);
    });
    // Hosts that ended are forgotten some day: what they left behind is not.
    await fleet.database.query(sql`delete from muster.hosts where host_id = ${dead}`);
    expect(await isAdrift()).toBe(true);
    expect(await fleet.state.hosts.freeAdrift()).toBe(2);
    for (const { agent, reason, status } of [host1, host2])
      expect(await fleet.state.agents.get(agent)).toMatchObject({ hostId: null, epoch: 1, reason, status });
    expect(await isAdrift()).toBe(false);
    expect(await fleet.state.hosts.freeAdrift()).toBe(0);
    expect((await fleet.claim(other)).map(({ epoch }) => epoch)).toEqual([2, 2]);
    const told = await fleet.state.events.list({ type: 'agent:lost' }, { limit: 10 });
    expect(new Set(told.map((event) => event.agentId))).toEqual(new Set(ids.slice(0, 2)));
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
