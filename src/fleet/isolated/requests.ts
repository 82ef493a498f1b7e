import type { AgentContext } from '../../agent/context.ts';
import type { TickBook } from '../../agent/tick-book.ts';
import type { Clock } from '../../base/clock.ts';
import { MusterError } from '../../base/errors.ts';
import type { TransactionOptions } from '../../db/database.ts';
import type { Sql } from '../../db/sql.ts';
import { crossError, MOST_ANSWERED_BYTES, pack, unpack, type Packed } from './crossing.ts';
import { OpenTransactions } from './open-transactions.ts';
import { MOST_REQUESTS, type Answer } from './protocol.ts';
import type { TickGrant } from './remote-ticks.ts';

/** Parts of SharedState that are no affair of an agent, or need what cannot cross. */
const NOT_OFFERED = new Set(['maintenance', 'database']);
const NOT_CALLABLE = new Set(['stop', 'constructor']);

/**
 * Does for an isolated agent what it asks for, on the context that it would have had in its host: so everything is fenced and
 * bounded as for any other agent, and can do no more.
 */
export class Requests {
  readonly #context: () => AgentContext<never>;
  readonly #ticks: TickBook;
  readonly #transactions: OpenTransactions;
  #open = 0;

  constructor(context: () => AgentContext<never>, ticks: TickBook, clock: Clock) {
    this.#context = context;
    this.#ticks = ticks;
    this.#transactions = new OpenTransactions(clock);
  }

  /** Never throws: what went wrong is the answer. */
  async answer(operation: string, args: Packed): Promise<Answer> {
    // The agent's side counts as well, and waits; one that does not is none of ours.
    if (this.#open >= 2 * MOST_REQUESTS) return { error: crossError(new MusterError('RATE_LIMITED', 'too many requests at once')) };
    this.#open += 1;
    try {
      const value = await this.#carryOut(operation, unpack(args) as readonly unknown[], this.#context());
      return { value: pack(value, MOST_ANSWERED_BYTES, `the answer to ${operation}`) };
    } catch (error) {
      return { error: crossError(error) };
    } finally {
      this.#open -= 1;
    }
  }

  /** The agent is no more. */
  end(): void {
    this.#transactions.end();
  }

  async #claimTick(tick: number, schedule: string): Promise<TickGrant> {
    return this.#grant(await this.#ticks.claim(tick, schedule));
  }

  #grant(granted: boolean): TickGrant {
    return { granted, progress: this.#ticks.progress };
  }

  #carryOut(operation: string, args: readonly unknown[], ctx: AgentContext<never>): unknown {
    const [first, second, third] = args;
    switch (operation) {
      case 'state.get':
        return ctx.state.get(first as string);
      case 'state.read':
        return ctx.state.read(first as string);
      case 'state.set':
        return ctx.state.set(first as string, second);
      case 'state.compareAndSet':
        return ctx.state.compareAndSet(first as string, second, third as number);
      case 'state.delete':
        return ctx.state.delete(first as string);
      case 'sql.read':
        return ctx.sql.read(first as Sql, second as object);
      case 'sql.write':
        return ctx.sql.write(first as Sql);
      case 'fleet.database.query':
        return ctx.fleet.database.query(first as Sql);
      case 'fleet.database.one':
        return ctx.fleet.database.one(first as Sql);
      case 'ticks.claim':
        return this.#claimTick(first as number, second as string);
      case 'ticks.renew':
        return this.#ticks.renew(first as string, second as number).then(() => this.#grant(true));
      case 'transaction.begin':
        return this.#transactions.begin((work) =>
          first === 'sql' ? ctx.sql.transaction(work) : ctx.fleet.database.transaction(work, second as TransactionOptions),
        );
      case 'transaction.query':
        return this.#transactions.use(first, (tx) => tx.query(second as Sql));
      case 'transaction.copy':
        return this.#transactions.use(first, (tx) => tx.copyBinary(second as string, Buffer.from(third as Uint8Array)));
      case 'transaction.commit':
        return this.#transactions.commit(first);
      case 'transaction.rollback':
        return this.#transactions.rollback(first);
      default:
        return callFleet(ctx, operation, args);
    }
  }
}

/** `fleet.<part>.<method>`, where both are there. */
function callFleet(ctx: AgentContext<never>, operation: string, args: readonly unknown[]): unknown {
  const [room, part = '', method = ''] = operation.split('.');
  const fleet = ctx.fleet as unknown as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  const on = room === 'fleet' && Object.hasOwn(fleet, part) && !NOT_OFFERED.has(part) ? fleet[part] : undefined;
  const call = NOT_CALLABLE.has(method) ? undefined : on?.[method];
  if (typeof call === 'function') return (call as (...values: unknown[]) => unknown).apply(on, [...args]);
  throw new MusterError('INVALID_INPUT', `ctx.${operation} is not there for an agent that runs apart from its host`, {
    remedy: 'Use what ctx offers in SQL, state and the asynchronous methods of ctx.fleet.',
  });
}
