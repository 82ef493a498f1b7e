import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMIT, play, type Schedule } from './schedule.ts';
import type { WorldFlaws } from './world.ts';

/** So many schedules in a full run, a quarter of it in a plain one: MUSTER_SIMULATION_RUNS asks for more. */
const RUNS = Number(process.env['MUSTER_SIMULATION_RUNS'] ?? (process.env['MUSTER_TEST_FULL'] === '1' ? 200_000 : 50_000));
/** What a failure prints, to see it again. */
const SEED = process.env['MUSTER_SIMULATION_SEED'];
const PATH = process.env['MUSTER_SIMULATION_PATH'];
const MOST_STEPS = 30;
/** 200,000 take about half a minute of one core that does nothing else. */
const LIMIT_MS = 240_000 + RUNS;

const schedules = fc.array(fc.nat(LIMIT - 1), { maxLength: MOST_STEPS, size: 'max' });

interface Finding {
  readonly runs: number;
  readonly shrinks: number;
  readonly schedule: Schedule;
  readonly text: string;
}

/** Plays schedules until one breaks an invariant, and makes that one small. */
function search(
  runs: number,
  flaws: WorldFlaws = {},
  replay: { readonly seed?: number; readonly path?: string } = {},
): Finding | undefined {
  const result = fc.check(
    fc.property(schedules, (schedule) => {
      const broken = play(schedule, flaws);
      if (broken !== undefined) throw broken;
    }),
    { numRuns: runs, ...replay },
  );
  if (result.counterexample === null) return undefined;
  const [schedule] = result.counterexample;
  const story: string[] = [];
  const broken = play(schedule, flaws, story);
  return {
    runs: result.numRuns,
    shrinks: result.numShrinks,
    schedule,
    text: `${String(broken)}
after ${result.numRuns} schedules and ${result.numShrinks} steps of shrinking:
${story.join('\n')}
the schedule: [${schedule.join(', ')}]
again: MUSTER_SIMULATION_SEED=${result.seed} MUSTER_SIMULATION_PATH=${result.counterexamplePath} ./muster test test/simulation`,
  };
}

test(
  `no schedule of ${RUNS.toLocaleString('en')} breaks an invariant`,
  () => {
    const replay = { ...(SEED === undefined ? {} : { seed: Number(SEED) }), ...(PATH === undefined ? {} : { path: PATH }) };
    const finding = search(RUNS, {}, replay);
    expect(finding?.text).toBeUndefined();
  },
  LIMIT_MS,
);

describe('a build with a flaw is caught, and what catches it is made small', () => {
  test.each([
    ['no fence', { unfenced: true }, /was accepted/, 5_000],
    ['neither fence nor trust window', { unfenced: true, noTrust: true }, /was accepted|declared lost while it believed/, 1_000],
    ['a fence but no trust window', { noTrust: true }, /while it believed|believes to hold|runs on host/, 1_000],
    ['no time of grace', { noGrace: true }, /was declared lost/, 2_000],
  ] as const)('%s', (_, flaws, says, within) => {
    const finding = search(within, flaws);
    expect(finding?.text).toMatch(says);
    expect(finding?.schedule.length).toBeLessThanOrEqual(12);
    expect(finding?.shrinks).toBeGreaterThan(0);
  });
});

/** docs/bugs.md tells of each: the schedule that showed it, made small. */
describe('a bug that was found stays found: its schedule breaks the build that had it, and not this one', () => {
  test.each([
    [
      'grace only after three quarters of a lease',
      { silenceLeases: 0.75 },
      [325, 3712, 2825, 1559, 3712, 4598, 4820, 2805, 2865, 6223, 2784, 7384],
    ],
    [
      'a verdict carried out after the outage that began behind it',
      { twoStepExpiry: true },
      [0, 2411, 1856, 2796, 5874, 2784, 4640, 2831, 1253, 2224],
    ],
    ['a dead host kept alive by a clock that went back', { futureBeatsUnseen: true }, [0, 223, 5083]],
    ['a live host killed by a clock that went back a little', { hastyFuture: true }, [1891, 2889, 5532, 928, 6496, 5387, 2614, 1557, 1856]],
    [
      'a command lost with the answer that gave it',
      { commandsGivenOnce: true },
      [3817, 5439, 5626, 2888, 1865, 6166, 2784, 3712, 2662, 4669, 1583],
    ],
    [
      'an agent kept that nobody wants',
      { unwantedKept: true },
      [1280, 2104, 2777, 2162, 7209, 2295, 3745, 6630, 5734, 3712, 5353, 1591, 6754],
    ],
    [
      'epochs of an agent made anew that begin again',
      { epochsBeginAgain: true },
      [0, 2784, 6927, 6547, 2287, 2784, 573, 6815, 4115, 4430, 1015],
    ],
    ['an agent left behind by a host whose end somebody’s lock outlived', { adriftUnseen: true }, [0, 6355, 3718, 2521, 3712]],
    ['one agent come and one gone, unseen', { digestSums: true }, [1665, 4296, 5568, 3592, 3712, 3650, 2221, 5100, 2693]],
  ] as const)('%s', (_, flaws, schedule) => {
    expect(play(schedule, flaws)?.message).toBeDefined();
    expect(play(schedule)?.message).toBeUndefined();
  });
});
