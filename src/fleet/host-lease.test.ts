import { expect, test } from 'vitest';
import { settled, VirtualClock } from '../agent/virtual-clock.ts';
import { MusterError } from '../base/errors.ts';
import { agentId, epoch, hostId } from '../base/ids.ts';
import { silentLogger } from '../base/logger.ts';
import type { AgentBeat, BeatResult } from '../state/hosts.ts';
import type { SharedState } from '../state/shared-state.ts';
import { FaultLog } from './fault-log.ts';
import { HostLease } from './host-lease.ts';

type Answer = BeatResult | Error | 'never';
const HELD: BeatResult = { held: true, lost: [], untold: [], holding: '', at: 0 };

const idle: AgentBeat = {
  agentId: agentId('an_agent'),
  epoch: epoch(1),
  status: 'running',
  healthScore: 100,
  errorCount: 0,
  runCount: 1,
  lastError: null,
  reason: null,
};

/** A clock whose sleeps end a little early, as timers of whole milliseconds do. */
class HastyClock extends VirtualClock {
  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return super.sleep(ms > 100 ? ms - 0.5 : ms, signal);
  }
}

/** A lease whose beats are answered as the test says, after a delay. */
function leaseWith(
  answer: (beats: readonly AgentBeat[]) => Answer,
  delayMs = 5,
  clock = new VirtualClock(),
  agents: readonly AgentBeat[] = [],
) {
  const told: string[] = [];
  let sent = 0;
  const beat: SharedState['hosts']['beat'] = async (_host, _leaseMs, _load, beats) => {
    sent += 1;
    const given = answer(beats);
    if (given === 'never') return new Promise(() => undefined);
    await clock.sleep(delayMs);
    if (given instanceof Error) throw given;
    return given;
  };
  const lease = new HostLease({
    // Of the state a lease uses the beat alone.
    state: { hosts: { beat } } as unknown as SharedState,
    hostId: hostId('h'),
    beatMs: 2_000,
    leaseMs: 8_000,
    clock,
    random: () => 0.5,
    faults: new FaultLog(silentLogger),
    load: () => ({}),
    beats: () => agents,
    lost: (lost) => told.push(`lost ${lost.map((agent) => agent.agentId).join()}`),
    lapsed: (why) => told.push(`lapsed at ${clock.monotonic()}${why === 'doubted' ? ', doubted' : ''}`),
    confirmed: () => told.push(`confirmed at ${clock.monotonic()}`),
    taken: () => told.push(`taken at ${clock.monotonic()}`),
  });
  return { lease, clock, told, sent: () => sent };
}

/** Stops the lease; a beat that is under way gets its answer. */
async function ended(lease: HostLease, clock: VirtualClock): Promise<void> {
  const stopped = lease.stop();
  await clock.advance(10_000);
  await stopped;
}

const gone = new MusterError('DATABASE_UNREACHABLE', 'gone');

test('beats keep trust, one a period', async () => {
  const { lease, clock, told, sent } = leaseWith(() => HELD);
  await lease.start();
  await clock.advance(60_000);
  expect(lease.trusted).toBe(true);
  expect(told).toEqual(['confirmed at 5']);
  expect(sent()).toBe(31);
  expect(lease.counts).toMatchObject({ missed: 0, failed: 0 });
  await ended(lease, clock);
});

test('without answers trust ends a margin before the lease could, and late confirmation brings it back', async () => {
  let up = true;
  const { lease, clock, told } = leaseWith(() => (up ? HELD : gone));
  await lease.start();
  await clock.advance(10_100);
  up = false;
  await clock.advance(30_000);
  expect(lease.trusted).toBe(false);
  // The last beat that was confirmed was sent at 10,000; its lease ended at 18,005 at the earliest.
  expect(told).toEqual(['confirmed at 5', 'lapsed at 17000']);
  up = true;
  await clock.advance(2_100);
  expect(lease.trusted).toBe(true);
  expect(told).toHaveLength(3);
  expect(lease.counts.failed).toBe(15);
  expect(lease.counts.missed).toBe(1);
  await ended(lease, clock);
});

test('a beat that hangs does not keep the next from being sent, and no more than two hang at once', async () => {
  let hang = false;
  const { lease, clock, sent } = leaseWith(() => (hang ? 'never' : HELD));
  await lease.start();
  await clock.advance(100);
  hang = true;
  await clock.advance(20_000);
  expect(sent()).toBe(3);
  expect(lease.trusted).toBe(false);
});

test('an answer that took longer than the lease gives no trust', async () => {
  const { lease, clock, told } = leaseWith(() => HELD, 9_000);
  await lease.start();
  await clock.advance(60_000);
  expect(lease.trusted).toBe(false);
  expect(told).toEqual([]);
  await ended(lease, clock);
});

test('when the database has other agents under this host all are compared at once, and what is not its own is told', async () => {
  let holding = 'ours';
  const beatsOf: (readonly AgentBeat[])[] = [];
  const { lease, clock, told } = leaseWith(
    (beats) => {
      beatsOf.push(beats);
      return { ...HELD, holding, lost: holding === 'ours' ? [] : beats.map((beat) => beat.agentId) };
    },
    5,
    new VirtualClock(),
    [idle],
  );
  await lease.start();
  await clock.advance(3_000);
  expect(beatsOf.map((beats) => beats.length)).toEqual([1, 0]);
  holding = 'others';
  await clock.advance(1_050);
  expect(beatsOf.map((beats) => beats.length)).toEqual([1, 0, 0, 1]);
  expect(told).toEqual(['confirmed at 5', 'lost an_agent']);
  await ended(lease, clock);
});

test('a lease that was taken is over: no trust, whatever a slower answer says', async () => {
  let held = true;
  const { lease, clock, told } = leaseWith(() => ({ ...HELD, held }));
  await lease.start();
  await clock.advance(4_500);
  held = false;
  await clock.advance(1_600);
  expect(told).toEqual(['confirmed at 5', 'taken at 6005']);
  expect(lease.trusted).toBe(false);
  held = true;
  await clock.advance(20_000);
  expect(lease.trusted).toBe(false);
  expect(told).toHaveLength(2);
  await settled();
  await ended(lease, clock);
});

test('a timer that fires early does not leave trust unwatched', async () => {
  let up = true;
  const { lease, clock, told } = leaseWith(() => (up ? HELD : gone), 5, new HastyClock());
  await lease.start();
  await clock.advance(10_100);
  up = false;
  await clock.advance(30_000);
  expect(told).toEqual(['confirmed at 5', expect.stringMatching(/^lapsed at 1[67]\d{3}/)]);
  await ended(lease, clock);
});

test('a host that others may take for dead believes in its lease until they do, or until a beat that it sends then is confirmed', async () => {
  let up = true;
  const { lease, clock, told, sent } = leaseWith(() => (up ? HELD : gone));
  await lease.start();
  await clock.advance(10_100);
  const before = sent();
  lease.doubt(100);
  await clock.advance(50);
  expect(sent()).toBe(before + 1);
  await clock.advance(1_000);
  expect(lease.trusted).toBe(true);
  up = false;
  lease.doubt(100);
  await clock.advance(200);
  expect(lease.trusted).toBe(false);
  expect(told).toEqual(['confirmed at 5', 'lapsed at 11250, doubted']);
  up = true;
  await clock.advance(3_000);
  expect(lease.trusted).toBe(true);
  await ended(lease, clock);
});

test('a beat that was under way when others began to doubt proves nothing', async () => {
  const { lease, clock } = leaseWith(() => HELD, 1_000);
  await lease.start();
  await clock.advance(8_500);
  expect(lease.trusted).toBe(true);
  lease.doubt(100);
  await clock.advance(600);
  // The beat of 8,000 is answered by now, the one that was sent at once is not.
  expect(lease.trusted).toBe(false);
  await clock.advance(1_000);
  expect(lease.trusted).toBe(true);
  await ended(lease, clock);
});
