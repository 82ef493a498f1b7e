import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SILENCE_LEASES } from '../../../src/state/hosts.ts';
import { StoreModel, type Flaws } from '../../simulation/store-model.ts';
import { LEASE_MS } from '../../simulation/timing.ts';
import { RealStore } from './real-store.ts';
import { begin, sequences } from './steps.ts';

/** So many sequences in a full run, a third of it in a plain one: MUSTER_MODEL_RUNS asks for more. */
const RUNS = Number(process.env['MUSTER_MODEL_RUNS'] ?? (process.env['MUSTER_TEST_FULL'] === '1' ? 150 : 50));
/** What a failure prints, to see it again. */
const SEED = process.env['MUSTER_MODEL_SEED'];
const PATH = process.env['MUSTER_MODEL_PATH'];
const REPLAY = process.env['MUSTER_MODEL_REPLAY'];

let real: RealStore;
beforeAll(async () => {
  real = await RealStore.open();
});
afterAll(async () => {
  await real[Symbol.asyncDispose]();
});

/** Plays sequences on the model and on the server until their answers or their tables differ. */
async function search(runs: number, flaws: Flaws, parameters: fc.Parameters<[Iterable<never>]> = {}): Promise<string | undefined> {
  const property = fc.asyncProperty(sequences(REPLAY), async (steps) => {
    await real.reset();
    const store = new StoreModel(LEASE_MS, SILENCE_LEASES, flaws);
    store.now = 1_000_000_000;
    store.lastTick = store.now;
    await begin(store, real);
    await fc.asyncModelRun(() => ({ model: { store, writes: [], digests: new Map() }, real }), steps);
  });
  const result = await fc.check(property, { numRuns: runs, ...(parameters as object) });
  if (!result.failed) return undefined;
  const report = fc.defaultReportMessage(result) ?? '';
  const replay = /replayPath="([^"]*)"/.exec(report)?.[1] ?? '';
  return `${report}
${String(result.errorInstance)}
again: MUSTER_MODEL_SEED=${result.seed} MUSTER_MODEL_PATH=${result.counterexamplePath} MUSTER_MODEL_REPLAY=${replay} ./muster test test/conformance/model`;
}

test(
  `${RUNS} random sequences have the same answers and leave the same tables in the model and in PostgreSQL`,
  async () => {
    const replay = { ...(SEED === undefined ? {} : { seed: Number(SEED) }), ...(PATH === undefined ? {} : { path: PATH }) };
    expect(await search(RUNS, {}, { ...replay, interruptAfterTimeLimit: 60_000 + RUNS * 1_000 })).toBeUndefined();
  },
  120_000 + RUNS * 1_000,
);

describe('a model that is wrong in one rule is told from the server', () => {
  test.each<[string, Flaws]>([
    ['a write without proof', { unfenced: true }],
    ['what is adrift is not looked for', { adriftUnseen: true }],
    ['no time of grace', { noGrace: true }],
    ['epochs that begin again', { epochsBeginAgain: true }],
    ['commands given once', { commandsGivenOnce: true }],
  ])(
    '%s',
    async (_, flaws) => {
      expect(await search(400, flaws, { seed: 1, endOnFailure: true })).toMatch(/again: MUSTER_MODEL_SEED=1 /);
    },
    120_000,
  );
});
