const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type StopSignal = keyof typeof SIGNALS;

/** One Ctrl-C may arrive twice: the terminal sends it to all its processes, and npm or npx passes its own on to us. */
const SAME_KEY_MS = 300;

/** The first Ctrl-C or TERM asks for an end in good order; the second one forces it and ends the process. */
export class StopSignals implements Disposable {
  readonly #stop = new AbortController();
  readonly #force: () => Promise<void>;
  #first: { readonly signal: StopSignal; readonly at: number } | undefined;
  readonly #onSignal = (signal: StopSignal): void => {
    if (!this.#stop.signal.aborted) {
      this.#first = { signal, at: performance.now() };
      return this.#stop.abort();
    }
    if (signal === this.#first?.signal && performance.now() - this.#first.at < SAME_KEY_MS) return;
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

  /** The first signal that came. */
  get received(): StopSignal | undefined {
    return this.#first?.signal;
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
