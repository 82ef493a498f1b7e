/** A vector of length 1, as it is kept. Undefined for what is none. */
export function unitVector(values: unknown): Float32Array | undefined {
  if (!Array.isArray(values) || values.length === 0 || values.length > 8_192) return undefined;
  const vector = Float32Array.from(values as readonly number[]);
  let sum = 0;
  for (const value of vector) sum += value * value;
  if (!Number.isFinite(sum) || sum === 0) return undefined;
  const length = Math.sqrt(sum);
  return vector.map((value) => value / length);
}

export const bytesOf = (vector: Float32Array): Buffer => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);

export function vectorOf(bytes: Buffer): Float32Array {
  // A copy: the bytes of a row lie wherever the driver put them, and a view must be aligned.
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

/** The cosine of two vectors of length 1; 0 where they are not of one kind. */
export function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 0;
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

/** How well a threshold tells questions with the same answer from others. */
export interface ThresholdScore {
  readonly threshold: number;
  /** Of those taken for the same, how many are: what is missing to 1 are wrong answers. Null: none was taken. */
  readonly precision: number | null;
  /** Of those that are the same, how many are found: what could be saved. Null: none is the same. */
  readonly recall: number | null;
}

export function scoresOf(
  pairs: readonly { readonly similarity: number; readonly same: boolean }[],
  thresholds: readonly number[],
): readonly ThresholdScore[] {
  const same = pairs.filter((pair) => pair.same).length;
  return thresholds.map((threshold) => {
    const taken = pairs.filter(({ similarity }) => similarity >= threshold);
    const right = taken.filter((pair) => pair.same).length;
    return { threshold, precision: taken.length === 0 ? null : right / taken.length, recall: same === 0 ? null : right / same };
  });
}
