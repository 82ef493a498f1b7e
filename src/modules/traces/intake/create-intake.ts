import { MusterError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Database } from '../../../db/database.ts';
import { foreign } from '../origin/trail.ts';
import { originOf } from '../origin/origin.ts';
import { Repeats } from '../blobs/repeats.ts';
import { TracePartitions } from '../partitions/partitions.ts';
import { Projects } from '../projects/projects.ts';
import type { Intake, NewFeedback, Submission } from './intake.ts';
import { expireLate, settleLate } from './late.ts';
import { LateWatch } from './late-watch.ts';
import { Places } from './places.ts';
import { Preparation } from './preparation.ts';
import type { Seams } from './seams.ts';
import { overloaded, RunWriter, WRITER_LIMITS, type WriterLimits } from './writer.ts';

export interface RunningIntake extends Intake {
  /** Whether a request must come back later: asked before its body is read. */
  readonly isFull: boolean;
  readonly load: { readonly bytes: number; readonly submissions: number };
  readonly projects: Projects;
  /** What was stored may be gone: parts that repeat are written again. */
  forgetRepeats(): void;
  /** Looks after what came before its run, from now on. */
  start(): void;
  /** Resolves when all that was submitted is committed or refused, and nothing runs any more. */
  stop(): Promise<void>;
}

interface IntakeOptions {
  readonly database: Database;
  readonly seams: Seams;
  readonly log: Logger;
  readonly limits?: WriterLimits;
}

export function createIntake({ database, seams, log, limits = WRITER_LIMITS }: IntakeOptions): RunningIntake {
  const partitions = new TracePartitions(database);
  const projects = new Projects(database);
  const repeats = new Repeats();
  const places = new Places(database);
  const writer = new RunWriter(
    { database, partitions, repeats, redactText: seams.redactText, early: (runIds) => late.expect(runIds) },
    limits,
  );
  const preparation = new Preparation({ projects, partitions, places, repeats, seams, now: () => Date.now() * 1_000 });
  const late = new LateWatch({ settle: (runIds) => settleLate(database, submit, runIds), expire: () => expireLate(database), log });

  async function keep(all: Submission): Promise<{ readonly refused: number }> {
    await seams.ready?.();
    const { source, feedback: said = [], ...submission } = await withoutOwn(database, all);
    const { rows, orphans, ...prepared } = await preparation.prepare({ source, ...submission });
    const { kept: feedback, refused: strange } = await preparation.ownFeedback(
      said.map((one) => redactedFeedback(one, seams)),
      submission.mayWrite,
    );
    const refused = [...prepared.refused, ...strange];
    if (rows.length + refused.length + orphans.length + feedback.length === 0) return { refused: 0 };
    const bytes =
      rows.reduce((sum, row) => sum + row.size, 0) + refused.reduce((sum, { body }) => sum + Math.min(body.length, 65_536), 500);
    const more = await writer.write({ source, rows, refused, orphans, feedback, bytes });
    seams.committed?.();
    if (orphans.length > 0) late.expect(orphans.map(({ operation }) => operation.runId));
    else await late.came(submission.operations.map(({ runId }) => runId));
    return { refused: refused.length + more };
  }

  /** What is being prepared, or written: bytes. */
  let held = 0;
  async function submit(submission: Submission): Promise<{ readonly refused: number }> {
    const bytes = sizeOf(submission);
    if (held > 0 && held + bytes > limits.mostBytes) throw overloaded();
    held += bytes;
    const kept = keep(submission).finally(() => (held -= bytes));
    // SDKs wait for 10 s; what is committed after we gave up is the same again when it is sent again.
    return within(limits.answerMs, kept);
  }

  return {
    projects,
    submit,
    get isFull() {
      return held > limits.mostBytes;
    },
    get load() {
      return writer.load;
    },
    forgetRepeats: () => repeats.forget(),
    start: () => late.start(),
    async stop() {
      await late.stop();
      await writer.drain();
    },
  };
}

/** Without what other Musters pass back to us: it is here already, and would go round for ever. */
async function withoutOwn(database: Database, submission: Submission): Promise<Submission> {
  const { operations, feedback = [] } = submission;
  if (operations.every(({ trail }) => trail === undefined) && feedback.every(({ trail }) => trail === undefined)) return submission;
  const origin = await originOf(database);
  return { ...submission, operations: foreign(operations, origin), feedback: foreign(feedback, origin) };
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

/** About how much memory it holds until it is written. */
function sizeOf({ operations, refused = [] }: Submission): number {
  let bytes = 0;
  for (const { inputs, outputs, extra, events, serialized, rest, error, attachments = [] } of operations) {
    bytes += 500;
    for (const text of [inputs, outputs, extra, events, serialized, rest, error]) bytes += text?.length ?? 0;
    for (const { body } of attachments) bytes += body.length;
  }
  for (const { body } of refused) bytes += 500 + body.length;
  return bytes;
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new MusterError('DATABASE_TIMEOUT', 'the runs were not committed in time')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
