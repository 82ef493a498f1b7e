/** The change a second of something that only grows. */
export class Rate {
  #last: { readonly value: number; readonly at: number } | undefined;

  /** Undefined at the first reading, and where the count restarted: what happened between is not known. */
  perSecond(value: number, monotonicMs: number): number | undefined {
    const last = this.#last;
    this.#last = { value, at: monotonicMs };
    if (last === undefined || value < last.value || monotonicMs <= last.at) return undefined;
    return ((value - last.value) * 1_000) / (monotonicMs - last.at);
  }
}
