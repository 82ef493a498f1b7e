/** A pause that can be cut short, also in advance: a nudge while nobody pauses ends the next pause at once. */
export class Nudge {
  #pending = false;
  #wake: (() => void) | undefined;

  nudge(): void {
    if (this.#wake === undefined) this.#pending = true;
    else this.#wake();
  }

  async pause(ms: number): Promise<void> {
    if (!this.#pending && ms > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#pending = false;
  }
}
