/**
 * Runs the variants in turn, round after round, each round in another order, so that what else the machine does
 * hits all of them alike. Returns what each gave, by name.
 */
export async function interleave<T>(
  variants: Readonly<Record<string, (round: number) => Promise<T>>>,
  rounds: number,
  signal?: AbortSignal,
): Promise<Record<string, T[]>> {
  const names = Object.keys(variants);
  const results: Record<string, T[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      signal?.throwIfAborted();
      const result = await variants[name]?.(round);
      if (result !== undefined) results[name]?.push(result);
    }
  }
  return results;
}
