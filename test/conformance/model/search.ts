import fc from 'fast-check';
import { SILENCE_LEASES } from '../../../src/state/hosts.ts';
import { StoreModel, type Flaws } from '../../simulation/store-model.ts';
import { LEASE_MS } from '../../simulation/timing.ts';
import type { RealStore } from './real-store.ts';
import { begin, sequences } from './steps.ts';

/** What a failure prints, to see it again: with its seed and path. */
const REPLAY = process.env['MUSTER_MODEL_REPLAY'];

/** Plays sequences on the model and on the server until their answers or their tables differ. */
export async function search(
  real: RealStore,
  runs: number,
  flaws: Flaws,
  parameters: fc.Parameters<[Iterable<never>]> = {},
): Promise<string | undefined> {
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
