import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../src/db/database.ts';
import { sql } from '../../src/db/sql.ts';
import type { BenchContext } from '../support/bench.ts';

export interface LaunchOptions {
  /** Where the process finds the database: straight, or through a proxy. */
  readonly url: string;
  /** The database as the bench sees it. */
  readonly database: Database;
  readonly capacity: number;
  /** Files with agents of its own. */
  readonly agents?: readonly string[];
}

const JOINS_WITHIN_MS = 60_000;

/** A host as an operator starts it: `muster launch` of the built program, in a process of its own. */
export class LaunchedHost {
  readonly #child: ChildProcess;
  readonly #options: LaunchOptions;
  readonly #output: string;
  readonly exited: Promise<unknown>;

  constructor(ctx: BenchContext, options: LaunchOptions) {
    this.#options = options;
    this.#output = join(ctx.folder, 'hosts.out');
    const agents = (options.agents ?? []).flatMap((file) => ['--agents', file]);
    const output = openSync(this.#output, 'a');
    this.#child = spawn(
      process.execPath,
      [join(ctx.root, 'dist', 'cli', 'main.js'), 'launch', '--capacity', String(options.capacity), ...agents],
      {
        cwd: ctx.folder,
        stdio: ['ignore', output, output],
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], DATABASE_URL: options.url },
      },
    );
    closeSync(output);
    this.exited = once(this.#child, 'exit');
    ctx.defer(async () => {
      this.#child.kill('SIGCONT');
      this.#child.kill('SIGKILL');
      await this.exited;
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`a host did not start; see ${this.#output}`);
    return this.#child.pid;
  }

  /** Sends the signal, and tells when, milliseconds since 1970. */
  signal(name: NodeJS.Signals): number {
    const at = Date.now();
    if (!this.#child.kill(name)) throw new Error(`the host ${this.pid} was gone before its ${name}; see ${this.#output}`);
    return at;
  }

  /** The id under which it is live now; undefined while it is not. */
  async hostId(): Promise<string | undefined> {
    const row = await this.#options.database.one<{ host_id: string }>(
      sql`select host_id::text as host_id from muster.hosts where pid = ${this.pid} and status = 'live' order by started_at desc limit 1`,
    );
    return row?.host_id;
  }

  /** Waits until it has joined; as another host than `other`, where that is given. */
  async joined(other?: string): Promise<string> {
    const until = performance.now() + JOINS_WITHIN_MS;
    while (performance.now() < until) {
      const id = await this.hostId();
      if (id !== undefined && id !== other) return id;
      if (this.#child.exitCode !== null) throw new Error(`a host ended with ${this.#child.exitCode}; see ${this.#output}`);
      await delay(20);
    }
    throw new Error(`a host did not join within ${JOINS_WITHIN_MS} ms; see ${this.#output}`);
  }
}
