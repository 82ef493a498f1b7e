import { factsOf, type RunSaid } from '../content/index.ts';
import type { ModuleServices } from '../../module.ts';
import { priceBookOf } from '../prices/index.ts';
import { createIntake, type RunningIntake } from './create-intake.ts';

const intakes = new WeakMap<object, RunningIntake>();

/** The intake of this server: one for all its doors, so that they share transactions. */
export function intakeOf({ state }: Pick<ModuleServices, 'state'>): RunningIntake {
  const there = intakes.get(state);
  if (there !== undefined) return there;
  const book = priceBookOf({ state });
  const seams = {
    ready: () => book.fresh(),
    factsOf: (said: RunSaid) => factsOf(said, book),
    redactJson: (text: string) => text,
    redactText: (text: string) => text,
  };
  const made = createIntake({ database: state.database, seams });
  intakes.set(state, made);
  return made;
}

export { createIntake, type RunningIntake } from './create-intake.ts';
export type { Intake, NewFeedback, Refused, Submission } from './intake.ts';
