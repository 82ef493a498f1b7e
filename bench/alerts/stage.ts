import { join } from 'node:path';
import type { PostgresAdapter } from '../../src/db/adapter.ts';
import type { BenchContext } from '../support/bench.ts';
import { MusterProcess } from '../support/muster-process.ts';
import { Exporter } from './exporter.ts';
import { Hook, musterTopics, topicOf } from './hook.ts';
import { defaults, startPeer, tuned, type PeerStack, type PeerTiming } from './peer-stack.ts';

/** A checkout that has changed is built first. */
const START_MS = 180_000;

/** A `./muster up` as it ships, its database, who receives what it says; and the peer, where it is installed. */
export class Stage {
  readonly database: PostgresAdapter;
  readonly exporter: Exporter;
  /** Prometheus and Alertmanager as quick as their settings allow, and as they ship. Undefined: not installed. */
  readonly peers: { readonly tuned: PeerStack; readonly defaults: PeerStack } | undefined;
  readonly #muster: MusterProcess;
  readonly #ctx: BenchContext;

  private constructor(
    parts: Pick<Stage, 'database' | 'exporter' | 'peers'> & { readonly muster: MusterProcess; readonly ctx: BenchContext },
  ) {
    this.database = parts.database;
    this.exporter = parts.exporter;
    this.peers = parts.peers;
    this.#muster = parts.muster;
    this.#ctx = parts.ctx;
  }

  static async open(ctx: BenchContext, hasPeer: boolean): Promise<Stage> {
    const { database, url } = await ctx.database({ migrate: false, poolMax: 12 });
    const muster = await MusterProcess.start({
      command: [join(ctx.root, 'muster')],
      cwd: ctx.root,
      dataDir: join(ctx.folder, 'muster'),
      output: join(ctx.folder, 'muster.out'),
      signal: ctx.signal,
      env: { DATABASE_URL: url, MUSTER_ALLOWED_NETWORKS: '127.0.0.0/8' },
    });
    ctx.defer(() => muster.stop());
    await muster.firstHeartbeat(START_MS);
    const exporter = await Exporter.listen();
    ctx.defer(() => exporter.stop());
    const peer = (name: string, timing: PeerTiming): Promise<PeerStack> =>
      startPeer({ ctx, folder: join(ctx.folder, name), timing, exporter: exporter.address });
    const peers = hasPeer ? { tuned: await peer('tuned', tuned), defaults: await peer('defaults', defaults) } : undefined;
    if (peers !== undefined) {
      // A Prometheus that has just begun scrapes for the first time when it likes.
      exporter.begin(0);
      await peers.tuned.hook.attempt(topicOf('firing', 'bench_fault', 0), 60_000);
    }
    return new Stage({ database, exporter, peers, muster, ctx });
  }

  /** A receiver with a channel of this name that leads to it. */
  async channel(name: string): Promise<Hook> {
    const hook = await Hook.listen(musterTopics, this.#ctx.signal);
    this.#ctx.defer(() => hook.down());
    await this.#muster.post('/channels', { name, type: 'webhook', url: hook.url, secret: 'a-secret-for-benchmarks' });
    return hook;
  }

  /** A threshold that fires above 1 and is well again below 0.5, at once, unless this says otherwise. */
  rule(name: string, channel: string, more: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const document = { name, metric_name: name, operator: '>', threshold: 1, clear_threshold: 0.5, for: '0s', level: 'critical' };
    return this.#muster.post('/rules', { ...document, channels: [channel], ...more });
  }

  /** One sample an agent of a metric, as a program from outside posts it. Resolves when it is answered: then it is committed. */
  post(metric: string, agents: readonly string[], value: number): Promise<unknown> {
    const timestamp = new Date().toISOString();
    return this.#muster.post(
      '/metrics',
      agents.map((agent) => ({ agent_id: agent, metric_name: metric, metric_value: value, metric_unit: '', timestamp, metadata: {} })),
    );
  }

  /** Before others want the machine for themselves. */
  async close(): Promise<void> {
    await this.#muster.stop();
    await this.peers?.tuned.stop();
    await this.peers?.defaults.stop();
  }

  /** How often performance_monitor looks; undefined: as it ships. */
  collectEvery(every: string | undefined): Promise<unknown> {
    return this.#muster.patch('/agents/performance_monitor', { config: every === undefined ? {} : { every } });
  }
}
