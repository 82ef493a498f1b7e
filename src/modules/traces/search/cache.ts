/** Keeps what was used last within so many bytes. */
export class ByteCache<Value extends { readonly bytes: number }> {
  readonly #most: number;
  readonly #held = new Map<string, Value>();
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): Value | undefined {
    const value = this.#held.get(key);
    if (value === undefined) return undefined;
    this.#held.delete(key);
    this.#held.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.#drop(key);
    if (value.bytes > this.#most) return;
    this.#held.set(key, value);
    this.#bytes += value.bytes;
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= this.#most) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#held.get(key)?.bytes ?? 0;
    this.#held.delete(key);
  }
}
