import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import type { HostLoad } from '../state/hosts.ts';

/** Says how busy a host and its machine are. */
export interface LoadMeter {
  start(): void;
  stop(): void;
  read(): HostLoad;
}

/** Measures what this process costs, and how busy its machine is, from one look to the next. */
export class ProcessLoad implements LoadMeter {
  // A sample every 50 ms: finer ones cost more than the host's own beats.
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 50 });
  #cpu = process.cpuUsage();
  #at = performance.now();
  #machine = machineTimes();

  start(): void {
    this.#delay.enable();
  }

  stop(): void {
    this.#delay.disable();
  }

  read(): HostLoad {
    const now = performance.now();
    const used = process.cpuUsage(this.#cpu);
    const elapsedMs = Math.max(1, now - this.#at);
    this.#cpu = process.cpuUsage();
    this.#at = now;
    // The histogram counts whole intervals; what exceeds the resolution is delay.
    const p99 = this.#delay.percentile(99) / 1e9;
    const lag = Number.isFinite(p99) ? Math.max(0, p99 - 0.05) : 0;
    this.#delay.reset();
    const machine = machineTimes();
    const total = machine.total - this.#machine.total;
    const machineCpuRatio = total > 0 ? Math.min(1, Math.max(0, (machine.busy - this.#machine.busy) / total)) : undefined;
    this.#machine = machine;
    return {
      cpuCores: (used.user + used.system) / 1_000 / elapsedMs,
      rssBytes: process.memoryUsage.rss(),
      eventLoopLagSeconds: lag,
      ...(machineCpuRatio === undefined ? {} : { machineCpuRatio }),
      machineCores: availableParallelism(),
      machineMemoryBytes: totalmem(),
      machineMemoryFreeBytes: freemem(),
    };
  }
}

/** Milliseconds of all processors since boot. */
function machineTimes(): { readonly busy: number; readonly total: number } {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.irq + times.idle;
    total += all;
    busy += all - times.idle;
  }
  return { busy, total };
}
