import type { Logger } from '../../../base/logger.ts';
import { isDue } from '../tick.ts';
import type { Labels } from '../reading.ts';
import type { ScrapedSample } from './scrape.ts';
import type { EndpointMetric } from './metrics.ts';

/** What one look at an endpoint gave. */
export interface Look {
  readonly reason: string | null;
  readonly values: Partial<Record<EndpointMetric, number>>;
  readonly samples?: readonly ScrapedSample[];
}

export interface EndpointOptions {
  readonly kind: 'probe' | 'scrape';
  readonly name: string;
  /** Of its own metrics. */
  readonly labels: Labels;
  readonly everyMs: number;
  readonly look: (signal: AbortSignal) => Promise<Look>;
}

export interface EndpointStatus {
  readonly kind: EndpointOptions['kind'];
  readonly name: string;
  readonly up: boolean | null;
  readonly reason: string | null;
}

/** One endpoint, looked at again and again, one look at a time: one that hangs waits for its own time-out and for nobody else's. */
export class Endpoint {
  readonly options: EndpointOptions;
  #lastTick: number | undefined;
  #busy: Promise<void> | undefined;
  #done: { readonly at: number; readonly look: Look }[] = [];
  #status: Pick<EndpointStatus, 'up' | 'reason'> = { up: null, reason: null };

  constructor(options: EndpointOptions) {
    this.options = options;
  }

  /** Looks where it is due and not under way. */
  begin(tick: number, stepMs: number, signal: AbortSignal, log: Logger): void {
    if (this.#busy !== undefined || !isDue(tick, this.#lastTick, this.options.everyMs, stepMs)) return;
    this.#lastTick = tick;
    this.#busy = this.options
      .look(signal)
      .then((look) => {
        // What was broken off with the agent is no finding.
        if (!signal.aborted) this.#done = [...this.#done, { at: tick, look }].slice(-2);
      })
      .catch((error: unknown) => log.error({ err: error, endpoint: this.options.name }, 'a look at an endpoint failed'))
      .finally(() => {
        this.#busy = undefined;
      });
  }

  async settled(): Promise<void> {
    await this.#busy;
  }

  /** What is new, and whether the endpoint came or went with it. */
  take(): readonly { readonly at: number; readonly look: Look; readonly changed: boolean }[] {
    const done = this.#done;
    this.#done = [];
    return done.map(({ at, look }) => {
      const up = look.reason === null;
      // The first look tells only of what is not there.
      const changed = this.#status.up === null ? !up : this.#status.up !== up;
      this.#status = { up, reason: look.reason };
      return { at, look, changed };
    });
  }

  status(): EndpointStatus {
    return { kind: this.options.kind, name: this.options.name, ...this.#status };
  }
}
