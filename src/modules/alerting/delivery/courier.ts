import type { AgentContext } from '../../../agent/index.ts';
import { MusterError, messageOf } from '../../../base/errors.ts';
import type { Service } from '../../../base/service.ts';
import type { AnyChannelType } from './channel-type.ts';
import { createChannelStore, requireType, type ChannelStore, type Settings } from './channel-store.ts';
import { afterAttempt, decide } from './decision.ts';
import { linksTo } from './links.ts';
import type { Message } from './message.ts';
import { channelsWithWork, claim, settle, type ChannelNews, type ClaimedMessage, type QueuedChannel, type Settlement } from './outbox.ts';
import { outcomeOfError, type Outcome } from './outcome.ts';
import { ChannelQueue, type Parcel } from './queue.ts';
import { Settler } from './settler.ts';

export interface CourierOptions {
  /** Of the life it works for: it goes on after the call that started it. */
  readonly ctx: Pick<AgentContext, 'agentId' | 'epoch' | 'clock' | 'fleet' | 'log' | 'outbound' | 'sql' | 'wake'>;
  /** Messages of one channel under way at once. */
  readonly concurrency: number;
  readonly attemptMs: number;
  /** Where people reach Muster: messages lead there. */
  readonly publicUrl?: string | undefined;
  readonly random?: () => number;
  /** A channel stopped working, or works again. */
  readonly told: (news: ChannelNews) => void;
}

/** Looks for work without being told that there is some. */
const POLL_MS = 1_000;
const MOST_KEPT_OPEN = 1_000;
/** An agent that ends has ten seconds in all. */
const FINISH_MS = 5_000;
const WRITE_MS = 3_000;

export interface CourierCounts {
  readonly delivered: number;
  /** Given up. */
  readonly failed: number;
  readonly attempts: number;
  /** Milliseconds from the writing of a message to its arrival, the longest since it was asked last; undefined: none arrived. */
  readonly slowestMs: number | undefined;
}

/** Brings what waits in the outbox to where it belongs, a queue a channel, from start to stop. */
export class Courier implements Service {
  readonly #options: CourierOptions;
  readonly #store: ChannelStore;
  readonly #settler: Settler;
  readonly #over = new AbortController();
  /** Attempts that are under way. */
  readonly #underway = new Set<AbortController>();
  /** They were cut off: a while after the end. */
  #cut = false;
  readonly #queues = new Map<string, { readonly queue: ChannelQueue; readonly ended: Promise<void> }>();
  /** Settings by channel, opened, with what they were opened from. */
  readonly #opened = new Map<string, { readonly stored: string; readonly type: AnyChannelType; readonly settings: Settings }>();
  #wake = new AbortController();
  #looking: Promise<void> = Promise.resolve();
  #deaf: (() => void)[] = [];
  #failing = false;
  #delivered = 0;
  #failed = 0;
  #attempts = 0;
  #slowestMs: number | undefined;

  constructor(options: CourierOptions) {
    this.#options = options;
    const { ctx } = options;
    this.#store = createChannelStore(ctx.fleet.database, ctx.fleet.secrets);
    this.#settler = new Settler({
      clock: ctx.clock,
      failed: (error) => this.#fault(error),
      write: (settlements) => this.#write(settlements),
    });
  }

  /** What it did since it started. */
  takeCounts(): CourierCounts {
    const counts = { delivered: this.#delivered, failed: this.#failed, attempts: this.#attempts, slowestMs: this.#slowestMs };
    this.#slowestMs = undefined;
    return counts;
  }

  /** Others that were given up, by whoever looks after those whose channel is not there. */
  countFailed(count: number): void {
    this.#failed += count;
  }

  start(): Promise<void> {
    const { wake } = this.#options.ctx;
    const look = (): void => this.#wake.abort();
    this.#deaf = [wake.on('notifications', look), wake.on('channels', look)];
    this.#looking = this.#look();
    return Promise.resolve();
  }

  /** Begins nothing more. Attempts under way have a few seconds to end and to be written down; what is cut off is made again. */
  async stop(): Promise<void> {
    for (const deafen of this.#deaf) deafen();
    this.#over.abort();
    this.#wake.abort();
    await this.#looking;
    for (const { queue } of this.#queues.values()) queue.stop();
    const cut = setTimeout(() => this.#cutOff(), FINISH_MS);
    const giveUp = setTimeout(() => this.#settler.giveUp(), FINISH_MS + WRITE_MS);
    await Promise.all([...this.#queues.values()].map(({ ended }) => ended));
    clearTimeout(cut);
    clearTimeout(giveUp);
  }

  #cutOff(): void {
    this.#cut = true;
    for (const attempt of this.#underway) attempt.abort(new MusterError('LEASE_LOST', 'the agent ends'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #look(): Promise<void> {
    const { clock, sql } = this.#options.ctx;
    while (!this.#over.signal.aborted) {
      this.#wake = new AbortController();
      try {
        for (const name of await channelsWithWork(sql)) this.#serve(name);
        this.#healed();
      } catch (error) {
        this.#fault(error);
      }
      if (this.#over.signal.aborted) return;
      // A hint ends it early.
      await clock.sleep(POLL_MS, this.#wake.signal).catch(() => undefined);
    }
  }

  #serve(name: string): void {
    const known = this.#queues.get(name);
    if (known !== undefined) return known.queue.wake();
    if (this.#over.signal.aborted) return;
    const { concurrency, ctx } = this.#options;
    const queue = new ChannelQueue({
      clock: ctx.clock,
      concurrency,
      claim: (most, busy) => claim(ctx.sql, ctx, name, most, busy),
      deliver: (parcel) => this.#deliver(parcel),
      failed: (error) => this.#fault(error),
    });
    const ended = queue.run().finally(() => {
      this.#queues.delete(name);
      if (queue.wanted) this.#wake.abort();
    });
    this.#queues.set(name, { queue, ended });
  }

  async #deliver({ channel, earlier, message }: Parcel): Promise<void> {
    const { ctx } = this.#options;
    const startedAt = ctx.clock.monotonic();
    this.#attempts += 1;
    let outcome: Outcome;
    try {
      outcome = await this.#attempt(channel, { ...message, earlier, attempt: message.attempts, sentAt: ctx.clock.now() });
    } catch (error) {
      // Cut off by the end of the agent: the next holder tries again at once.
      if (this.#cut) return;
      outcome = outcomeOfError(error);
    }
    const durationMs = ctx.clock.monotonic() - startedAt;
    if (outcome.kind === 'delivered') this.#arrived(message, earlier, durationMs);
    const settlementOf = (each: ClaimedMessage): Settlement => ({
      channel: channel.name,
      id: each.id,
      attempt: each.attempts,
      outcome,
      verdict: decide({ outcome, attempts: each.attempts, level: each.level, ageMs: each.ageMs }, (this.#options.random ?? Math.random)()),
      durationMs,
      with: each === message ? null : message.id,
    });
    // All go the way of the newest: they are tried again together.
    const whole = settlementOf(message);
    if (whole.verdict.state === 'failed') this.#gaveUp(channel, message, earlier, whole.verdict.reason);
    await this.#settler.settle([whole, ...earlier.map((each) => ({ ...settlementOf(each), verdict: whole.verdict }))]);
  }

  async #attempt(channel: QueuedChannel, message: Message): Promise<Outcome> {
    const { attemptMs, ctx, publicUrl } = this.#options;
    const { type, settings } = await this.#open(channel);
    const { acknowledgeUrl, ...link } = await linksTo(publicUrl, ctx.fleet.secrets, { ...message, channel: channel.name });
    const whole: Message = { ...message, acknowledgeUrl, document: { ...message.document, ...link } };
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(new MusterError('OUTBOUND_TIMEOUT', `no answer within ${attemptMs / 1_000} s`)), attemptMs);
    this.#underway.add(over);
    try {
      return await type.send({ message: whole, settings: settings as never, outbound: ctx.outbound, signal: over.signal });
    } finally {
      clearTimeout(timer);
      this.#underway.delete(over);
    }
  }

  async #open(channel: QueuedChannel): Promise<{ readonly type: AnyChannelType; readonly settings: Settings }> {
    const known = this.#opened.get(channel.name);
    const stored = JSON.stringify([channel.type, channel.config, channel.sealed]);
    if (known?.stored === stored) return known;
    const opened = { stored, type: requireType(channel.type), settings: await this.#store.open(channel) };
    if (this.#opened.size >= MOST_KEPT_OPEN) this.#opened.clear();
    this.#opened.set(channel.name, opened);
    return opened;
  }

  #arrived(message: ClaimedMessage, earlier: readonly ClaimedMessage[], durationMs: number): void {
    this.#delivered += 1 + earlier.length;
    this.#slowestMs = Math.max(this.#slowestMs ?? 0, message.ageMs + durationMs);
  }

  #gaveUp({ name }: QueuedChannel, message: ClaimedMessage, earlier: readonly ClaimedMessage[], reason: string): void {
    this.countFailed(1 + earlier.length);
    this.#options.ctx.log.error(
      { channel: name, notification_id: message.id, title: message.document.title },
      `a message is given up by channel ${name}: ${reason}`,
    );
  }

  async #write(settlements: readonly Settlement[]): Promise<void> {
    const { ctx, random = Math.random, told } = this.#options;
    const news = await settle(ctx.sql, ctx, settlements, (breaker, outcome) => afterAttempt(breaker, outcome, random()));
    for (const each of news) told(each);
    if (news.length > 0) this.#wake.abort();
  }

  #fault(error: unknown): void {
    if (!this.#failing && !this.#over.signal.aborted)
      this.#options.ctx.log.warn({ err: error }, `the outbox cannot be read or written: ${messageOf(error)}; messages wait there`);
    this.#failing = true;
  }

  #healed(): void {
    if (this.#failing) this.#options.ctx.log.info('the outbox can be read and written again');
    this.#failing = false;
  }
}
