import { messageOf, isMusterError, type MusterError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { AgentId, Epoch } from '../base/ids.ts';
import type { AgentRecord } from '../state/agents.ts';
import type { AgentBeat } from '../state/hosts.ts';
import type { FaultLog } from './fault-log.ts';
import type { SlotCode } from './slot-code.ts';

const RETRY_FIRST_MS = 500;
const RETRY_LONGEST_MS = 30_000;

export interface ArrivalsOptions {
  readonly slotCode: SlotCode | undefined;
  readonly clock: Clock;
  readonly faults: FaultLog;
  readonly arrived: (record: AgentRecord) => void;
  /** The code is no good; trying again would not help. */
  readonly failed: (record: AgentRecord, error: MusterError) => void;
}

interface Arrival {
  record: AgentRecord;
  reason: string | null;
  readonly over: AbortController;
}

/** Slots a host holds while their code is fetched and loaded. A database or disk that is away is waited for. */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #expected = new Map<AgentId, Arrival>();

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#expected.size;
  }

  has(agent: AgentId): boolean {
    return this.#expected.has(agent);
  }

  expect(record: AgentRecord): void {
    this.#drop(record.agentId);
    const arrival: Arrival = { record, reason: null, over: new AbortController() };
    this.#expected.set(record.agentId, arrival);
    void this.#fetch(arrival);
  }

  beats(): readonly AgentBeat[] {
    return [...this.#expected.values()].map(({ record, reason }) => ({ ...idleBeat(record), status: 'starting', reason }));
  }

  /** What changed meanwhile: the row as it is now, or an agent that is somebody else's. */
  reconcile(held: readonly AgentRecord[]): void {
    if (this.#expected.size === 0) return;
    const rows = new Map(held.map((record) => [record.agentId, record]));
    for (const [agent, arrival] of this.#expected) {
      const now = rows.get(agent);
      if (now === undefined) this.#drop(agent);
      else if (now.implementation?.hash === arrival.record.implementation?.hash) arrival.record = now;
      else {
        // Other code, or none any more: whoever adopts it decides anew.
        this.#drop(agent);
        this.#options.arrived(now);
      }
    }
  }

  forget(agent: AgentId, epoch: Epoch): void {
    if (this.#expected.get(agent)?.record.epoch === epoch) this.#drop(agent);
  }

  /** Expects nothing any more; tells what was expected. */
  clear(): readonly AgentRecord[] {
    const records = [...this.#expected.values()].map(({ record }) => record);
    for (const { agentId } of records) this.#drop(agentId);
    return records;
  }

  #drop(agent: AgentId): void {
    this.#expected.get(agent)?.over.abort();
    this.#expected.delete(agent);
  }

  async #fetch(arrival: Arrival): Promise<void> {
    const { clock, failed, faults, arrived, slotCode } = this.#options;
    const { signal } = arrival.over;
    const hash = arrival.record.implementation?.hash ?? '';
    for (let pauseMs = RETRY_FIRST_MS; !signal.aborted; pauseMs = Math.min(2 * pauseMs, RETRY_LONGEST_MS)) {
      try {
        await slotCode?.load(hash, arrival.record.metadata);
        if (signal.aborted) return;
        this.#expected.delete(arrival.record.agentId);
        faults.worked('slot code');
        arrived(arrival.record);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (isMusterError(error, 'AGENT_INVALID')) {
          this.#expected.delete(arrival.record.agentId);
          failed(arrival.record, error);
          return;
        }
        faults.failed('slot code', error);
        arrival.reason = `its code could not be fetched: ${messageOf(error)}`.slice(0, 2_000);
        await clock.sleep(pauseMs, signal).catch(() => undefined);
      }
    }
  }
}

/** The beat of an agent that does not run here: what its row says. */
export function idleBeat(record: AgentRecord): AgentBeat {
  const { agentId, epoch, errorCount, runCount, lastError } = record;
  return { agentId, epoch, status: 'stopped', healthScore: null, errorCount, runCount, lastError, reason: null };
}
