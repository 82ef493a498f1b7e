import { messageOf } from '../../../../base/errors.ts';
import { cosine } from '../../gateway/similarity.ts';
import type { Embedded } from '../../gateway/embedder.ts';
import type { Intake } from '../../intake/index.ts';
import { ownRun } from '../../quality/judge/own-call.ts';
import { judgementId } from '../../quality/judge/verdict.ts';
import type { Allowance } from '../allowance.ts';
import { textOf } from './said.ts';
import type { Answered, Scorer } from './scorer.ts';

/** The way to models of embeddings, and what a call of theirs takes besides. */
export interface Embedding {
  readonly door: {
    /** A vector of length 1 for each text. Throws where nobody answers. */
    embed(model: string, texts: readonly string[], signal: AbortSignal): Promise<Embedded>;
  };
  readonly intake: Pick<Intake, 'submit'>;
  /** What all scorers of embeddings may spend together. */
  readonly allowance: Allowance;
}

const CALL_MS = 60_000;

/**
 * How alike what came and what was expected are to a model of embeddings: the cosine of their vectors, and 0 where they point away from each other. Each
 * call is a run, as those of judges are.
 */
export const similarity =
  (key: string, model: string, { allowance, door, intake }: Embedding): Scorer =>
  async ({ expected, outputs, runId }, signal) => {
    const [wanted, got] = [textOf(expected)?.trim(), textOf(outputs)?.trim()];
    if (wanted === undefined || got === undefined || wanted === '') return [];
    if (got === '') return [{ key, score: 0, because: 'it says nothing' }];
    if (got === wanted) return [{ key, score: 1, because: 'the same text' }];
    if (allowance.isSpent) return [{ key, unscored: `the ${allowance.usd} USD that embeddings may cost are spent` }];
    const said = await embedOne({ key, model, runId, texts: [wanted, got] }, door, signal);
    await intake.submit({ source: 'gateway', mayWrite: null, operations: [said.run] });
    if ('error' in said) return [{ key, unscored: said.error }];
    allowance.spend(said.embedded.cost);
    const [a, b] = said.embedded.vectors;
    const score = a === undefined || b === undefined ? 0 : Math.min(1, Math.max(0, cosine(a, b)));
    return [{ key, score, because: `likeness to what was expected, as ${model} sees it`, saidIn: said.run.runId }];
  };

/** Asks, and says what was asked as a run. Throws only where the signal ended it. */
async function embedOne(
  {
    key,
    model,
    runId,
    texts,
  }: { readonly key: string; readonly model: string; readonly texts: readonly string[] } & Pick<Answered, 'runId'>,
  door: Embedding['door'],
  signal: AbortSignal,
) {
  const startedAt = Date.now();
  const began = performance.now();
  const call = {
    runId: judgementId('run', `${key} ${model}`, runId),
    name: key,
    runType: 'embedding' as const,
    startedAt,
    inputs: JSON.stringify({ model, input: texts }),
    notes: { evaluator: key, judged_run_id: runId },
  };
  try {
    const embedded = await door.embed(model, texts, AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]));
    const { answer: outputs, model: by, provider } = embedded;
    return { embedded, run: ownRun({ ...call, outputs, model: by, provider, error: undefined, tookMs: performance.now() - began }) };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = messageOf(thrown).slice(0, 500);
    return { error, run: ownRun({ ...call, outputs: undefined, model, provider: null, error, tookMs: performance.now() - began }) };
  }
}
