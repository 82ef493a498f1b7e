import type { RunStart } from '../agent/run.ts';
import type { RunOutcome } from '../agent/runner.ts';
import type { AgentSample, SampleFault } from '../agent/sample.ts';
import type { Clock } from '../base/clock.ts';
import { isMusterError } from '../base/errors.ts';
import type { AgentId, Epoch, HostId } from '../base/ids.ts';
import type { Fence } from '../state/fence.ts';
import type { LedgerBatch } from '../state/ledger.ts';
import type { HostBatch, WriteResult } from '../state/metrics/metrics.ts';
import type { SharedState } from '../state/shared-state.ts';
import type { LineKeeper } from './agent-log.ts';
import type { HostEvent } from './fleet-event.ts';
import { LedgerBuffer, LogLane } from './ledger-buffer.ts';
import type { Refusals } from './refusals.ts';
import { SampleBuffer, SampleLane } from './sample-buffer.ts';

/** Events waiting at most; beyond it the oldest go. */
const MOST_EVENTS = 10_000;
const EVENTS_A_BATCH = 1_000;
/** So many samples are written at once; fewer wait for the next flush. */
const WORTH_A_BATCH = 1_000;
/** An event's data larger than this is not kept: it belongs in a table. */
const MOST_EVENT_BYTES = 16_384;
/** NUL and halves of surrogate pairs, as JSON.stringify writes them: jsonb takes neither. */
const UNSTORABLE_JSON = /\\u(0000|d[89a-f])/;

interface AgentEntry {
  readonly type: `${string}:${string}`;
  readonly data: Readonly<Record<string, unknown>>;
  readonly hops: number;
  readonly agentId: AgentId;
  readonly hostId: HostId;
  readonly epoch: Epoch;
}

export interface OutboxCount {
  readonly written: number;
  readonly waiting: number;
  readonly dropped: number;
  readonly refused: number;
}

export interface OutboxCounts {
  readonly samples: OutboxCount;
  readonly events: OutboxCount;
  readonly runs: OutboxCount;
  /** Dropped: beyond what is kept of a run, an agent or a host. */
  readonly lines: OutboxCount;
}

/** What a host's agents have to say, gathered and written in a few statements however many they are. */
export class Outbox {
  readonly #state: SharedState;
  readonly #hostId: HostId;
  /** Whether the host may write in its agents' names now. */
  readonly #trusted: () => boolean;
  readonly #filled: () => void;
  readonly #urgent: () => void;
  readonly #soon: () => void;
  readonly #ledger: LedgerBuffer;
  #unsentLedger: LedgerBatch | undefined;
  #flushingLedger: Promise<void> | undefined;
  readonly #clock: Clock;
  readonly #samples = new SampleBuffer();
  readonly #refusals = new WeakMap<Fence, Refusals>();
  #unsent: HostBatch | undefined;
  #agentEvents: AgentEntry[] = [];
  #hostEvents: HostEvent[] = [];
  #flushingEvents: Promise<void> | undefined;
  #flushingSamples: Promise<void> | undefined;
  #counts = {
    samplesWritten: 0,
    samplesRefused: 0,
    eventsWritten: 0,
    eventsDropped: 0,
    eventsRefused: 0,
    runsWritten: 0,
    runsRefused: 0,
    linesWritten: 0,
    linesRefused: 0,
  };

  constructor(options: {
    readonly state: SharedState;
    readonly hostId: HostId;
    readonly trusted: () => boolean;
    /** Events wait. */
    readonly filled: () => void;
    /** What waits for the ledger should not wait for the next flush: a run failed, or there is much of it. */
    readonly urgent: () => void;
    /** A sample waits that should not wait for the next flush. */
    readonly soon: () => void;
    readonly clock: Clock;
  }) {
    this.#clock = options.clock;
    this.#state = options.state;
    this.#hostId = options.hostId;
    this.#trusted = options.trusted;
    this.#filled = options.filled;
    this.#urgent = options.urgent;
    this.#soon = options.soon;
    this.#ledger = new LedgerBuffer(options.clock);
  }

  /** Writes what waits as far as that goes in this time. Faults are not thrown: the regular flush meets them again and tells. */
  flushWithin(ms: number): Promise<void> {
    return this.#within(
      ms,
      () => this.flushEvents(),
      () => this.flushSamples(),
      () => this.flushLedger(),
    );
  }

  /** The same, of events alone. */
  flushEventsWithin(ms: number): Promise<void> {
    return this.#within(ms, () => this.flushEvents());
  }

  async #within(ms: number, ...flushes: readonly (() => Promise<void>)[]): Promise<void> {
    const over = new AbortController();
    // Twice each: a flush that is under way may have taken its batch before the last words were said.
    void Promise.allSettled(flushes.map((flush) => flush().then(flush))).finally(() => over.abort());
    // Ends early when all is written.
    await this.#clock.sleep(ms, over.signal).catch(() => undefined);
  }

  lane(fence: Fence, refusals?: Refusals): SampleLane {
    if (refusals !== undefined) this.#refusals.set(fence, refusals);
    return new SampleLane(fence, refusals);
  }

  sample(lane: SampleLane, sample: AgentSample | SampleFault): void {
    if (typeof sample === 'string') {
      this.#counts.samplesRefused += 1;
      return;
    }
    this.#samples.push(lane, sample);
    if (sample.soon === true) this.#soon();
  }

  /** In an agent's name. Refused where its data is no JSON or too large. */
  agentEvent(fence: Fence, type: `${string}:${string}`, data: Readonly<Record<string, unknown>>, hops = 0): boolean {
    if (!isWritable(type, data)) {
      this.#counts.eventsRefused += 1;
      return false;
    }
    this.#agentEvents.push({ type, data, hops, ...fence });
    this.#bound();
    this.#filled();
    return true;
  }

  hostEvent(event: HostEvent): void {
    this.#hostEvents.push(event);
    this.#bound();
    this.#filled();
  }

  runBegan(fence: Fence, run: RunStart): void {
    this.#ledger.began(fence, run);
  }

  runEnded(run: RunStart, outcome: RunOutcome): void {
    this.#ledger.ended(run, outcome);
    if (outcome.kind === 'failed' || this.#ledger.full) this.#urgent();
  }

  /** What takes the lines of an agent under one lease: those of a run, or, without one, those said outside of any. */
  lineKeeper(fence: Fence): (runId: string | undefined) => LineKeeper {
    const lane = new LogLane(fence);
    return (runId) => (level, make) => {
      this.#ledger.line(lane, runId, level, make);
      if (this.#ledger.full) this.#urgent();
    };
  }

  #bound(): void {
    for (const queue of [this.#agentEvents, this.#hostEvents]) {
      // A tenth at once: shifting one by one would move the whole queue each time.
      if (queue.length > MOST_EVENTS) this.#counts.eventsDropped += queue.splice(0, MOST_EVENTS / 10).length;
    }
  }

  get counts(): OutboxCounts {
    const c = this.#counts;
    return {
      samples: {
        written: c.samplesWritten,
        waiting: this.#samples.size + (this.#unsent?.samples.length ?? 0),
        dropped: this.#samples.dropped,
        refused: c.samplesRefused,
      },
      events: {
        written: c.eventsWritten,
        waiting: this.#agentEvents.length + this.#hostEvents.length,
        dropped: c.eventsDropped,
        refused: c.eventsRefused,
      },
      runs: {
        written: c.runsWritten,
        waiting: this.#ledger.runsWaiting + (this.#unsentLedger?.runs.length ?? 0),
        dropped: this.#ledger.runsDropped,
        refused: c.runsRefused,
      },
      lines: {
        written: c.linesWritten,
        waiting: this.#ledger.linesWaiting + (this.#unsentLedger?.lines.length ?? 0),
        dropped: this.#ledger.linesDropped,
        refused: c.linesRefused,
      },
    };
  }

  /** Writes all events that wait. Throws what the database throws; nothing is lost by that. */
  flushEvents(): Promise<void> {
    this.#flushingEvents ??= this.#flushEvents().finally(() => (this.#flushingEvents = undefined));
    return this.#flushingEvents;
  }

  async #flushEvents(): Promise<void> {
    while (this.#hostEvents.length > 0) {
      const batch = this.#hostEvents.slice(0, EVENTS_A_BATCH);
      await this.#state.events.append(batch.map((event) => ({ type: event.type, data: event.data, hostId: this.#hostId })));
      this.#hostEvents.splice(0, batch.length);
      this.#counts.eventsWritten += batch.length;
    }
    while (this.#agentEvents.length > 0 && this.#trusted()) {
      const batch = this.#agentEvents.splice(0, EVENTS_A_BATCH);
      try {
        await this.#writeAgentEvents(batch);
      } catch (error) {
        if (isTransient(error)) this.#agentEvents.unshift(...batch);
        else this.#counts.eventsRefused += batch.length;
        throw error;
      }
    }
  }

  async #writeAgentEvents(batch: readonly AgentEntry[]): Promise<void> {
    try {
      const { refused } = await this.#state.events.appendFenced(this.#hostId, batch);
      this.#counts.eventsWritten += batch.length - refused;
      this.#counts.eventsRefused += refused;
    } catch (error) {
      if (batch.length === 1 || isTransient(error) || isMusterError(error, 'LEASE_LOST')) throw error;
      // One of them is what the database will not have: the halves are tried apart until it stands alone.
      const middle = batch.length >> 1;
      const halves = await Promise.allSettled([
        this.#writeAgentEvents(batch.slice(0, middle)),
        this.#writeAgentEvents(batch.slice(middle)),
      ]);
      for (const half of halves) if (half.status === 'rejected') this.#counts.eventsRefused += 1;
    }
  }

  /** Tells each agent of the samples that would have opened too many series. */
  #tellRefusedSeries({ samples, fences }: HostBatch, rejected: WriteResult['rejected']): void {
    const byAgent = new Map<string, string[]>();
    for (const { index, reason } of rejected) {
      const sample = samples[index];
      if (reason !== 'too_many_series' || sample === undefined) continue;
      const metrics = byAgent.get(sample.agentId) ?? [];
      metrics.push(sample.metricName);
      byAgent.set(sample.agentId, metrics);
    }
    if (byAgent.size === 0) return;
    for (const fence of fences) {
      const metrics = byAgent.get(fence.agentId);
      if (metrics !== undefined) this.#refusals.get(fence)?.series(metrics);
    }
  }

  /** Writes all samples that wait. A batch whose fate is unknown is sent again as it is, so that the storage can recognise it. */
  flushSamples(): Promise<void> {
    this.#flushingSamples ??= this.#flushSamples().finally(() => (this.#flushingSamples = undefined));
    return this.#flushingSamples;
  }

  async #flushSamples(): Promise<void> {
    for (const [lane, dropped] of this.#samples.takeFloods()) lane.refusals?.flood(dropped);
    while (this.#trusted()) {
      const batch = this.#unsent ?? this.#samples.take();
      if (batch === undefined) return;
      this.#unsent = batch;
      try {
        const { written, rejected } = await this.#state.metrics.writeFenced(batch);
        this.#counts.samplesWritten += written;
        this.#counts.samplesRefused += rejected.length;
        this.#tellRefusedSeries(batch, rejected);
      } catch (error) {
        // Refused for good: the host lost its lease. Anything else may work the next time.
        if (!isTransient(error)) {
          this.#unsent = undefined;
          this.#counts.samplesRefused += batch.samples.length;
        }
        throw error;
      }
      this.#unsent = undefined;
      // What came in meanwhile goes with the next flush, unless it is a flood: four statements for a handful are too many.
      if (this.#samples.size < WORTH_A_BATCH) return;
    }
  }

  /** Writes the runs and lines that wait, in one statement. A batch whose fate is unknown is sent again as it is. */
  flushLedger(): Promise<void> {
    this.#flushingLedger ??= this.#flushLedger().finally(() => (this.#flushingLedger = undefined));
    return this.#flushingLedger;
  }

  async #flushLedger(): Promise<void> {
    while (this.#trusted()) {
      const batch = this.#unsentLedger ?? this.#ledger.take();
      if (batch === undefined) return;
      this.#unsentLedger = batch;
      try {
        const { refusedRuns, refusedLines } = await this.#state.ledger.write(this.#hostId, batch);
        this.#countLedger(batch, refusedRuns, refusedLines);
      } catch (error) {
        if (!isTransient(error)) {
          this.#unsentLedger = undefined;
          this.#countLedger(batch, batch.runs.length, batch.lines.length);
        }
        throw error;
      }
      this.#unsentLedger = undefined;
      if (!this.#ledger.full) return;
    }
  }

  #countLedger({ runs, lines }: LedgerBatch, refusedRuns: number, refusedLines: number): void {
    this.#counts.runsWritten += runs.length - refusedRuns;
    this.#counts.runsRefused += refusedRuns;
    this.#counts.linesWritten += lines.length - refusedLines;
    this.#counts.linesRefused += refusedLines;
  }
}

/** Whether the same statement may work later. */
const isTransient = (error: unknown): boolean => isMusterError(error) && error.code.startsWith('DATABASE_');

function isWritable(type: unknown, data: unknown): boolean {
  if (typeof type !== 'string' || !/^[a-z_]+:[a-z_]+$/.test(type)) return false;
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return false;
  try {
    const json = JSON.stringify(data);
    return json.length <= MOST_EVENT_BYTES && !UNSTORABLE_JSON.test(json);
  } catch {
    // Cycles and bigints are no JSON; the caller counts it.
    return false;
  }
}
