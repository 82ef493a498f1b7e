import type { SampleFault } from '../agent/sample.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { AgentEvent } from './fleet-event.ts';

/** A refusal is shown as the agent's reason for this long after it last happened, and told again after this long. */
const SHOWN_MS = 60_000;
/** Different refusals remembered at once. */
const MOST = 20;
/** Metrics that are told by name at most. */
const MOST_METRICS = 10;

const METRIC_FAULTS: Readonly<Record<SampleFault, string>> = {
  not_finite: 'its value is no finite number: leave it out, or record another one',
  bad_name: 'its name is empty, no text, or longer than 255 characters',
  bad_labels: 'its labels are not up to 16 texts of up to 255 characters each',
  bad_time: 'its time is no finite number of milliseconds',
};

/** What an agent wanted recorded and was not: told in its log and as an event, and shown beside it as long as it goes on. */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #emit: (event: AgentEvent) => void;
  readonly #told = new Map<string, number>();
  /** Samples that were dropped and not told of yet. */
  #dropped = 0;
  #floodToldAt = Number.NEGATIVE_INFINITY;
  /** Samples that would have opened a series too many, and were not told of yet. */
  #unopened = 0;
  readonly #unopenedMetrics = new Set<string>();
  #seriesToldAt = Number.NEGATIVE_INFINITY;
  #last: { readonly text: string; readonly at: number } | undefined;

  constructor(options: { readonly clock: Clock; readonly log: Logger; readonly emit: (event: AgentEvent) => void }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#emit = options.emit;
  }

  metric(name: unknown, fault: SampleFault): void {
    this.#note(`metric ${JSON.stringify(String(name).slice(0, 100))} is not recorded: ${METRIC_FAULTS[fault]}`);
  }

  event(type: unknown): void {
    this.#note(`event ${JSON.stringify(String(type).slice(0, 100))} is not recorded: it must be noun:verb with up to 16 kB of JSON`);
  }

  /** So many samples were dropped because too many waited. */
  flood(dropped: number): void {
    this.#dropped += dropped;
    const now = this.#clock.monotonic();
    this.#last = { text: `it records more samples than can be written: ${dropped} were dropped, the newest are kept`, at: now };
    if (now - this.#floodToldAt <= SHOWN_MS) return;
    this.#log.warn(
      { dropped_samples: this.#dropped },
      `more samples than can be written: ${this.#dropped} were dropped, the newest are kept`,
    );
    this.#emit({ type: 'agent:flooding', data: { dropped_samples: this.#dropped } });
    this.#floodToldAt = now;
    this.#dropped = 0;
  }

  /** Samples of these metrics, a name each, would have opened a series beyond the limit: the agent's labels take ever new values. */
  series(metrics: readonly string[]): void {
    this.#unopened += metrics.length;
    for (const metric of metrics) if (this.#unopenedMetrics.size < MOST_METRICS) this.#unopenedMetrics.add(metric);
    const now = this.#clock.monotonic();
    const text = `it opens more series than a metric may have: ${this.#unopened} samples were refused; use fewer distinct label values`;
    this.#last = { text, at: now };
    if (now - this.#seriesToldAt <= SHOWN_MS) return;
    const data = { refused_samples: this.#unopened, metrics: [...this.#unopenedMetrics] };
    this.#log.warn(data, text);
    this.#emit({ type: 'agent:too_many_series', data });
    this.#seriesToldAt = now;
    this.#unopened = 0;
    this.#unopenedMetrics.clear();
  }

  /** What was refused within the last minute; null: nothing. */
  get current(): string | null {
    return this.#last === undefined || this.#clock.monotonic() - this.#last.at > SHOWN_MS ? null : this.#last.text;
  }

  #note(text: string): void {
    const now = this.#clock.monotonic();
    this.#last = { text, at: now };
    if (now - (this.#told.get(text) ?? Number.NEGATIVE_INFINITY) <= SHOWN_MS) return;
    if (this.#told.size >= MOST) this.#told.clear();
    this.#told.set(text, now);
    this.#log.warn(text);
    this.#emit({ type: 'agent:refused', data: { reason: text } });
  }
}
