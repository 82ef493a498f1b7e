import type { Database } from '../../../db/database.ts';
import { Repeats } from '../blobs/repeats.ts';
import { TracePartitions } from '../partitions/partitions.ts';
import { Projects } from '../projects/projects.ts';
import type { Intake, NewFeedback, Submission } from './intake.ts';
import { Places } from './places.ts';
import { Preparation } from './preparation.ts';
import type { Seams } from './seams.ts';
import { RunWriter, WRITER_LIMITS, type WriterLimits } from './writer.ts';

export interface RunningIntake extends Intake {
  /** Whether a request must come back later: asked before its body is read. */
  readonly isFull: boolean;
  readonly load: { readonly bytes: number; readonly submissions: number };
  readonly projects: Projects;
  /** What was stored may be gone: parts that repeat are written again. */
  forgetRepeats(): void;
  /** Resolves when all that was submitted is committed or refused. */
  drain(): Promise<void>;
}

export function createIntake({
  database,
  seams,
  limits = WRITER_LIMITS,
}: {
  readonly database: Database;
  readonly seams: Seams;
  readonly limits?: WriterLimits;
}): RunningIntake {
  const partitions = new TracePartitions(database);
  const projects = new Projects(database);
  const repeats = new Repeats();
  const places = new Places(database);
  const writer = new RunWriter({ database, partitions, repeats, redactText: seams.redactText }, limits);
  const preparation = new Preparation({ projects, partitions, places, repeats, seams, now: () => Date.now() * 1_000 });
  return {
    projects,
    get isFull() {
      return writer.isFull;
    },
    get load() {
      return writer.load;
    },
    forgetRepeats: () => repeats.forget(),
    drain: () => writer.drain(),
    async submit(submission: Submission) {
      await seams.ready?.();
      const prepared = await preparation.prepare(submission);
      const { rows, refused, orphans } = prepared;
      const feedback = (submission.feedback ?? []).map((one) => redactedFeedback(one, seams));
      if (rows.length + refused.length + orphans.length + feedback.length === 0) return { refused: 0 };
      const bytes =
        rows.reduce((sum, row) => sum + row.size, 0) + refused.reduce((sum, { body }) => sum + Math.min(body.length, 65_536), 500);
      const more = await writer.write({ source: submission.source, rows, refused, orphans, feedback, bytes });
      return { refused: refused.length + more };
    },
  };
}

/** Comments and corrections are written by people, about people. */
function redactedFeedback(feedback: NewFeedback, { redactJson, redactText }: Seams): NewFeedback {
  const { value, comment, correction, extra } = feedback;
  return {
    ...feedback,
    value: value && redactJson(value, 'feedback'),
    comment: comment && redactText(comment),
    correction: correction && redactJson(correction, 'feedback'),
    extra: extra && redactJson(extra, 'feedback'),
  };
}
