/** So much may be spent in one evaluation. What is under way when it is spent is paid as well; what has no price costs nothing here. */
export class Allowance {
  readonly usd: number;
  #spent = 0;

  constructor(usd: number) {
    this.usd = usd;
  }

  get isSpent(): boolean {
    return this.#spent >= this.usd;
  }

  /** USD as prices give it; undefined: nobody knows. */
  spend(cost: string | undefined): void {
    this.#spent += Number(cost ?? 0);
  }
}
