import { z } from 'zod';
import { IsoTime, text } from '../../http/schemas.ts';
import { isoTime, isoTimeOrNull } from '../../http/time.ts';
import type { ActionRow, Settings } from './catalogue.ts';
import { APPROVERS, CEILINGS, LEVELS, MODES } from './mode.ts';
import type { RunStep } from './requests.ts';
import { RUN_STATES, type Run } from './runs.ts';

const Level = z.enum(LEVELS);
const Mode = z.enum(MODES);

export const SymptomView = z
  .object({ present: z.boolean(), text: z.string(), value: z.number().nullable().optional() })
  .describe('What is wrong as it was measured: whether it is there, and in words with figures');

export const PlanView = z
  .array(
    z.object({
      kind: z.enum(['sql', 'agent_command', 'http', 'shell', 'code']),
      text: z.string().describe('The exact statement, command or call'),
      lock_timeout_ms: z.number().optional(),
      statement_timeout_ms: z.number().optional(),
    }),
  )
  .describe('What is carried out, step by step');

export const ActionView = z
  .object({
    name: z.string(),
    title: z.string(),
    description: z.string(),
    source: z.enum(['shipped', 'file', 'module']),
    on: z.array(z.object({ rule: z.string().optional(), labels: z.record(z.string(), z.string()).optional() })),
    undo: z.string().describe('How it is undone, or irreversible'),
    idempotent: z.boolean(),
    ceiling: z.enum(CEILINGS).describe('The highest mode it can be set to'),
    approver: z.enum(APPROVERS).describe('The lowest role that may approve it'),
    modes: z.object({ info: Mode, warning: Mode, critical: Mode, emergency: Mode }),
    limits: z.object({
      runs_an_hour: z.number().int(),
      runs_an_hour_a_target: z.number().int(),
      most_targets: z.number().int(),
      cooldown_ms: z.number(),
      longest_cooldown_ms: z.number(),
      approval_ms: z.number(),
      timeout_ms: z.number(),
      hold_ms: z.number(),
      verify_ms: z.number(),
    }),
    stopped_at: IsoTime.nullable(),
    stopped_reason: z.string().nullable(),
    success: z
      .object({
        n: z.number().int().describe('Runs whose outcome was measured, or that failed'),
        effective: z.number().int(),
        ratio: z.number().nullable().describe('null: not measured yet'),
        text: z.string(),
      })
      .describe('Counted from verified outcomes'),
  })
  .meta({ id: 'RecoveryAction' });

const modeAt = ({ ceiling, modes }: ActionRow, level: (typeof LEVELS)[number]): z.output<typeof Mode> => {
  const mode = modes[level] ?? modes.any ?? 'suggest';
  return MODES[Math.min(MODES.indexOf(mode), MODES.indexOf(ceiling))] ?? 'suggest';
};

export const successText = ({ effective, verified }: Pick<ActionRow, 'effective' | 'verified'>): string =>
  verified === 0 ? 'not measured yet' : `${Math.round((100 * effective) / verified)}% (n = ${verified})`;

export function actionView(row: ActionRow): z.input<typeof ActionView> {
  const { definition } = row;
  return {
    name: row.name,
    title: definition.title,
    description: definition.description,
    source: row.source,
    on: definition.on.map((binding) => ({ ...binding })),
    undo: definition.undo,
    idempotent: row.idempotent,
    ceiling: row.ceiling,
    approver: row.approver,
    modes: {
      info: modeAt(row, 'info'),
      warning: modeAt(row, 'warning'),
      critical: modeAt(row, 'critical'),
      emergency: modeAt(row, 'emergency'),
    },
    limits: {
      runs_an_hour: row.runs_an_hour,
      runs_an_hour_a_target: row.runs_an_hour_a_target,
      most_targets: row.most_targets,
      cooldown_ms: row.cooldown_ms,
      longest_cooldown_ms: row.longest_cooldown_ms,
      approval_ms: row.approval_ms,
      timeout_ms: definition.timeout_ms,
      hold_ms: definition.hold_ms,
      verify_ms: definition.verify_ms,
    },
    stopped_at: isoTimeOrNull(row.stopped_at),
    stopped_reason: row.stopped_reason,
    success: {
      n: row.verified,
      effective: row.effective,
      ratio: row.verified === 0 ? null : row.effective / row.verified,
      text: successText(row),
    },
  };
}

export const RunView = z
  .object({
    run_id: z.guid(),
    action: z.string(),
    target: z.string(),
    group: z.string(),
    level: Level,
    state: z.enum(RUN_STATES),
    alert_id: z.guid().nullable(),
    rule: z.string().nullable(),
    because: z.string(),
    plan: PlanView,
    held_by: z.string().nullable().describe('The rail that holds it back now'),
    proposed_by: z.string(),
    proposed_at: IsoTime,
    expires_at: IsoTime,
    decided_by: z.string().nullable(),
    decided_at: IsoTime.nullable(),
    attempts: z.number().int(),
    started_at: IsoTime.nullable(),
    acted_at: IsoTime.nullable(),
    result: z.unknown(),
    symptom_before: SymptomView.nullable(),
    symptom_after: SymptomView.nullable(),
    outcome: z.enum(['effective', 'ineffective', 'failed']).nullable().describe('As it was verified'),
    reason: z.string().nullable(),
    finished_at: IsoTime.nullable(),
    undo: z.enum(['requested', 'running', 'done', 'failed']).nullable(),
    undo_by: z.string().nullable(),
    undo_at: IsoTime.nullable(),
    undo_error: z.string().nullable(),
  })
  .meta({ id: 'RecoveryRun' });

export function runView(run: Run): z.input<typeof RunView> {
  return {
    run_id: run.run_id,
    action: run.action,
    target: run.target,
    group: run.target_group,
    level: run.level,
    state: run.state,
    alert_id: run.alert_id,
    rule: run.rule,
    because: run.because,
    plan: run.plan.map((step) => ({ ...step })),
    held_by: run.held_by,
    proposed_by: run.proposed_by,
    proposed_at: isoTime(run.proposed_at),
    expires_at: isoTime(run.expires_at),
    decided_by: run.decided_by,
    decided_at: isoTimeOrNull(run.decided_at),
    attempts: run.attempts,
    started_at: isoTimeOrNull(run.started_at),
    acted_at: isoTimeOrNull(run.acted_at),
    result: run.result,
    symptom_before: run.symptom_before,
    symptom_after: run.symptom_after,
    outcome: run.outcome,
    reason: run.reason,
    finished_at: isoTimeOrNull(run.finished_at),
    undo: run.undo,
    undo_by: run.undo_by,
    undo_at: isoTimeOrNull(run.undo_at),
    undo_error: run.undo_error,
  };
}

export const RunWithSteps = RunView.extend({
  steps: z.array(z.object({ at: IsoTime, state: z.string(), by: z.string().nullable(), note: z.string().nullable() })),
}).meta({ id: 'RecoveryRunWithSteps' });

export const runWithSteps = (run: Run, steps: readonly RunStep[]): z.input<typeof RunWithSteps> => ({
  ...runView(run),
  steps: steps.map((step) => ({ ...step, at: isoTime(step.at) })),
});

export const DryRunView = z
  .object({
    action: z.string(),
    targets: z.array(
      z.object({
        target: z.string(),
        group: z.string(),
        plan: PlanView,
        symptom: SymptomView.nullable(),
        held_by: z.string().nullable().describe('The rail that would hold it back; null: it would run by itself'),
      }),
    ),
    refused: z.string().nullable().describe('Why none of it would be done: no target, or too many'),
    undo: z.string(),
  })
  .meta({ id: 'RecoveryDryRun' });

export const SettingsView = z
  .object({
    halted_at: IsoTime.nullable().describe('Since when nothing is started'),
    halted_by: z.string().nullable(),
    runs_an_hour: z.number().int(),
    runs_at_once: z.number().int(),
    most_unhealthy_percent: z.number().int(),
  })
  .meta({ id: 'RecoverySettings' });

export const settingsView = (settings: Settings): z.input<typeof SettingsView> => ({
  ...settings,
  halted_at: isoTimeOrNull(settings.halted_at),
});

export const SettingsBody = z.strictObject({
  halted: z.boolean().optional().describe('true: nothing more is started, until false'),
  runs_an_hour: z.number().int().min(0).max(10_000).optional(),
  runs_at_once: z.number().int().min(1).max(100).optional(),
  most_unhealthy_percent: z.number().int().min(0).max(100).optional(),
});

export const ActionParams = z.object({ name: text(1, 100) });
export const RunParams = z.object({ run_id: z.guid() });
export const TargetText = text(3, 500)
  .describe('Labels that name the target, such as agent=a1')
  .meta({ examples: ['agent=a1', 'table=public.orders'] });
export const DryRunBody = z.strictObject({ target: TargetText, level: Level.default('warning') });
export const ProposalBody = z.strictObject({
  action: text(1, 100),
  target: TargetText,
  level: Level.default('warning').describe('Says which mode of the action counts'),
  because: text(1, 500).default('asked for by hand'),
});
export const ModeBody = z.strictObject({ mode: Mode, level: z.enum([...LEVELS, 'any']).default('any') });
export const RejectBody = z.strictObject({ reason: text(1, 500).default('rejected') });
