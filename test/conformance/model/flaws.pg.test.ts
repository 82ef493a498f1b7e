import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Flaws } from '../../simulation/store-model.ts';
import { RealStore } from './real-store.ts';
import { search } from './search.ts';

let real: RealStore;
beforeAll(async () => {
  real = await RealStore.open();
});
afterAll(async () => {
  await real[Symbol.asyncDispose]();
});

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
      expect(await search(real, 400, flaws, { seed: 1, endOnFailure: true })).toMatch(/again: MUSTER_MODEL_SEED=1 /);
    },
    120_000,
  );
});
