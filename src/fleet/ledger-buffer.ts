import { boundedMessage } from '../agent/run-ledger.ts';
import type { RunStart } from '../agent/run.ts';
import type { RunOutcome } from '../agent/runner.ts';
import type { Clock } from '../base/clock.ts';
import { isMusterError } from '../base/errors.ts';
import type { Fence } from '../state/fence.ts';
import type { LogLevel } from '../state/agent-logs.ts';
import type { LedgerBatch, LineEntry, RunEntry } from '../state/ledger.ts';
import { Backlog } from './backlog.ts';
import { LINES_A_HOST_A_SECOND, LINES_A_RUN, LINES_AN_AGENT_A_SECOND, newCount, passes, type SecondCount } from './log-gate.ts';
import { storableJson, type Said } from './log-line.ts';

/** Waiting at most, while the database is away: about 20 MB each. */
const RUNS = { most: 20_000, mostSize: 8_000_000 };
const LINES = { most: 20_000, mostSize: 8_000_000 };
/** One statement takes so many of each at most. */
const RUNS_A_BATCH = { most: 2_000, size: 1_000_000 };
const LINES_A_BATCH = { most: 5_000, size: 2_000_000 };
/** A run that lasts longer than this is shown while it goes on. */
const LONG_MS = 2_000;
/** What a run returned, as JSON; more belongs in a table. Characters. */
const MOST_RESULT = 4_000;
/** Runs of one agent whose lost lines are told apart between two flushes. */
const MOST_MARKERS = 20;

/** The lines of one agent under one lease. */
export class LogLane {
  readonly fence: Fence;
  readonly count: SecondCount = newCount();
  /** Lines that were not kept since the last flush, by run. */
  dropped = new Map<string | undefined, number>();

  constructor(fence: Fence) {
    this.fence = fence;
  }
}

interface OpenRun {
  readonly fence: Fence;
  readonly start: RunStart;
  readonly began: number;
  readonly lines: RunLines;
  written: boolean;
}

/** Shared by a run and its lines: one that is given up later is still counted. */
interface RunLines {
  linesKept: number;
  linesDropped: number;
}

interface Line {
  readonly entry: LineEntry;
  readonly lane: LogLane;
  readonly lines: RunLines | undefined;
}

interface EndedRun {
  readonly entry: Omit<RunEntry, keyof RunLines>;
  readonly lines: RunLines;
}

/** Runs and log lines of a host's agents on their way to the database: bounded, failures and warnings kept longest. */
export class LedgerBuffer {
  readonly #clock: Clock;
  readonly #open = new Map<string, OpenRun>();
  readonly #ended: Backlog<EndedRun>;
  readonly #lines: Backlog<Line>;
  readonly #host = newCount();
  #short = new Set<LogLane>();
  #seq = 0;
  runsDropped = 0;
  linesDropped = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#ended = new Backlog<EndedRun>(RUNS, () => (this.runsDropped += 1));
    this.#lines = new Backlog<Line>(LINES, (line) => {
      if (line.lines !== undefined) line.lines.linesKept -= 1;
      this.#drop(line.lane, line.entry.runId ?? undefined, line.lines);
    });
  }

  get runsWaiting(): number {
    return this.#ended.length;
  }

  get linesWaiting(): number {
    return this.#lines.length;
  }

  /** More waits than one statement takes. */
  get full(): boolean {
    return this.#ended.length >= RUNS_A_BATCH.most || this.#lines.length >= LINES_A_BATCH.most;
  }

  began(fence: Fence, start: RunStart): void {
    const lines = { linesKept: 0, linesDropped: 0 };
    this.#open.set(start.runId, { fence, start, began: this.#clock.monotonic(), lines, written: false });
  }

  ended(start: RunStart, outcome: RunOutcome): void {
    const run = this.#open.get(start.runId);
    if (run === undefined) return;
    this.#open.delete(start.runId);
    const error = outcome.kind === 'failed' ? boundedMessage(outcome.error) : null;
    const result = outcome.kind === 'succeeded' && outcome.result !== undefined ? storableJson(outcome.result, MOST_RESULT) : null;
    const end = { endedAt: start.startedAt + outcome.durationMs, durationMs: outcome.durationMs, outcome: nameOf(outcome), error, result };
    const size = 200 + (error?.length ?? 0) + (result?.length ?? 0);
    this.#ended.push({ entry: { ...begunEntry(run), ...end }, lines: run.lines }, size, outcome.kind === 'failed');
  }

  /** `make` is called only where the line is kept: dropping a hundred thousand of them must cost next to nothing. */
  line(lane: LogLane, runId: string | undefined, level: LogLevel, make: () => Said): void {
    const lines = runId === undefined ? undefined : this.#open.get(runId)?.lines;
    if (!passes(level, lines, lane.count, this.#host, this.#clock.monotonic())) return this.#drop(lane, runId, lines);
    if (lines !== undefined) lines.linesKept += 1;
    this.#push(lane, runId, lines, make());
  }

  #push(lane: LogLane, runId: string | undefined, lines: RunLines | undefined, said: Said): void {
    this.#seq += 1;
    const { agentId, epoch } = lane.fence;
    const entry = { ...said, agentId, epoch, runId: runId ?? null, seq: this.#seq, at: this.#clock.now() };
    const size = 100 + said.message.length + (said.fields?.length ?? 0);
    this.#lines.push({ entry, lane, lines }, size, said.level === 'warn' || said.level === 'error');
  }

  #drop(lane: LogLane, runId: string | undefined, lines: RunLines | undefined): void {
    this.linesDropped += 1;
    if (lines !== undefined) lines.linesDropped += 1;
    const key = lane.dropped.has(runId) || lane.dropped.size < MOST_MARKERS ? runId : undefined;
    lane.dropped.set(key, (lane.dropped.get(key) ?? 0) + 1);
    this.#short.add(lane);
  }

  /** Where lines were not kept, a line says so: silence would look like nothing was said. */
  #mark(): void {
    const lanes = this.#short;
    this.#short = new Set();
    for (const lane of lanes) {
      const dropped = lane.dropped;
      lane.dropped = new Map();
      for (const [runId, count] of dropped) {
        const message = `${count} more ${count === 1 ? 'line was' : 'lines were'} not kept: at most ${LINES_A_RUN} of a run, ${LINES_AN_AGENT_A_SECOND} a second of an agent, ${LINES_A_HOST_A_SECOND} a second of a host`;
        this.#push(lane, runId, undefined, { level: 'warn', message, fields: JSON.stringify({ dropped_lines: count }) });
      }
    }
  }

  /** The next batch; undefined where there is nothing to write. */
  take(): LedgerBatch | undefined {
    this.#mark();
    const runs: RunEntry[] = this.#ended.take(RUNS_A_BATCH.most, RUNS_A_BATCH.size).map(({ entry, lines }) => ({ ...entry, ...lines }));
    const now = this.#clock.monotonic();
    for (const run of this.#open.values()) {
      if (run.written || now - run.began < LONG_MS) continue;
      run.written = true;
      runs.push({ ...begunEntry(run), ...run.lines });
    }
    const lines = this.#lines.take(LINES_A_BATCH.most, LINES_A_BATCH.size).map(({ entry }) => entry);
    return runs.length === 0 && lines.length === 0 ? undefined : { runs, lines };
  }
}

function begunEntry({ fence, start }: OpenRun): Omit<RunEntry, keyof RunLines> {
  return {
    runId: start.runId,
    agentId: fence.agentId,
    epoch: fence.epoch,
    runNumber: start.runNumber,
    trigger: start.trigger,
    scheduledFor: start.scheduledFor ?? null,
    startedAt: start.startedAt,
    endedAt: null,
    outcome: null,
    durationMs: null,
    error: null,
    result: null,
  };
}

function nameOf(outcome: RunOutcome): NonNullable<RunEntry['outcome']> {
  if (outcome.kind !== 'failed') return outcome.kind;
  return isMusterError(outcome.error, 'AGENT_TIMEOUT') ? 'timed_out' : 'failed';
}
