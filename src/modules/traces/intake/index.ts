import { factsOf, type RunSaid } from '../content/index.ts';
import type { ModuleServices } from '../../module.ts';
import { FEED_TOPIC } from '../feed/feed-service.ts';
import { priceBookOf } from '../prices/index.ts';
import { currentSettings } from '../settings/index.ts';
import { createIntake, type RunningIntake } from './create-intake.ts';
import type { Seams } from './seams.ts';

const intakes = new WeakMap<object, RunningIntake>();

/** The intake of this server: one for all its doors, so that they share transactions. */
export function intakeOf(services: Pick<ModuleServices, 'state' | 'wake' | 'log'>): RunningIntake {
  const { state, wake, log } = services;
  const there = intakes.get(state);
  if (there !== undefined) return there;
  const book = priceBookOf(services);
  const settings = currentSettings(services);
  const seams: Seams = {
    ready: async () => {
      await settings.fresh();
      await book.fresh();
    },
    factsOf: (said: RunSaid) => factsOf(said, book),
    redactJson: (text, field, projectNo) => settings.json(text, field, projectNo),
    redactAttachment: (attachment, projectNo) => settings.attachment(attachment, projectNo),
    redactText: (text, projectNo) => settings.text(text, projectNo),
    keeps: (projectNo, traceId, hasFailed) => settings.keeps(projectNo, traceId, hasFailed),
    committed: () => wake.hint(FEED_TOPIC),
    kept: (projectNo, traceId) => settings.kept(projectNo, traceId),
  };
  const made = createIntake({ database: state.database, seams, log });
  settings.onDeletion(() => made.forgetRepeats());
  intakes.set(state, made);
  return made;
}

export type { RunningIntake } from './create-intake.ts';
export type { Intake, NewFeedback, Refused, Submission } from './intake.ts';
export { deleteOrphans, orphanOf, submitOrphans, type Orphan, type OrphanRow } from './orphans.ts';
