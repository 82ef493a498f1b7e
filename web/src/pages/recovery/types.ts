/** What the REST API answers about healing. */

export const modes = ['off', 'suggest', 'approve', 'auto'] as const;
export type Mode = (typeof modes)[number];

export const levels = ['info', 'warning', 'critical', 'emergency'] as const;
export type Level = (typeof levels)[number];

export type PlannedSteps = readonly { readonly kind: string; readonly text: string }[];

export interface HealingAction {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly undo: string;
  readonly ceiling: 'suggest' | 'approve' | 'auto';
  readonly approver: 'operator' | 'administrator';
  readonly modes: Readonly<Record<Level, Mode>>;
  readonly stopped_at: string | null;
  readonly stopped_reason: string | null;
  readonly success: { readonly n: number; readonly effective: number; readonly ratio: number | null; readonly text: string };
}

export interface Symptom {
  readonly present: boolean;
  readonly text: string;
}

export type RunState =
  | 'proposed'
  | 'approved'
  | 'running'
  | 'verifying'
  | 'effective'
  | 'ineffective'
  | 'failed'
  | 'undone'
  | 'rejected'
  | 'expired'
  | 'refused';

export interface HealingRun {
  readonly run_id: string;
  readonly action: string;
  readonly target: string;
  readonly level: Level;
  readonly state: RunState;
  readonly because: string;
  readonly plan: PlannedSteps;
  readonly held_by: string | null;
  readonly proposed_at: string;
  readonly expires_at: string;
  readonly symptom_before: Symptom | null;
  readonly symptom_after: Symptom | null;
  readonly reason: string | null;
  readonly undo: 'requested' | 'running' | 'done' | 'failed' | null;
}

export interface DryRun {
  readonly targets: readonly {
    readonly target: string;
    readonly plan: PlannedSteps;
    readonly symptom: Symptom | null;
    readonly held_by: string | null;
  }[];
  readonly refused: string | null;
}

export interface HealingSettings {
  readonly halted_at: string | null;
  readonly halted_by: string | null;
}
