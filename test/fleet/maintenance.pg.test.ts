import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { newHostId } from '../../src/base/ids.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Maintenance } from '../../src/fleet/maintenance.ts';
import { createSharedState } from '../../src/state/create-shared-state.ts';
import type { MaintenanceJob } from '../../src/state/maintenance.ts';
import { testDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

async function twoHosts(job: (host: 'a' | 'b') => MaintenanceJob) {
  const db = await testDatabase();
  const make = async (name: 'a' | 'b') => {
    const state = { ...createSharedState(db.database), maintenance: [job(name)] };
    const hostId = newHostId();
    await state.hosts.join({ hostId, hostname: name, pid: 1, processKey: null, version: 'test', labels: {}, capacity: 1, leaseMs: 60_000 });
    return {
      hostId,
      state,
      maintenance: new Maintenance({ state, hostId, clock: systemClock, random: () => 0, log: silentLogger, trusted: () => true }),
    };
  };
  const [a, b] = [await make('a'), await make('b')];
  return {
    a,
    b,
    async [Symbol.asyncDispose]() {
      await Promise.all([a.maintenance.stop(), b.maintenance.stop()]);
      await db[Symbol.asyncDispose]();
    },
  };
}

test('a job runs on one host, every period, and on the other once the first has stopped', async () => {
  const runs: string[] = [];
  await using hosts = await twoHosts((host) => ({ name: 'sweep', everyMs: 20, run: () => Promise.resolve(void runs.push(host)) }));
  await hosts.a.maintenance.start();
  await until('it has run', () => runs.length >= 3);
  await hosts.b.maintenance.start();
  await until('it has run on', () => runs.length >= 10);
  expect(new Set(runs)).toEqual(new Set(['a']));
  await hosts.a.maintenance.stop();
  await until('the other runs it', () => runs.includes('b'));
});

test('a job that fails is tried again next time, and a stop aborts the one under way', async () => {
  let runs = 0;
  let aborted = false;
  await using hosts = await twoHosts(() => ({
    name: 'fragile',
    everyMs: 10,
    run: (signal) => {
      runs += 1;
      if (runs < 3) throw new Error('not yet');
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          aborted = true;
          resolve();
        }),
      );
    },
  }));
  await hosts.a.maintenance.start();
  await until('the third run is under way', () => runs === 3);
  await hosts.a.maintenance.stop();
  expect(aborted).toBe(true);
  expect(await hosts.a.state.leases.list()).toEqual([]);
});
