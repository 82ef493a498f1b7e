import { randomUUID } from 'node:crypto';
import type { AgentContext } from '../../../agent/index.ts';
import { isMusterError, messageOf } from '../../../base/errors.ts';
import type { Service } from '../../../base/service.ts';
import type { Queryable } from '../../../db/database.ts';
import { sql } from '../../../db/sql.ts';
import { joinEscalations } from '../oncall/join-plan.ts';
import { writeEscalations } from '../oncall/escalation-store.ts';
import { readWorld, writePlan } from './batch-store.ts';
import { dedupKeyOf } from './alert.ts';
import { FLEET_RULES, fleetRules, fleetVerdicts, type FleetSourceSettings } from './fleet-source.ts';
import { MOST_FIRING, plan, type Plan, type PlanSettings, type World } from './plan.ts';
import type { RuleFacts, Verdict, VerdictBatch, VerdictSource } from './verdict.ts';

export interface WatchOptions {
  /** Of the life it works for: it goes on after the call that started it. */
  readonly ctx: Pick<AgentContext, 'clock' | 'fleet' | 'log' | 'sql' | 'wake'>;
  /** Verdicts of the rules. */
  readonly rules: VerdictSource;
  readonly settings: Omit<PlanSettings, 'newId'> & FleetSourceSettings;
  /** Who hears of the fleet's own faults, and of rules that name no channel; undefined: every channel that is enabled. */
  readonly channels: readonly string[] | undefined;
}

type Decide = (world: World, rules: ReadonlyMap<string, RuleFacts>) => Plan;

/** Looks by itself this often: hints only make it look sooner. */
const TICK_MS = 1_000;
const SHORTEST_PAUSE_MS = 10;
/** Between two looks at the fleet's own state, whatever wakes it: samples come many times a second. */
const FLEET_EVERY_MS = 1_000;
/** Hinted when alerts have changed their state: what hangs on them looks then. */
export const TRANSITIONS_TOPIC = 'alert_transitions';
/** Without a hint the alerts themselves are read so often, as long as there was nothing to decide and the fleet is well. */
const QUIET_MS = 5_000;
const TOPICS = ['samples', 'rules', 'alerts', 'agents', 'hosts'] as const;

/** Since it started, but for the last. */
export interface WatchCounts {
  readonly transitions: number;
  readonly messages: number;
  readonly firing: number;
  /** From the beginning of an evaluation to its commit, milliseconds: the longest since it was asked last. */
  readonly slowestBatchMs: number | undefined;
}

/** Turns verdicts into alerts, from start to stop: one batch at a time, each in one fenced transaction. */
export class AlertWatch implements Service {
  readonly #options: WatchOptions;
  readonly #over = new AbortController();
  #wake = new AbortController();
  #looping: Promise<void> = Promise.resolve();
  #deaf: (() => void)[] = [];
  #failing = false;
  /** By the monotonic clock: when something happens by itself. */
  #dueAt = Number.NEGATIVE_INFINITY;
  #isHinted = true;
  #fleetSeenAt = Number.NEGATIVE_INFINITY;
  /** A hint of more than samples came. */
  #isNew = true;
  /** When the alerts were read last, if there was nothing to do then and the fleet was well. */
  #idleAt = Number.NEGATIVE_INFINITY;
  #transitions = 0;
  #messages = 0;
  #slowestBatchMs: number | undefined;
  #firing = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  takeCounts(): WatchCounts {
    const slowestBatchMs = this.#slowestBatchMs;
    this.#slowestBatchMs = undefined;
    return { transitions: this.#transitions, messages: this.#messages, firing: this.#firing, slowestBatchMs };
  }

  async start(): Promise<void> {
    const { wake } = this.#options.ctx;
    this.#deaf = TOPICS.map((topic) =>
      wake.on(topic, () => {
        if (topic === 'alerts') this.#isHinted = true;
        if (topic !== 'samples') this.#isNew = true;
        this.#wake.abort();
      }),
    );
    this.#looping = this.#loop();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    this.#wake.abort();
    for (const end of this.#deaf) end();
    await this.#looping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #loop(): Promise<void> {
    while (!this.#over.signal.aborted) {
      this.#wake = new AbortController();
      let pauseMs = TICK_MS;
      try {
        pauseMs = await this.look();
        this.#failing = false;
      } catch (error) {
        if (isMusterError(error, 'LEASE_LOST') || this.#over.signal.aborted) return;
        if (!this.#failing)
          this.#options.ctx.log.warn({ error: messageOf(error) }, `alerts could not be moved: ${messageOf(error)}; it is tried again`);
        this.#failing = true;
      }
      await this.#options.ctx.clock.sleep(pauseMs, AbortSignal.any([this.#wake.signal, this.#over.signal])).catch(ignoreAbort);
    }
  }

  /** One batch. Returns after how long to look again without a hint, milliseconds. */
  async look(): Promise<number> {
    const { clock, fleet: state } = this.#options.ctx;
    const isHinted = this.#isHinted;
    this.#isHinted = false;
    const isNew = this.#isNew;
    this.#isNew = false;
    const begun = clock.monotonic();
    const batch = await this.#options.rules.evaluate();
    const seesFleet = isHinted || clock.monotonic() - this.#fleetSeenAt >= FLEET_EVERY_MS;
    const hasNews = batch.changes.length > 0;
    if (isNew || hasNews) this.#idleAt = Number.NEGATIVE_INFINITY;
    if (!hasNews) await this.#settleAlone(batch);
    if (!hasNews && !seesFleet && clock.monotonic() < this.#dueAt) return this.#pause(batch);
    const decideWith =
      (fleet: readonly Verdict[] | undefined): Decide =>
      (world, rules) =>
        plan(world, [...batch.changes, ...endedOf(world, fleet)], rules, { ...this.#options.settings, newId: randomUUID });
    const isQuiet = clock.monotonic() < Math.min(this.#idleAt + QUIET_MS, this.#dueAt);
    // Most looks find nothing to do: that is found out without a lock, and in one transaction, since it is asked all day.
    const { decide, isIdle } = await state.database.transaction(
      async (tx) => {
        const fleet = seesFleet ? await fleetVerdicts(tx, this.#options.settings) : undefined;
        const decideNow = decideWith(fleet);
        const isWell = fleet?.length === 0;
        if (isQuiet && isWell) return { decide: decideNow, isIdle: true };
        const hasNothing = !hasNews && (await this.#isIdle(tx, batch, decideNow));
        this.#idleAt = hasNothing && isWell ? clock.monotonic() : Number.NEGATIVE_INFINITY;
        return { decide: decideNow, isIdle: hasNothing };
      },
      { readOnly: true },
    );
    if (seesFleet) this.#fleetSeenAt = clock.monotonic();
    if (isIdle) return this.#pause(batch);
    await this.#commit(batch, decide);
    this.#slowestBatchMs = Math.max(this.#slowestBatchMs ?? 0, clock.monotonic() - begun);
    return this.#pause(batch);
  }

  /** Whether there is nothing to write as things stand. */
  async #isIdle(reader: Queryable, batch: VerdictBatch, decide: Decide): Promise<boolean> {
    const channels = await this.#channels(reader);
    const world = await readWorld(reader, false, channels);
    const decided = decide(world, withFleet(batch.rules, channels));
    const { escalations, plan: idle } = await joinEscalations(reader, world, decided, { lock: false });
    this.#firing = world.firing.length;
    this.#expect(world.now, idle.nextAt);
    return isEmpty(idle) && escalations.length === 0;
  }

  /** Counts of samples change without a verdict doing so. */
  async #settleAlone(batch: VerdictBatch): Promise<void> {
    if (batch.needsSave) await this.#options.ctx.sql.transaction((tx) => batch.save(tx));
    batch.settle();
  }

  async #commit(batch: VerdictBatch, decide: Decide): Promise<void> {
    const { log, sql: db, wake } = this.#options.ctx;
    const { made, now } = await db.transaction(async (tx) => {
      const channels = await this.#channels(tx);
      const world = await readWorld(tx, true, channels);
      const decided = decide(world, withFleet(batch.rules, channels));
      const { escalations, plan: result } = await joinEscalations(tx, world, decided, { lock: true });
      if (batch.changes.length > 0) await batch.save(tx);
      await writePlan(tx, result);
      await writeEscalations(tx, escalations);
      return { made: result, now: world.now };
    });
    if (batch.changes.length > 0) batch.settle();
    this.#expect(now, made.nextAt);
    this.#transitions += made.transitions.length;
    this.#messages += made.notifications.length;
    if (made.refused > 0) log.warn({ count: made.refused }, `${made.refused} faults got no alert: ${MOST_FIRING} fire already`);
    if (made.notifications.length > 0) wake.hint('notifications');
    if (made.transitions.length > 0) {
      wake.hint('events');
      // Not `alerts`, which wakes this watch itself.
      wake.hint(TRANSITIONS_TOPIC);
    }
  }

  async #channels(db: Queryable): Promise<readonly string[]> {
    return this.#options.channels ?? (await enabledChannels(db));
  }

  /** `nextAt` by the database's clock, at its time `now`. */
  #expect(now: number, nextAt: number | undefined): void {
    this.#dueAt = nextAt === undefined ? Infinity : this.#options.ctx.clock.monotonic() + Math.max(0, nextAt - now);
  }

  /** What is due sooner than the next tick is looked for then; never without a breath. */
  #pause({ at, nextAt }: VerdictBatch): number {
    const byRules = nextAt === null ? Infinity : nextAt - at;
    return Math.max(SHORTEST_PAUSE_MS, Math.min(TICK_MS, byRules, this.#dueAt - this.#options.ctx.clock.monotonic()));
  }
}

/** The fleet's verdicts, and the end of its alerts that are not among them. Undefined: it was not looked at. */
function endedOf(world: World, fleet: readonly Verdict[] | undefined): readonly Verdict[] {
  if (fleet === undefined) return [];
  const firing = new Set(fleet.map(({ rule, target }) => dedupKeyOf(rule, target)));
  const rules: readonly string[] = FLEET_RULES;
  const over = world.firing.filter(({ dedupKey, rule }) => rules.includes(rule) && !firing.has(dedupKey));
  return [
    ...fleet,
    ...over.map((alert): Verdict => ({
      rule: alert.rule,
      target: alert.target,
      labels: alert.labels,
      agentId: alert.agentId ?? '',
      metricName: alert.metricName,
      unit: alert.unit,
      state: 'ok',
      level: null,
      value: null,
      threshold: null,
      since: world.now,
      at: world.now,
      explanation: 'It is well again.',
      isGone: false,
    })),
  ];
}

const withFleet = (rules: ReadonlyMap<string, RuleFacts>, channels: readonly string[]): ReadonlyMap<string, RuleFacts> =>
  new Map([...fleetRules(channels), ...rules]);

async function enabledChannels(tx: Queryable): Promise<readonly string[]> {
  const { rows } = await tx.query<{ name: string }>(sql`select name from muster.channels where enabled order by name limit 100`);
  return rows.map(({ name }) => name);
}

const isEmpty = ({ alerts, incidents, notifications, transitions }: Plan): boolean =>
  alerts.length + incidents.length + notifications.length + transitions.length === 0;

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
}
