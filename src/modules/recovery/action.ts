import { durationMs, type DurationInput } from '../../base/duration.ts';
import { messageOf, MusterError } from '../../base/errors.ts';
import type { Database } from '../../db/database.ts';
import type { Approver, Ceiling, Level } from './mode.ts';

export type Labels = Readonly<Record<string, string>>;

/** What an action is asked about: an alert that fires, or a target that a person names by its labels. */
export interface Concern {
  readonly labels: Labels;
  readonly level: Level;
  /** The rule that fires; undefined where a person asks. */
  readonly rule?: string | undefined;
  readonly alertId?: string | undefined;
  /** Of the alert, in the unit of its metric. */
  readonly value?: number | null | undefined;
  readonly threshold?: number | null | undefined;
}

export interface Target {
  /** Its canonical labels, such as `agent=a1`: the same for the same thing. */
  readonly target: string;
  /** One target of a group is treated at a time. */
  readonly group: string;
  readonly params?: Readonly<Record<string, string | number>>;
  /** How many there are in the group, and how many of them are unwell. */
  readonly members?: { readonly total: number; readonly unhealthy: number } | undefined;
}

/** What is wrong, as it is measured: whether it is there, and in words with figures. */
export interface Symptom {
  readonly present: boolean;
  readonly text: string;
  readonly value?: number | null;
}

/** One thing that is done. A dry run prints it, the run carries out the same. */
export type Step =
  | {
      readonly kind: 'sql';
      readonly text: string;
      /** `alone`: outside of any transaction, on a connection of its own. `fenced`: in a transaction that proves the lease. */
      readonly how: 'alone' | 'fenced';
      /** Default 5 s and 120 s. */
      readonly lockTimeoutMs?: number;
      readonly statementTimeoutMs?: number;
    }
  | {
      readonly kind: 'agent_command';
      readonly agentId: string;
      readonly command: string;
      readonly payload?: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'http';
      readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
      readonly url: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  | { readonly kind: 'shell'; readonly command: string }
  | { readonly kind: 'code'; readonly describe: string; run(site: ActSite): Promise<unknown> };

/** What an action may look at. */
export interface LookSite {
  readonly database: Database;
}

/** What code of an action is given. */
export interface ActSite extends LookSite {
  readonly signal: AbortSignal;
}

/** Which alerts an action is for: the rule's name, where `*` stands for anything, and labels that must be as they are here. */
export interface Binding {
  readonly rule?: string;
  readonly labels?: Labels;
}

export interface Limits {
  readonly runsAnHour: number;
  readonly runsAnHourATarget: number;
  /** More than this at once is refused: a list that is too long is more often a mistake than a disaster. */
  readonly mostTargets: number;
  /** After a run at a target; it doubles with every run of the last day. */
  readonly cooldown: DurationInput;
  readonly longestCooldown: DurationInput;
  /** How long an approval is waited for. */
  readonly approval: DurationInput;
  /** What takes longer is cancelled. */
  readonly timeout: DurationInput;
  /** Gone for so long: it helped. */
  readonly hold: DurationInput;
  /** Not gone by then: it did not. */
  readonly verify: DurationInput;
}

export interface RecoveryAction {
  /** Lower case, digits and underscores. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly on: readonly Binding[];
  /** Default auto; every action starts at suggest. */
  readonly ceiling?: Ceiling;
  /** Who may approve it. Default operator. */
  readonly approver?: Approver;
  /** May be done twice where nobody knows whether it was done. Default false. */
  readonly idempotent?: boolean;
  readonly undo: 'irreversible' | { readonly describe: string; steps(target: Target): readonly Step[] };
  readonly limits?: Partial<Limits>;
  /**
   * Whether it is also for alerts with the label `database`, which are about another monitored database. Default false: such an
   * alert is refused, since statements run on the fleet's own database, and what is found there is innocent.
   */
  readonly anyDatabase?: boolean;
  /** The exact targets for a concern; none, or too many, is refused. */
  targets(site: LookSite, about: Concern): Promise<readonly Target[]>;
  steps(target: Target): readonly Step[];
  /** Measures whether what it cures is still there. Without it, that the alert is resolved counts. */
  symptom?(site: LookSite, target: Target): Promise<Symptom>;
}

export const DEFAULT_LIMITS: Limits = {
  runsAnHour: 6,
  runsAnHourATarget: 3,
  mostTargets: 5,
  cooldown: '5m',
  longestCooldown: '6h',
  approval: '1h',
  timeout: '2m',
  hold: '1m',
  verify: '5m',
};

const SHORTEST_MS = 1;
const LONGEST_MS = 7 * 86_400_000;

/** The limits of an action in numbers. */
export function limitsOf({ limits }: Pick<RecoveryAction, 'limits'>) {
  const { approval, cooldown, hold, longestCooldown, timeout, verify, ...counts } = { ...DEFAULT_LIMITS, ...limits };
  const cooldownMs = durationMs(cooldown);
  return {
    ...counts,
    cooldownMs,
    longestCooldownMs: Math.max(cooldownMs, durationMs(longestCooldown)),
    approvalMs: durationMs(approval),
    timeoutMs: durationMs(timeout),
    holdMs: durationMs(hold),
    verifyMs: durationMs(verify),
  };
}

/**
 * Defines a healing action, checked at once. It says what it would do as steps, so that a dry run prints exactly what a run does.
 *
 * @example
 * ```ts
 * import { defineAction } from 'muster-agents';
 *
 * export const refreshRates = defineAction({
 *   name: 'refresh_rates',
 *   title: 'Refresh the rates',
 *   description: 'Reads the exchange rates again.',
 *   on: [{ rule: 'rates_stale' }],
 *   idempotent: true,
 *   undo: 'irreversible',
 *   targets: async () => [{ target: 'table=rates', group: 'rates' }],
 *   steps: () => [{ kind: 'sql', how: 'alone', text: 'refresh materialized view rates' }],
 * });
 * ```
 */
export function defineAction(action: RecoveryAction): RecoveryAction {
  const fault = faultOf(action);
  if (fault !== undefined)
    throw new MusterError('ACTION_INVALID', `healing action ${JSON.stringify(action.name)}: ${fault}`, {
      remedy: 'Mend the named field of the action.',
    });
  return Object.freeze({ ...action });
}

function faultOf(action: RecoveryAction): string | undefined {
  if (!/^[a-z][a-z0-9_]{0,99}$/.test(action.name)) return 'name takes lower-case letters, digits and underscores, a letter first';
  if (action.title.trim() === '' || action.description.trim() === '') return 'title and description say what people read';
  if (action.on.some(({ labels, rule }) => rule === undefined && Object.keys(labels ?? {}).length === 0))
    return 'a binding names a rule or labels: one without either would be for every alert';
  try {
    const { runsAnHour, runsAnHourATarget, mostTargets, ...times } = limitsOf(action);
    for (const [name, ms] of Object.entries(times))
      if (ms > LONGEST_MS || (ms < SHORTEST_MS && !name.startsWith('cooldown') && !name.startsWith('longest') && name !== 'holdMs'))
        return `limits: ${name} ${ms} is out of range`;
    if (![runsAnHour, runsAnHourATarget].every((n) => Number.isInteger(n) && n >= 0) || !Number.isInteger(mostTargets) || mostTargets < 1)
      return 'limits are whole numbers';
  } catch (error) {
    return `limits: ${messageOf(error)}`;
  }
  return undefined;
}

/** Whether an action is for this alert. */
export function isFor(action: Pick<RecoveryAction, 'on'>, rule: string, labels: Labels): boolean {
  return action.on.some(
    (binding) =>
      (binding.rule === undefined || matches(binding.rule, rule)) &&
      Object.entries(binding.labels ?? {}).every(([name, value]) => labels[name] !== undefined && matches(value, labels[name])),
  );
}

/** `*` stands for any text. */
function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
}

/** `{ b: '2', a: '1' }` as `a=1,b=2`. */
export const targetName = (labels: Readonly<Record<string, string | number>>): string =>
  Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/** What a person writes as `agent=a1` or `table=public.orders,dead_rows=1`. Throws INVALID_INPUT. */
export function parseTarget(text: string): Labels {
  const pairs = text.split(',').map((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? (['', ''] as const) : ([pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const);
  });
  if (
    pairs.some(
      ([name, value], index) => !/^[a-z_][a-z0-9_]*$/i.test(name) || value === '' || pairs.findIndex(([other]) => other === name) !== index,
    )
  )
    throw new MusterError('INVALID_INPUT', `"${text.slice(0, 100)}" names no target`, {
      remedy: 'Write it as labels: agent=a1, or pid=4711.',
    });
  return Object.fromEntries(pairs);
}

/** What a step does, as a dry run prints it. */
export function printStep(step: Step): string {
  switch (step.kind) {
    case 'sql':
      return step.text;
    case 'agent_command':
      return `command ${step.command} to agent ${step.agentId}`;
    case 'http':
      return `${step.method} ${step.url}${step.body === undefined ? '' : `\n${step.body}`}`;
    case 'shell':
      return step.command;
    case 'code':
      return step.describe;
  }
}

export interface PrintedStep {
  readonly kind: Step['kind'];
  readonly text: string;
  readonly lock_timeout_ms?: number;
  readonly statement_timeout_ms?: number;
}

export const LOCK_TIMEOUT_MS = 5_000;
export const STATEMENT_TIMEOUT_MS = 120_000;

/** The plan as it is stored and shown. */
export const printPlan = (steps: readonly Step[]): readonly PrintedStep[] =>
  steps.map((step) => ({
    kind: step.kind,
    text: printStep(step),
    ...(step.kind === 'sql' && {
      lock_timeout_ms: step.lockTimeoutMs ?? LOCK_TIMEOUT_MS,
      statement_timeout_ms: step.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
    }),
  }));
