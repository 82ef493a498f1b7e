import { afterAll, beforeAll, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { partitionsOf } from '../../../db/partitions.ts';
import { dayOfDate } from '../run/days.ts';
import { TracePartitions } from './partitions.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test[Symbol.asyncDispose]());

it('many servers that need the same partition at the same moment find it', async () => {
  const day = dayOfDate('2026-11-26');
  // Each as a server of its own, so that nobody waits for another in this process.
  const servers = Array.from({ length: 5 }, () => new TracePartitions(test.database));
  for (const keepDays of [77, 78, 79]) {
    await Promise.all(servers.map((server) => server.ensure(keepDays, day)));
    expect(await partitionsOf(test.database, `trace_runs_k${keepDays}`)).toEqual([`trace_runs_k${keepDays}_20261126`]);
    expect(servers.every((server) => server.has(keepDays, day))).toBe(true);
  }
});
