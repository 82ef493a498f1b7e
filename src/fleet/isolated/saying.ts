import { toSample } from '../../agent/sample.ts';
import type { MetricOptions } from '../../agent/context.ts';
import { storable } from '../../agent/storable.ts';
import type { Logger } from '../../base/logger.ts';
import { MOST_SAMPLES_AN_AGENT, SampleQueue } from '../sample-buffer.ts';
import { crossError } from './crossing.ts';
import { EVENTS_A_BATCH, LINES_A_BATCH, SAMPLES_A_BATCH, type Level, type Said } from './protocol.ts';

const MOST_EVENTS = 1_000;
const MOST_EVENT_BYTES = 16_384;
const MOST_LINES = 500;
const MOST_FIELDS_BYTES = 8_192;
const MOST_MESSAGE = 2_000;

type Line = Said['lines'][number];

/** What an isolated agent has said and its host has not heard yet. Bounded: of samples and events the newest stay, of lines the first. */
export class Saying {
  readonly #send: (said: Said) => void;
  readonly #samples = new SampleQueue();
  #events: Said['events'][number][] = [];
  #lines: Line[] = [];
  #dropped = { samples: 0, refused: 0, events: 0, lines: 0 };
  #unheard = false;
  #scheduled = false;
  #rest: (() => void)[] = [];

  constructor(send: (said: Said) => void) {
    this.#send = send;
  }

  metric(name: string, value: number, options: MetricOptions | undefined, now: number): void {
    const sample = toSample(name, value, options, now);
    if (typeof sample === 'string') this.#dropped.refused += 1;
    else {
      if (this.#samples.size >= MOST_SAMPLES_AN_AGENT) {
        this.#samples.dropOldest();
        this.#dropped.samples += 1;
      }
      this.#samples.push(sample);
    }
    this.#later();
  }

  event(type: unknown, data: unknown, hops: number): void {
    this.#events.push({ type: storable(String(type), 255), data: asJson(data, MOST_EVENT_BYTES), hops });
    if (this.#events.length > MOST_EVENTS) this.#dropped.events += this.#events.splice(0, MOST_EVENTS / 10).length;
    this.#later();
  }

  /** What takes the lines of a run, or, without one, those said outside of any. */
  logger(runId?: string, bound: Readonly<Record<string, unknown>> = {}): Logger {
    const at =
      (level: Level) =>
      (fields: object | string, message?: string): void => {
        if (typeof fields === 'string') this.#line(runId, level, fields, bound);
        else this.#line(runId, level, message ?? '', { ...bound, ...fields });
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => this.logger(runId, { ...bound, ...fields }),
    };
  }

  #line(runId: string | undefined, level: Level, message: string, { err, ...fields }: Readonly<Record<string, unknown>>): void {
    if (this.#lines.length >= MOST_LINES) this.#dropped.lines += 1;
    else {
      const said: Line = {
        ...(runId !== undefined && { runId }),
        level,
        message: storable(message, MOST_MESSAGE),
        fields: asJson(fields, MOST_FIELDS_BYTES) ?? '{"fields":"not JSON, or too large"}',
      };
      this.#lines.push(err === undefined ? said : { ...said, error: crossError(err) });
    }
    // At once where that can be: it may be the last that is heard of the agent.
    if (!this.#unheard) this.#flush();
  }

  /** The host is ready for the next batch. */
  heard(): void {
    this.#unheard = false;
    this.#flush();
  }

  /** Resolves when all of it was heard. */
  async told(): Promise<void> {
    this.#flush();
    if (this.#unheard) await new Promise<void>((resolve) => this.#rest.push(resolve));
  }

  #later(): void {
    if (this.#scheduled || this.#unheard) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#unheard) return;
    const dropped = this.#dropped;
    const said: Said = {
      samples: this.#samples.take(SAMPLES_A_BATCH),
      events: this.#events.splice(0, EVENTS_A_BATCH),
      lines: this.#lines.splice(0, LINES_A_BATCH),
      dropped,
    };
    if (
      said.samples.length + said.events.length + said.lines.length + dropped.samples + dropped.refused + dropped.events + dropped.lines ===
      0
    ) {
      for (const resolve of this.#rest.splice(0)) resolve();
      return;
    }
    this.#dropped = { samples: 0, refused: 0, events: 0, lines: 0 };
    this.#unheard = true;
    this.#send(said);
  }
}

function asJson(value: unknown, most: number): string | null {
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json !== undefined && json.length <= most ? json : null;
  } catch {
    // Cycles and bigints are no JSON; the host counts it as refused.
    return null;
  }
}
