import { MusterError, messageOf } from '../../../base/errors.ts';
import type { Database } from '../../../db/database.ts';
import { FeedReader, type FeedBatch } from '../feed/feed-reader.ts';
import { decide, type Decision } from './decision.ts';
import { DEFAULT_PATIENCE_MS, readerOf, type Forward } from './forward.ts';
import type { ForwardStore, RoundOutcome, WaitingRun } from './forward-store.ts';
import { changedFeedback, type OutgoingFeedback } from './outgoing-feedback.ts';
import { loadRuns, type OutgoingRun, type RunPlace } from './outgoing-run.ts';
import { SendLater, type OutgoingItem, type Target } from './target.ts';
import { restMs } from './verdict.ts';

const ENTRIES = 100;
/** A few requests: what was sent before one of them failed is sent again. */
const RUNS = 500;
const FEEDBACK = 200;
const LOOK_AGAIN_MS = 2_000;

export interface ForwardSite {
  readonly database: Database;
  readonly store: ForwardStore;
  readonly hostId: string;
  readonly signal: AbortSignal;
}

/**
 * One round of one forward: what the feed says next, what waited, and feedback; sent, and only then noted as sent. So a process that dies in
 * between sends again, and nothing is left out. Answers whether there is more at once.
 */
export async function forwardRound(site: ForwardSite, forward: Forward, target: Target): Promise<boolean> {
  const { database, store, hostId, signal } = site;
  const { name } = forward;
  try {
    const reader = new FeedReader(database, readerOf(name));
    const batch = await reader.take(ENTRIES, RUNS);
    const feedback = await changedFeedback(database, forward.feedbackAt, forward.projectNo, FEEDBACK);
    const found = await gather(site, forward, batch);
    if (batch === undefined && feedback.length === 0 && found.decided.length === 0 && found.gone.length === 0) {
      await store.release(name, hostId);
      return false;
    }
    const items = found.decided.flatMap(({ run, decision }): OutgoingItem[] =>
      decision.what === 'wait' ? [] : [{ run, verb: decision.what }],
    );
    const { refusals } = items.length + feedback.length === 0 ? { refusals: [] } : await target.send(items, feedback, signal);
    const outcome = outcomeOf(found, items.length, feedback, refusals);
    await database.transaction(async (tx) => {
      if (batch !== undefined) await reader.advance(tx, batch);
      await store.finish(tx, name, hostId, outcome);
    });
    return batch !== undefined || feedback.length >= FEEDBACK || found.decided.length >= RUNS;
  } catch (error) {
    if (signal.aborted) {
      await store.release(name, hostId);
      throw error;
    }
    // Another host goes on with it.
    if (error instanceof MusterError && error.code === 'CONFLICT') return false;
    const later = error instanceof SendLater ? error : undefined;
    await store.fail(name, hostId, messageOf(error), restMs(forward.failures, later?.afterMs));
    if (later === undefined) throw error;
    return false;
  }
}

interface Found {
  readonly patienceMs: number;
  readonly decided: readonly { readonly run: OutgoingRun; readonly decision: Decision; readonly waited: WaitingRun | undefined }[];
  /** They waited, and are there no more: their days are over, or they were erased. */
  readonly gone: readonly string[];
}

async function gather({ database, store }: ForwardSite, forward: Forward, batch: FeedBatch | undefined): Promise<Found> {
  const places = new Map<string, RunPlace>();
  const ended = new Set<string>();
  for (const { keepDays, day, runs, completed } of batch?.entries ?? []) {
    for (const runId of runs) places.set(runId, { runId, keepDays, day });
    for (const runId of completed) ended.add(runId);
  }
  const waiting = new Map<string, WaitingRun>();
  for (const run of await store.waiting(forward.name, [...places.keys()], RUNS)) {
    waiting.set(run.runId, run);
    if (!places.has(run.runId)) places.set(run.runId, run);
  }
  const runs = await loadRuns(database, [...places.values()], forward.projectNo);
  const there = new Set(runs.map(({ runId }) => runId));
  const patienceMs = forward.options.patienceMs ?? DEFAULT_PATIENCE_MS;
  const decided = runs.map((run) => {
    const waited = waiting.get(run.runId);
    const candidate = {
      hasEnded: run.endTime !== null,
      endedNow: ended.has(run.runId),
      isPlaced: run.segments !== undefined,
      waiting: waited,
    };
    return { run, waited, decision: decide(candidate, patienceMs) };
  });
  return { decided, patienceMs, gone: [...waiting.keys()].filter((runId) => !there.has(runId)) };
}

function outcomeOf(
  { decided, gone, patienceMs }: Found,
  sent: number,
  feedback: readonly OutgoingFeedback[],
  refusals: readonly string[],
): RoundOutcome {
  const refusedRuns = refusals.filter((refusal) => refusal.startsWith('run ')).length;
  const done = [...gone];
  const waiting: (RunPlace & { begun: boolean; lookAfterMs: number })[] = [];
  for (const { run, decision, waited } of decided) {
    if (decision.what === 'wait')
      // What ended waits for its parents alone, and they are near; for its end a run is not asked: the feed tells that.
      waiting.push({
        ...placeOf(run),
        begun: waited?.begun ?? false,
        lookAfterMs: run.endTime === null ? Math.max(LOOK_AGAIN_MS, patienceMs - (waited?.sinceMs ?? 0)) : LOOK_AGAIN_MS,
      });
    else if (decision.begun) waiting.push({ ...placeOf(run), begun: true, lookAfterMs: NEVER_MS });
    else if (waited !== undefined) done.push(run.runId);
  }
  return {
    sent: sent - refusedRuns,
    sentFeedback: feedback.length - (refusals.length - refusedRuns),
    refusals,
    feedbackAt: feedback.at(-1)?.place,
    waiting,
    done,
  };
}

const placeOf = ({ runId, keepDays, day }: RunPlace): RunPlace => ({ runId, keepDays, day });

/** Its end comes by the feed; until its day is dropped nobody need ask. A day from now it is looked whether it is still there. */
const NEVER_MS = 86_400_000;
