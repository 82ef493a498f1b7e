import { PostgresAdapter } from '../../../src/db/adapter.ts';
import type { Database } from '../../../src/db/database.ts';
import { sql } from '../../../src/db/sql.ts';
import { createChannelStore, requireType } from '../../../src/modules/alerting/delivery/channel-store.ts';
import { createSharedState } from '../../../src/state/create-shared-state.ts';
import { answering, Receiver, type Received } from '../../alerting/support/receiver.ts';
import { spawnModule, type Child } from '../../support/child.ts';
import { until } from '../../support/until.ts';
import { hint, writeAlert, type main as alertWriter } from './alert-writer.ts';
import type { main as deliveryHost } from './delivery-host.ts';

/** Where somebody is killed on the way from an alert to its receiver. */
export const POINTS = ['before insert', 'after insert', 'before send', 'after send', 'during back-off'] as const;
export type Point = (typeof POINTS)[number];

export interface CourseOptions {
  /** Of a database of its own, migrated. */
  readonly url: string;
  readonly messages: number;
  readonly killsAPoint: number;
  /** Called once, when the first of the rounds is over, with messages waiting and the receiver gone: crashes the server and starts it again. */
  readonly crash: () => Promise<void>;
  readonly killed?: (point: Point) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface CourseResult {
  readonly messages: number;
  readonly kills: number;
  /** Ids of messages whose transaction was committed and that never arrived. */
  readonly lost: readonly string[];
  /** Ids of messages that arrived and whose transaction was not committed. */
  readonly untold: readonly string[];
  /** Messages that arrived more than once, under the same id. */
  readonly duplicates: number;
  /** Of these, ids of those that came oftener than attempts at them were cut off. */
  readonly unexplained: readonly string[];
}

/** As long as their neighbours are TypeScript they are too; in a compiled benchmark they are not. */
const neighbour = <Main>(name: string): URL & { readonly main?: Main } => new URL(`${name}${import.meta.url.slice(-3)}`, import.meta.url);
const HOST = neighbour<typeof deliveryHost>('delivery-host');
const WRITER = neighbour<typeof alertWriter>('alert-writer');

const PATIENCE_MS = 120_000;
/** One of so many messages of a writer or a host is its last. */
const LAST_OF = 10;

/**
 * Sends messages through the outbox to a receiver that has moods, while a process is killed at each point of the way again and again,
 * and tells what came of it.
 */
export async function runDeliveryCourse(options: CourseOptions): Promise<CourseResult> {
  await using database = new PostgresAdapter({ url: options.url, poolMax: 4, poolMin: 0 });
  await using receiver = await new Receiver().start();
  await prepare(database, receiver.url);
  await using course = new Course(options, database, receiver);
  const kills = await course.run();
  return { kills, ...(await compare(database, receiver.accepted)) };
}

async function prepare(database: Database, receiver: string): Promise<void> {
  await database.query(sql`create table public.transitions (alert_id uuid primary key)`);
  const state = createSharedState(database);
  await state.agents.ensure([{ agentId: 'alert_delivery', name: 'Alert delivery', type: 'alert_delivery' }]);
  const webhook = requireType('webhook');
  const settings = webhook.settings.parse({ url: receiver, secret: 'chaos' });
  await createChannelStore(database, state.secrets).add({ name: 'ops', type: webhook, settings, createdBy: 'test' });
}

class Course implements AsyncDisposable {
  readonly #options: CourseOptions;
  readonly #database: PostgresAdapter;
  readonly #receiver: Receiver;
  readonly #children: Child[] = [];
  #kills = 0;

  constructor(options: CourseOptions, database: PostgresAdapter, receiver: Receiver) {
    this.#options = options;
    this.#database = database;
    this.#receiver = receiver;
  }

  async run(): Promise<number> {
    const { crash, killsAPoint, messages } = this.#options;
    const receiver = this.#receiver;
    receiver.always = moody;
    let host = await this.#startHost('before send');
    for (let round = 0; round < killsAPoint; round += 1) {
      await this.#killWriter('before insert');
      await this.#killWriter('after insert');

      await this.#killedWhileSending(host, 'before send');
      host = await this.#startHost('after send');
      await this.#killedWhileSending(host, 'after send');
      host = await this.#startHost();

      receiver.always = answering(500);
      await this.#write(this.#due());
      await until('messages wait to be tried again', async () => (await waiting(this.#database)) > 0, PATIENCE_MS);
      await host.kill('SIGKILL');
      this.#killed('during back-off');
      receiver.always = moody;

      if (round === 0) {
        await receiver.stop();
        await this.#write(this.#due() + LAST_OF);
        await crash();
        await receiver.start();
      }
      host = await this.#startHost(...(round === killsAPoint - 1 ? [] : (['before send'] as const)));
    }
    await this.#write(messages);
    receiver.always = answering(200);
    await until('nothing waits any more', async () => (await open(this.#database)) === 0, PATIENCE_MS);
    return this.#kills;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) await child[Symbol.asyncDispose]();
  }

  /** How many messages there ought to be by now. */
  #due(): number {
    const { killsAPoint, messages } = this.#options;
    return Math.round(((this.#kills + 1) / (killsAPoint * POINTS.length)) * messages);
  }

  #killed(point: Point): void {
    this.#options.signal?.throwIfAborted();
    this.#kills += 1;
    this.#options.killed?.(point);
  }

  #spawn(module: URL, ...args: readonly string[]): Child {
    const child = spawnModule(module, [this.#options.url, ...args]);
    this.#children.push(child);
    return child;
  }

  /** A host that dies at this point of its nth message, where one is given. */
  async #startHost(...point: readonly Point[]): Promise<Child> {
    const child = this.#spawn(HOST, ...point.flatMap((each) => [each, nth()]));
    await child.line();
    return child;
  }

  /** Until there are so many. */
  async #write(most: number): Promise<void> {
    const there = await this.#database.one<{ n: number }>(sql`select count(*)::int as n from public.transitions`);
    for (let n = there?.n ?? 0; n < most; n += 1) {
      await writeAlert(this.#database);
      await hint(this.#database);
    }
  }

  async #killWriter(point: Point): Promise<void> {
    const writer = this.#spawn(WRITER, point, nth());
    await untilKilled(writer);
    this.#killed(point);
  }

  async #killedWhileSending(host: Child, point: Point): Promise<void> {
    await Promise.all([this.#write(this.#due()), untilKilled(host)]);
    this.#killed(point);
  }
}

const nth = (): string => String(1 + Math.floor(Math.random() * LAST_OF));

async function untilKilled({ process }: Child): Promise<void> {
  await until('it is killed', () => process.signalCode !== null || process.exitCode !== null, PATIENCE_MS);
  if (process.signalCode !== 'SIGKILL') throw new Error(`it ended with ${process.exitCode ?? process.signalCode} instead`);
}

/** Now and then an error, a wait or a broken connection. */
function moody(received: Received, response: Parameters<Receiver['always']>[1]): void {
  const mood = Math.random();
  if (mood < 0.02) answering(503)(received, response);
  else if (mood < 0.03) answering(429, { 'retry-after': '0.2' })(received, response);
  else if (mood < 0.04) response.destroy();
  else answering(200)(received, response);
}

const waiting = async (database: Database): Promise<number> =>
  (
    await database.one<{ n: number }>(sql`
    select count(*)::int as n from muster.notifications where state = 'pending' and attempts > 0 and next_attempt_at > clock_timestamp()`)
  )?.n ?? 0;

const open = async (database: Database): Promise<number> =>
  (await database.one<{ n: number }>(sql`select count(*)::int as n from muster.notifications where state in ('pending', 'sending')`))?.n ??
  -1;

/** What was committed with what arrived. */
async function compare(database: Database, accepted: readonly string[]): Promise<Omit<CourseResult, 'kills'>> {
  const { rows } = await database.query<{ id: string; cut_off: number }>(sql`
    select n.notification_id as id,
      (select count(*) from muster.notification_attempts a where a.notification_id = n.notification_id and a.outcome is null)::int as cut_off
    from public.transitions t left join muster.notifications n using (alert_id)`);
  const times = new Map<string, number>();
  for (const id of accepted) times.set(id, (times.get(id) ?? 0) + 1);
  const committed = new Set(rows.map(({ id }) => id));
  const again = rows.filter(({ id }) => (times.get(id) ?? 0) > 1);
  return {
    messages: rows.length,
    lost: rows.filter(({ id }) => !times.has(id)).map(({ id }) => id),
    untold: [...times.keys()].filter((id) => !committed.has(id)),
    duplicates: again.length,
    // One that came again was under way when somebody was killed: its ledger has attempts that were cut off.
    unexplained: again.filter(({ cut_off: cut, id }) => (times.get(id) ?? 0) - 1 > cut).map(({ id }) => id),
  };
}
