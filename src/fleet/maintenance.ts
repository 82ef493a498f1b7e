import { setMaxListeners } from 'node:events';
import type { Clock } from '../base/clock.ts';
import type { HostId } from '../base/ids.ts';
import type { Logger } from '../base/logger.ts';
import type { Service } from '../base/service.ts';
import type { NamedLease } from '../state/leases.ts';
import type { MaintenanceJob } from '../state/maintenance.ts';
import type { SharedState } from '../state/shared-state.ts';
import { FaultLog } from './fault-log.ts';

/** A job's lease outlasts its period by this, so that the host which has it keeps it from one run to the next. */
const LEASE_BEYOND_MS = 30_000;
/** Jobs begin spread over this time: they are no hurry, and the start of a host is busy. */
const FIRST_RUN_WITHIN_MS = 5_000;

export interface MaintenanceOptions {
  readonly state: SharedState;
  readonly hostId: HostId;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** Whether the host may believe in its lease. */
  readonly trusted: () => boolean;
}

/**
 * Runs the state's maintenance jobs, each on one host at a time: the one that has the lease `job:<name>`. The host keeps a
 * job's lease from run to run, so that a period is a period of the fleet and not of each host.
 */
export class Maintenance implements Service {
  readonly #options: MaintenanceOptions;
  readonly #faults: FaultLog;
  readonly #stop = new AbortController();
  readonly #leases = new Map<string, NamedLease>();
  #running: Promise<void>[] = [];

  constructor(options: MaintenanceOptions) {
    this.#options = options;
    this.#faults = new FaultLog(options.log);
    // Every job listens for the stop; there may be more of them than Node finds normal.
    setMaxListeners(0, this.#stop.signal);
  }

  start(): Promise<void> {
    this.#running = this.#options.state.maintenance.map((job) => this.#repeat(job));
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
    const leases = [...this.#leases.values()];
    this.#leases.clear();
    // One that cannot be given back runs out by itself.
    for (const lease of leases)
      await this.#options.state.leases.release(lease).catch((error: unknown) => this.#faults.failed(`release of ${lease.name}`, error));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #repeat(job: MaintenanceJob): Promise<void> {
    const { clock, random } = this.#options;
    let pauseMs = random() * Math.min(job.everyMs, FIRST_RUN_WITHIN_MS);
    while (!this.#stop.signal.aborted) {
      await clock.sleep(pauseMs, this.#stop.signal).catch(() => undefined);
      if (this.#stop.signal.aborted) return;
      await this.runOnce(job);
      pauseMs = job.everyMs;
    }
  }

  /** Runs the job where this host has, or gets, its lease. Returns whether it ran. Faults are logged and counted. */
  async runOnce(job: MaintenanceJob): Promise<boolean> {
    const { state, hostId, trusted } = this.#options;
    if (!trusted()) return false;
    const name = `job:${job.name}`;
    const leaseMs = job.everyMs + LEASE_BEYOND_MS;
    try {
      const lease = await state.leases.acquire(name, hostId, leaseMs);
      if (lease === undefined) {
        this.#leases.delete(name);
        return false;
      }
      this.#leases.set(name, lease);
      await this.#holding(job, lease, leaseMs);
      this.#faults.worked(name);
      return true;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#faults.failed(name, error);
      return false;
    }
  }

  /** Renews the lease while the job runs; aborts the job where the lease is lost or the host stops. */
  async #holding(job: MaintenanceJob, lease: NamedLease, leaseMs: number): Promise<void> {
    const { clock, hostId, state } = this.#options;
    const over = new AbortController();
    const end = (): void => over.abort(this.#stop.signal.reason);
    this.#stop.signal.addEventListener('abort', end, { once: true });
    const done = new AbortController();
    const renewing = (async () => {
      while (!done.signal.aborted) {
        await clock.sleep(leaseMs / 3, done.signal).catch(() => undefined);
        if (done.signal.aborted) return;
        const renewed = await state.leases.acquire(lease.name, hostId, leaseMs).catch(() => undefined);
        if (renewed?.epoch !== lease.epoch) over.abort(new Error(`the lease ${lease.name} is lost`));
      }
    })();
    try {
      await job.run(over.signal);
    } finally {
      done.abort();
      this.#stop.signal.removeEventListener('abort', end);
      await renewing;
    }
  }
}
