import { afterAll, beforeAll, expect, test } from 'vitest';
import { RealStore } from './real-store.ts';
import { search } from './search.ts';

/** So many sequences in a full run, a third of it in a plain one and on each server beside the first: MUSTER_MODEL_RUNS asks for more. */
const isThorough = process.env['MUSTER_TEST_FULL'] === '1' && (process.env['MUSTER_TEST_POSTGRES'] ?? '') === '';
const RUNS = Number(process.env['MUSTER_MODEL_RUNS'] ?? (isThorough ? 150 : 50));
/** What a failure prints, to see it again. */
const SEED = process.env['MUSTER_MODEL_SEED'];
const PATH = process.env['MUSTER_MODEL_PATH'];

let real: RealStore;
beforeAll(async () => {
  real = await RealStore.open();
});
afterAll(async () => {
  await real[Symbol.asyncDispose]();
});

test(
  `${RUNS} random sequences have the same answers and leave the same tables in the model and in PostgreSQL`,
  async () => {
    const replay = { ...(SEED === undefined ? {} : { seed: Number(SEED) }), ...(PATH === undefined ? {} : { path: PATH }) };
    expect(await search(real, RUNS, {}, { ...replay, interruptAfterTimeLimit: 60_000 + RUNS * 1_000 })).toBeUndefined();
  },
  120_000 + RUNS * 1_000,
);
