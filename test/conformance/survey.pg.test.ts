import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentId, HostId } from '../../src/base/ids.ts';
import { sql } from '../../src/db/sql.ts';
import { surveyFleet, type Survey } from '../../src/state/survey.ts';
import { Fleet } from './fixture.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await Fleet.open();
});
afterEach(async () => {
  await fleet[Symbol.asyncDispose]();
});

const look = (host: HostId, options?: { readonly count: boolean }): Promise<Survey> =>
  surveyFleet(fleet.database, host, ['probe'], options);

test('agents that wait are counted with all there is; a fleet at rest is counted for who asks', async () => {
  await fleet.agents(5);
  const [a, b] = [await fleet.join(), await fleet.join()];
  await fleet.claim(a, 3);
  const waiting = await look(b);
  expect(waiting).toMatchObject({ active: 5, claimable: 2 });
  expect(waiting.hosts.find((host) => host.hostId === a)?.agents).toBe(3);
  await fleet.claim(b);
  const atRest = await look(b);
  expect(atRest).toMatchObject({ active: 0, claimable: 0 });
  expect(atRest.hosts.map((host) => host.hostId).toSorted()).toEqual([a, b].toSorted());
  const counted = await look(b, { count: true });
  expect(counted.active).toBe(5);
  expect(counted.hosts.find((host) => host.hostId === a)?.agents).toBe(3);
});

test('the digest of the agents held changes with them, by whatever hand, and not with others or with beats', async () => {
  await fleet.agents(4);
  const [a, b] = [await fleet.join(), await fleet.join()];
  const [one] = await fleet.claim(a, 2);
  const [other] = await fleet.claim(b, 2);
  if (one === undefined || other === undefined) throw new Error('not claimed');
  const digest = async (): Promise<string> => (await look(a)).heldDigest;
  const first = await digest();
  await fleet.beat(a);
  await fleet.state.agents.setConfig(other.agent.agentId, { changed: true });
  expect(await digest()).toBe(first);
  await fleet.database.query(sql`update public.agents set metadata = '{"by": "hand"}' where agent_id = ${one.agent.agentId}`);
  const second = await digest();
  expect(second).not.toBe(first);
  await fleet.state.agents.remove(one.agent.agentId);
  expect(await digest()).not.toBe(second);
});

test('a host that is leaving has no room for anybody', async () => {
  const [a, b] = [await fleet.join({ capacity: 7 }), await fleet.join({ capacity: 7 })];
  await fleet.state.hosts.beat(b, fleet.leaseMs, { leaving: true }, []);
  const capacities = new Map((await look(a)).hosts.map((host) => [host.hostId, host.capacity]));
  expect([capacities.get(a), capacities.get(b)]).toEqual([7, 0]);
});

test('a command that waits is seen by the host that holds its agent', async () => {
  const [id = ''] = await fleet.agents(1);
  const [a, b] = [await fleet.join(), await fleet.join()];
  await fleet.claim(a);
  await fleet.state.commands.submit({ agentId: id as AgentId, command: 'run_now', requestedBy: 'test' });
  expect((await look(a)).commands).toBe(true);
  expect((await look(b)).commands).toBe(false);
});
