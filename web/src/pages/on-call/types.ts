import type { AlertLevel } from '../../api/types.ts';

export interface Shift {
  readonly from: string;
  readonly to: string;
  readonly people: readonly string[];
  /** The layer, override or calendar; null: nobody is on call, a gap. */
  readonly by: string | null;
}

export interface OnCall {
  readonly schedule: string;
  readonly time_zone: string;
  readonly now: Shift | null;
  readonly next: Shift | null;
  /** Within the next two weeks. */
  readonly gap_seconds: number;
  readonly calendar: {
    readonly read_at: string | null;
    readonly error: string | null;
    readonly events: number;
    readonly unknown: readonly string[];
  } | null;
}

export interface Override {
  readonly override_id: string;
  readonly schedule: string;
  readonly person: string;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly reason: string;
  readonly created_by: string;
}

export interface Escalation {
  readonly escalation_id: string;
  readonly incident_id: string;
  readonly incident: string;
  readonly policy: string;
  readonly level: AlertLevel;
  readonly next_step: number | null;
  readonly round: number;
  readonly due_at: string | null;
}
