import { isMusterError, messageOf, MusterError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Database } from '../../db/database.ts';
import { sql } from '../../db/sql.ts';
import type { EventType } from '../../state/events.ts';
import { isFor, limitsOf, printPlan, type LookSite, type RecoveryAction, type Symptom, type Target } from './action.ts';
import type { AlertSource, FiringAlert } from './alert-source.ts';
import { carryOut, type Hands } from './carry-out.ts';
import { listActions, type ActionRow } from './catalogue.ts';
import { LOOK_TIMEOUT_MS, lookingOnly } from './looking-only.ts';
import { findTargets, measure } from './targets.ts';
import {
  acted,
  expire,
  finish,
  giveBack,
  hold,
  noteSymptom,
  openRuns,
  propose,
  refuse,
  start,
  triedFor,
  type Outcome,
  type Run,
} from './runs.ts';

/** Alerts and runs looked at in a round; the rest waits for the next. */
const MOST_ALERTS = 200;
const MOST_RUNS = 100;
/** A repeatable run that is cut off is started again, but not for ever. */
const MOST_ATTEMPTS = 3;
/** Targets of an alert that goes on are looked for again after this: each look asks the catalogue. */
const LOOK_AGAIN_MS = 10_000;
const LEFT_ALONE_MS = 60_000;

export interface HealerOptions {
  readonly hands: Hands;
  readonly actions: readonly RecoveryAction[];
  readonly alerts: AlertSource;
  readonly agentId: string;
  readonly epoch: number;
  readonly log: Logger;
  /** Default 10 s. */
  readonly lookAgainMs?: number | undefined;
  emit(type: EventType, data: Readonly<Record<string, unknown>>): void;
}

export interface Round {
  readonly proposed: number;
  readonly started: number;
  readonly verifying: number;
  readonly held: number;
}

/**
 * Heals in rounds: alerts become proposals, what no rail holds back is carried out, what was carried out is watched until its
 * symptom has stayed away or it is too late. All of it stands in the database before and after each step; what is under way
 * here is only the carrying out itself.
 */
export class Healer {
  readonly #options: HealerOptions;
  readonly #byName: ReadonlyMap<string, RecoveryAction>;
  readonly #site: LookSite;
  readonly #over = new AbortController();
  readonly #underWay = new Map<string, Promise<void>>();
  /** When the targets of an action were looked for last, by alert and action. */
  readonly #lookedAt = new Map<string, number>();
  readonly #leftAloneUntil = new Map<string, number>();

  constructor(options: HealerOptions) {
    this.#options = options;
    this.#byName = new Map(options.actions.map((action) => [action.name, action]));
    this.#site = { database: lookingOnly(options.hands.database) };
  }

  async round(): Promise<Round> {
    const alerts = await this.#options.alerts.firing(MOST_ALERTS);
    const rows = new Lazy(async () => new Map((await listActions(this.#site.database)).map((row) => [row.name, row])));
    const proposed = await this.#proposeForAlerts(alerts, rows);
    const counts = { started: 0, verifying: 0, held: 0 };
    // Taken before the rows are read: what is carried out meanwhile still reads `running`, and is not cut off.
    const busy = new Set(this.#underWay.keys());
    const firing = alerts.length < MOST_ALERTS ? new Set(alerts.map(({ alertId }) => alertId)) : undefined;
    for (const run of await openRuns(this.#site.database, MOST_RUNS)) {
      if (this.#over.signal.aborted) break;
      if (busy.has(run.run_id)) continue;
      const what = await this.#advance(run, { firing, row: async () => (await rows.get()).get(run.action) }).catch((error: unknown) => {
        this.#options.log.warn(
          { run: run.run_id, action: run.action, error: messageOf(error) },
          'a healing run could not be taken further',
        );
        return undefined;
      });
      if (what !== undefined) counts[what] += 1;
    }
    return { proposed, ...counts };
  }

  /** Cancels what is under way and waits for it to be over. What was cut off is found and judged by whoever comes next. */
  async stop(): Promise<void> {
    this.#over.abort(new Error('the healing agent stops'));
    await Promise.all(this.#underWay.values());
  }

  /** Until what is under way now has been carried out. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  get #database(): Database {
    return this.#options.hands.database;
  }

  async #proposeForAlerts(alerts: readonly FiringAlert[], rows: Lazy<ReadonlyMap<string, ActionRow>>): Promise<number> {
    const now = performance.now();
    const bound = alerts.flatMap((alert) =>
      this.#options.actions
        .filter((action) => isFor(action, alert.rule, alert.labels))
        .map((action) => ({ action, alert, key: `${alert.alertId}/${action.name}` })),
    );
    const keys = new Set(bound.map(({ key }) => key));
    for (const key of this.#lookedAt.keys()) if (!keys.has(key)) this.#lookedAt.delete(key);
    let proposed = 0;
    for (const { action, alert, key } of bound) {
      if (now - (this.#lookedAt.get(key) ?? -Infinity) < (this.#options.lookAgainMs ?? LOOK_AGAIN_MS)) continue;
      const row = (await rows.get()).get(action.name);
      if (row === undefined || modeOf(row, alert) === 'off') continue;
      this.#lookedAt.set(key, now);
      proposed += await this.#proposeFor(action, row, alert).catch((error: unknown) => {
        this.#options.log.warn(
          { action: action.name, rule: alert.rule, error: messageOf(error) },
          'an action could not say what it would do',
        );
        return 0;
      });
    }
    return proposed;
  }

  async #proposeFor(action: RecoveryAction, row: ActionRow, alert: FiringAlert): Promise<number> {
    const { alertId, level, rule } = alert;
    const { refused, targets } = await this.#asking(action, () => findTargets(this.#site, action, alert, row.most_targets));
    const because = `${rule} is ${level}`;
    const shared = { action: action.name, level, alertId, rule, because, by: this.#options.agentId, limits: limitsOf(action) };
    if (refused !== null) {
      const { kind, reason } = refused;
      const isNew = await refuse(this.#database, { ...shared, reason, idempotencyKey: `${alertId}/${action.name}/${kind}` });
      if (isNew) this.#tell('recovery:refused', { action: action.name, alert_id: alertId, rule, reason });
      return 0;
    }
    let proposed = 0;
    for (const target of targets) {
      const tried = await triedFor(this.#database, alertId, action.name, target.target);
      if (tried.isOpen || tried.isRejected) continue;
      const symptom = await this.#measure(action, target).catch(() => undefined);
      // The alert may go on for a while after what it is about: there is nothing left to cure.
      if (symptom?.present === false) continue;
      const run = await propose(this.#database, {
        ...shared,
        idempotencyKey: `${alertId}/${action.name}/${target.target}/${tried.n}`,
        target,
        plan: printPlan(action.steps(target)),
        symptom,
      });
      if (run === undefined) continue;
      proposed += 1;
      this.#tell('recovery:proposed', { ...about(run), because });
    }
    return proposed;
  }

  /** One step further, whatever step that is. */
  async #advance(run: Run, now: Now): Promise<'started' | 'verifying' | 'held' | undefined> {
    if (run.undo === 'requested' || run.undo === 'running') return this.#undo(run);
    switch (run.state) {
      case 'proposed':
      case 'approved':
        return this.#begin(run, now);
      case 'running':
        await this.#judgeCutOff(run);
        return undefined;
      case 'verifying':
        await this.#verify(run);
        return 'verifying';
      default:
        return undefined;
    }
  }

  async #begin(run: Run, { firing, row }: Now): Promise<'started' | 'held' | undefined> {
    const action = this.#byName.get(run.action);
    if (run.alert_id !== null && firing?.has(run.alert_id) === false)
      return this.#expire(run, 'its alert was resolved, or is kept quiet, before anything was done');
    if (run.expires_at <= run.now) return this.#expire(run, 'nobody approved it in time');
    const declared = await row();
    if (action === undefined || declared === undefined) return 'held';
    const mode = modeOf(declared, run);
    if (run.state === 'proposed' && mode !== 'auto') {
      // Left for people to read; that it waits for them is written down once.
      if (run.held_by === (mode === 'approve' ? 'it waits for approval' : `its mode is ${mode}`)) return 'held';
    } else {
      // What it was to cure may have gone by itself.
      const symptom = await this.#measure(action, run).catch((error: unknown) => messageOf(error));
      if (typeof symptom === 'string') return this.#hold(run, `its symptom could not be measured: ${symptom}`);
      if (symptom?.present === false) return this.#expire(run, `it was gone before anything was done: ${symptom.text}`);
    }
    const rail = await start(this.#database, run.run_id, this.#options.agentId, this.#options.epoch);
    if (rail !== null) return 'held';
    this.#tell('recovery:started', about(run));
    this.#inBackground(run, () => this.#carryOut(action, run));
    return 'started';
  }

  async #expire(run: Run, reason: string): Promise<undefined> {
    if (await expire(this.#database, run.run_id, reason)) this.#tell('recovery:expired', { ...about(run), reason });
  }

  async #hold(run: Run, reason: string): Promise<'held'> {
    await hold(this.#database, run.run_id, reason);
    return 'held';
  }

  #inBackground(run: Run, work: () => Promise<void>): void {
    const done = work()
      .catch((error: unknown) =>
        this.#options.log.warn({ run: run.run_id, error: messageOf(error) }, 'how a healing run went could not be written down'),
      )
      .finally(() => this.#underWay.delete(run.run_id));
    this.#underWay.set(run.run_id, done);
  }

  async #carryOut(action: RecoveryAction, run: Run): Promise<void> {
    let result: unknown;
    try {
      result = await carryOut(action.steps(targetOf(run)), this.#options.hands, this.#how(action, run));
    } catch (error) {
      // Stopped by us: whether it was done is not known, and whoever comes next judges that.
      if (this.#over.signal.aborted) return;
      return this.#finish(run, 'failed', messageOf(error), await this.#measure(action, run).catch(() => undefined));
    }
    if (await acted(this.#database, run, this.#options.epoch, bounded(result))) this.#tell('recovery:acted', about(run));
  }

  #how(action: RecoveryAction, run: Run) {
    return { runId: run.run_id, action: run.action, timeoutMs: limitsOf(action).timeoutMs, signal: this.#over.signal };
  }

  /** It says running, and nobody here is at it: who was has died, or was cut off. */
  async #judgeCutOff(run: Run): Promise<void> {
    const action = this.#byName.get(run.action);
    if (action?.idempotent === true && run.attempts < MOST_ATTEMPTS) {
      await giveBack(this.#database, run);
      return this.#tell('recovery:cut_off', { ...about(run), repeated: true });
    }
    const symptom = action === undefined ? undefined : await this.#measure(action, run).catch(() => undefined);
    await this.#finish(run, 'failed', 'it was cut off: whether it was carried out is not known, and it is not repeated', symptom);
  }

  async #verify(run: Run): Promise<void> {
    const action = this.#byName.get(run.action);
    const isLate = run.now >= (run.acted_at ?? 0) + run.verify_ms;
    const symptom = action === undefined ? undefined : await this.#measure(action, run).catch(() => undefined);
    if (symptom === undefined) {
      if (isLate) await this.#finish(run, 'failed', 'whether it helped could not be measured', undefined);
      return;
    }
    await noteSymptom(this.#database, run.run_id, symptom);
    if (symptom.present) {
      if (isLate) await this.#finish(run, 'ineffective', `it was carried out, and the symptom stays: ${symptom.text}`, symptom);
      return;
    }
    const goneFor = run.symptom_gone_at === null ? 0 : run.now - run.symptom_gone_at;
    if (goneFor >= run.hold_ms) await this.#finish(run, 'effective', symptom.text, symptom);
  }

  async #finish(run: Run, outcome: Outcome, reason: string, symptom: Symptom | undefined): Promise<void> {
    const isStopped = await finish(this.#database, run.run_id, outcome, reason, symptom);
    this.#tell('recovery:finished', { ...about(run), outcome, reason });
    if (isStopped) this.#tell('recovery:stopped', { ...about(run), reason: `${run.action} did not help ${run.target} twice in a row` });
  }

  /** Looks with the code of an action. One that hangs is left alone for a while: all others wait for it meanwhile. */
  async #asking<T>(action: RecoveryAction, look: () => Promise<T>): Promise<T> {
    const { name } = action;
    if (performance.now() < (this.#leftAloneUntil.get(name) ?? 0))
      throw new MusterError('ACTION_TIMEOUT', `it took longer than ${LOOK_TIMEOUT_MS / 1_000} s, and is asked again within a minute`);
    try {
      return await look();
    } catch (error) {
      if (isMusterError(error, 'ACTION_TIMEOUT')) this.#leftAloneUntil.set(name, performance.now() + LEFT_ALONE_MS);
      throw error;
    }
  }

  /** Undefined where there is nothing to go by. */
  async #measure(action: RecoveryAction, of: Run | Target): Promise<Symptom | undefined> {
    if (action.symptom !== undefined) return this.#asking(action, () => measure(this.#site, action, 'run_id' in of ? targetOf(of) : of));
    if (!('run_id' in of) || of.alert_id === null) return undefined;
    const isFiring = await this.#options.alerts.isFiring(of.alert_id);
    return isFiring === undefined ? undefined : { present: isFiring, text: isFiring ? 'the alert still fires' : 'the alert is resolved' };
  }

  async #undo(run: Run): Promise<undefined> {
    const action = this.#byName.get(run.action);
    const write = (undo: string, error: string | null) =>
      this.#database.query(sql`
      update muster.recovery_runs set undo = ${undo}, undo_error = ${error}, state = case when ${undo} = 'done' then 'undone' else state end
      where run_id = ${run.run_id}::uuid and undo in ('requested', 'running')`);
    if (action === undefined || action.undo === 'irreversible') return void (await write('failed', 'the action has no undo'));
    if (run.undo === 'running') return void (await write('failed', 'it was cut off: whether it was undone is not known'));
    const { undo } = action;
    await write('running', null);
    this.#inBackground(run, async () => {
      try {
        await carryOut(undo.steps(targetOf(run)), this.#options.hands, { ...this.#how(action, run), runId: `${run.run_id}-undo` });
      } catch (error) {
        if (this.#over.signal.aborted) return;
        await write('failed', messageOf(error));
        return this.#tell('recovery:undo_failed', { ...about(run), reason: messageOf(error) });
      }
      await write('done', null);
      this.#tell('recovery:undone', { ...about(run), by: run.undo_by });
    });
  }

  #tell(type: EventType, data: Readonly<Record<string, unknown>>): void {
    this.#options.emit(type, data);
  }
}

/** What a round knows. */
interface Now {
  /** The alerts that fire; undefined where there are too many to have read all. */
  readonly firing: ReadonlySet<string> | undefined;
  readonly row: () => Promise<ActionRow | undefined>;
}

/** Fetched when it is first needed in a round, and once. */
class Lazy<T> {
  readonly #fetch: () => Promise<T>;
  #value: Promise<T> | undefined;

  constructor(fetch: () => Promise<T>) {
    this.#fetch = fetch;
  }

  get(): Promise<T> {
    return (this.#value ??= this.#fetch());
  }
}

const about = ({ action, alert_id, run_id, target }: Run): Readonly<Record<string, unknown>> => ({ run_id, action, target, alert_id });
const targetOf = ({ params, target, target_group: group }: Run): Target => ({ target, group, params });

const modeOf = ({ ceiling, modes }: ActionRow, { level }: Pick<FiringAlert, 'level'>): string => {
  const mode = modes[level] ?? modes.any ?? 'suggest';
  return mode === 'auto' && ceiling !== 'auto' ? ceiling : mode;
};

const MOST_RESULT_BYTES = 16_384;

/** What a step gave back, if it can be kept. */
function bounded(result: unknown): unknown {
  try {
    const text = JSON.stringify(result) as string | undefined;
    return text !== undefined && text.length <= MOST_RESULT_BYTES ? result : { omitted: 'too large' };
  } catch {
    return { omitted: 'no JSON' };
  }
}
