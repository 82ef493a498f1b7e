const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type StopSignal = keyof typeof SIGNALS;

/** The first Ctrl-C or TERM asks for an end in good order; the second one forces it and ends the process. */
export class StopSignals implements Disposable {
  readonly #stop = new AbortController();
  readonly #force: () => Promise<void>;
  readonly #onSignal = (signal: StopSignal): void => {
    if (!this.#stop.signal.aborted) return this.#stop.abort();
    this.#force()
      .catch(() => undefined) // there is nobody left to tell: the process ends now
      .finally(() => process.exit(SIGNALS[signal]));
  };

  constructor(force: () => Promise<void> = () => Promise.resolve()) {
    this.#force = force;
    for (const name of Object.keys(SIGNALS)) process.on(name, this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** As the first Ctrl-C does. */
  stop(): void {
    this.#stop.abort();
  }

  [Symbol.dispose](): void {
    for (const name of Object.keys(SIGNALS)) process.off(name, this.#onSignal);
  }
}

/** Runs what follows something until it is told to stop. */
export async function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  using signals = new StopSignals();
  await work(signals.signal);
}
