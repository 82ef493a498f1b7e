import { Violation, World, type WorldFlaws } from './world.ts';

/**
 * A schedule is a list of whole numbers, so that it is quick to make and shrinks well: each says what happens, to whom, how much
 * of it, and how much time passes after it. Zero is the least of everything.
 */
export type Schedule = readonly number[];

const WAITS = [1, 30, 300, 700, 1_500, 2_000, 4_500, 9_000];
const JUMPS = [3_600_000, -3_600_000, 6_000, -10_000, 3_000, -1_500, 500, -30_000];
const HOLDS = [0, 5, 100, 1_000, 3_000, 3_900, 4_500, 8_000];
const SLOWNESS = [5, 200, 800, 1_500];

const WHAT = [
  'write', 'write', 'write', 'wait', 'freeze', 'freeze', 'thaw', 'thaw', 'crash', 'start', 'start', 'cut', 'heal', 'heal',
  'forget', 'lose', 'slow', 'down', 'up', 'up', 'jump', 'drain', 'suspend', 'command', 'command', 'toggle', 'anew',
  'hold', 'let go',
] as const; // prettier-ignore

const PROCESSES = 4;
/** Schedules consist of numbers below this. */
export const LIMIT = WHAT.length * PROCESSES * 8 * WAITS.length;

/** Plays a schedule to its end and then until the fleet has settled. Returns what breaks an invariant, or undefined. */
export function play(schedule: Schedule, flaws: WorldFlaws = {}, story?: string[]): Violation | undefined {
  const [setting = 0, ...steps] = schedule;
  const world = new World({
    hosts: 2 + (setting % 3),
    agents: 2 + ((setting >> 2) % 3),
    neighbours: (setting >> 4) % 2 === 1,
    rates: RATES[(setting >> 5) % RATES.length] ?? [1],
    flaws,
    ...(story === undefined ? {} : { story }),
  });
  try {
    world.advance(500);
    for (const step of steps) {
      happen(world, step);
      world.check();
    }
    world.settle();
    return undefined;
  } catch (error) {
    if (error instanceof Violation) return error;
    throw error;
  }
}

/** How fast the monotonic clocks run: within what the margin of the trust window covers. */
const RATES = [[1], [1, 0.95, 1.05], [0.9, 1.1], [1.1, 0.9, 1]];

function happen(world: World, step: number): void {
  const what = WHAT[step % WHAT.length];
  let rest = Math.floor(step / WHAT.length);
  const process = world.processes[(rest % PROCESSES) % world.processes.length];
  rest = Math.floor(rest / PROCESSES);
  const amount = rest % 8;
  const waitMs = WAITS[Math.floor(rest / 8) % WAITS.length] ?? 0;
  if (process === undefined) return;
  const agent = amount % world.store.agents.length;
  switch (what) {
    case 'write': {
      const held = [...process.roster.keys()][amount % Math.max(1, process.roster.size)];
      if (held !== undefined && process.alive && !process.frozen) process.write(held, HOLDS[amount] ?? 0);
      break;
    }
    case 'freeze':
      world.freeze(process);
      break;
    case 'thaw':
      world.thaw(process);
      break;
    case 'crash':
      world.crash(process);
      break;
    case 'start':
      world.start(process.n);
      break;
    case 'cut':
      world.cut(process);
      break;
    case 'heal':
      world.heal(process, false);
      break;
    case 'forget':
      world.heal(process, true);
      break;
    case 'lose':
      world.loseAnswers(process, 1 + (amount % 3));
      break;
    case 'slow':
      world.slow(process, SLOWNESS[amount % SLOWNESS.length] ?? 5);
      break;
    case 'down':
      world.databaseDown();
      break;
    case 'up':
      world.databaseUp();
      break;
    case 'jump':
      world.jump(JUMPS[amount] ?? 0);
      break;
    case 'drain':
      if (process.alive && !process.frozen) process.drain();
      break;
    case 'suspend':
      world.suspend(process, WAITS[amount] ?? 0);
      break;
    case 'command':
      if (world.store.agents[agent]?.state === 'active') world.store.submit(agent, 'run_now');
      break;
    case 'toggle':
      world.store.setState(agent, world.store.agents[agent]?.state === 'active' ? 'inactive' : 'active');
      break;
    case 'anew':
      world.anew(agent);
      break;
    case 'hold':
      world.hold(agent);
      break;
    case 'let go':
      world.letGo(agent);
      break;
    case 'wait':
    case undefined:
      break;
  }
  world.advance(waitMs);
}
