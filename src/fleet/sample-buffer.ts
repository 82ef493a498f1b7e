import type { AgentSample } from '../agent/sample.ts';
import type { Fence } from '../state/fence.ts';
import type { Refusals } from './refusals.ts';
import type { HostBatch, Sample } from '../state/metrics/metrics.ts';

/** One agent may have so many samples waiting, and a host so many in all: about 20 MB. */
export const MOST_SAMPLES_AN_AGENT = 20_000;
export const MOST_SAMPLES_A_HOST = 200_000;
/** Samples a batch: COPY is at its best from about 5,000 rows (292,000/s) and gains nothing above. */
export const SAMPLES_A_BATCH = 10_000;

/** Samples that wait, oldest first. When there are too many the oldest go: what is newest says most. */
export class SampleQueue {
  #samples: AgentSample[] = [];
  #first = 0;

  get size(): number {
    return this.#samples.length - this.#first;
  }

  push(sample: AgentSample): void {
    this.#samples.push(sample);
  }

  dropOldest(): void {
    this.#take(1);
  }

  take(most: number): readonly AgentSample[] {
    const taken = this.#samples.slice(this.#first, this.#first + most);
    this.#take(taken.length);
    return taken;
  }

  /** Moves the start along; the array is cut only now and then, so that dropping one of 20,000 costs nothing. */
  #take(count: number): void {
    this.#first += count;
    if (this.#first === this.#samples.length) {
      this.#samples = [];
      this.#first = 0;
    } else if (this.#first > 1_024 && this.#first > this.#samples.length / 2) {
      this.#samples = this.#samples.slice(this.#first);
      this.#first = 0;
    }
  }
}

/** The samples of one agent. */
export class SampleLane extends SampleQueue {
  readonly fence: Fence;
  readonly refusals: Refusals | undefined;

  constructor(fence: Fence, refusals?: Refusals) {
    super();
    this.fence = fence;
    this.refusals = refusals;
  }
}

/** Samples on their way to the database: bounded for each agent, so that one which floods loses its own and nobody else's. */
export class SampleBuffer {
  readonly #lanes = new Set<SampleLane>();
  #size = 0;
  /** Samples that were given up because the buffer was full. */
  dropped = 0;
  /** The same by agent, since they were last asked for. */
  #floods = new Map<SampleLane, number>();

  get size(): number {
    return this.#size;
  }

  push(lane: SampleLane, sample: AgentSample): void {
    this.#lanes.add(lane);
    if (lane.size >= MOST_SAMPLES_AN_AGENT || this.#size >= MOST_SAMPLES_A_HOST) {
      this.dropped += 1;
      this.#floods.set(lane, (this.#floods.get(lane) ?? 0) + 1);
      // The host is full of others' samples: this agent has none to give up for it.
      if (lane.size === 0) return;
      lane.dropOldest();
      this.#size -= 1;
    }
    lane.push(sample);
    this.#size += 1;
  }

  /** Who lost how many since the last time. */
  takeFloods(): ReadonlyMap<SampleLane, number> {
    const floods = this.#floods;
    this.#floods = new Map();
    return floods;
  }

  /** The next batch, an even part of each agent's lane; undefined where nothing waits. */
  take(): HostBatch | undefined {
    let room = SAMPLES_A_BATCH;
    const samples: Sample[] = [];
    const fences: Fence[] = [];
    let left = this.#lanes.size;
    for (const lane of this.#lanes) {
      const taken = lane.take(Math.ceil(room / left));
      left -= 1;
      // A lane that stayed is asked first next time only after those that had to wait.
      this.#lanes.delete(lane);
      if (lane.size > 0) this.#lanes.add(lane);
      if (taken.length === 0) continue;
      room -= taken.length;
      fences.push(lane.fence);
      for (const { name, value, unit, labels, at } of taken)
        samples.push({ metricName: name, agentId: lane.fence.agentId, unit, labels, at, value });
      if (room <= 0 || left <= 0) break;
    }
    this.#size -= samples.length;
    const hostId = fences[0]?.hostId;
    return hostId === undefined ? undefined : { hostId, fences, samples };
  }
}
