import { messageOf } from '../../../../base/errors.ts';
import { cosine } from '../../gateway/similarity.ts';
import { textOf } from './said.ts';
import type { Scorer } from './scorer.ts';

export interface EmbeddingDoor {
  /** A vector of length 1 for each text. Throws where nobody answers. */
  embed(
    model: string,
    texts: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly vectors: readonly Float32Array[]; readonly cost: string | undefined }>;
}

const CALL_MS = 60_000;

/** How alike what came and what was expected are to a model of embeddings: the cosine of their vectors, and 0 where they point away from each other. */
export const similarity =
  (key: string, model: string, door: EmbeddingDoor): Scorer =>
  async ({ expected, outputs }, signal) => {
    const [wanted, got] = [textOf(expected)?.trim(), textOf(outputs)?.trim()];
    if (wanted === undefined || got === undefined || wanted === '') return [];
    if (got === '') return [{ key, score: 0, because: 'it says nothing' }];
    if (got === wanted) return [{ key, score: 1, because: 'the same text' }];
    try {
      const { vectors } = await door.embed(model, [wanted, got], AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]));
      const [a, b] = vectors;
      const score = a === undefined || b === undefined ? 0 : Math.min(1, Math.max(0, cosine(a, b)));
      return [{ key, score, because: `likeness to what was expected, as ${model} sees it` }];
    } catch (error) {
      signal.throwIfAborted();
      return [{ key, unscored: messageOf(error) }];
    }
  };
