/** Work that one host at a time does for all: rollups, compaction, partitions ahead, retention, sweeping. */
export interface MaintenanceJob {
  /** Unique; the job runs under the lease `job:<name>`. */
  readonly name: string;
  readonly everyMs: number;
  /** Idempotent and resumable: it may be cut off at any point and run again elsewhere. */
  run(signal: AbortSignal): Promise<void>;
}
