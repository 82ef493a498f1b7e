/** Why a run began: its tick, a command, an event it waits for, or that its life began. */
export type RunTrigger = 'schedule' | 'command' | 'event' | 'first';

/** One run, as it begins. */
export interface RunStart {
  /** A UUID in order of time. */
  readonly runId: string;
  /** Counts the runs under one lease from 1. */
  readonly runNumber: number;
  readonly trigger: RunTrigger;
  /** When it was due, milliseconds since 1970; undefined where it was asked for. */
  readonly scheduledFor: number | undefined;
  readonly startedAt: number;
}
