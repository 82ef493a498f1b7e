import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processTree } from './processes.ts';

const KEY = 'a-key-for-benchmarks';

export interface MusterOptions {
  /** What stands for `muster` on the command line. */
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly dataDir: string;
  /** Receives what the process prints. */
  readonly output: string;
  readonly signal: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: one that is free. */
  readonly port?: number;
}

export interface AgentView {
  readonly agent_id: string;
  readonly last_heartbeat_at: string | null;
  readonly run_count: number;
  readonly reason: string | null;
}

/** A real `./muster up` with an embedded server, as a person starts it. */
export class MusterProcess {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #options: MusterOptions;
  readonly port: number;
  /** Wall clock at the start: heartbeats before it are those of an earlier process. */
  readonly #startedAt = Date.now();
  readonly #started = performance.now();

  private constructor(child: ChildProcess, port: number, options: MusterOptions) {
    this.#child = child;
    this.port = port;
    this.#options = options;
    this.#exit = once(child, 'exit');
  }

  static async start(options: MusterOptions): Promise<MusterProcess> {
    const port = options.port ?? (await freePort());
    const [program, ...words] = options.command;
    const args = [...words, 'up', '--data-dir', options.dataDir, '--port', String(port), '--no-open'];
    const { DATABASE_URL: _, ...inherited } = process.env;
    const child = spawn(program, args, {
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...inherited, ...options.env, MUSTER_BOOTSTRAP_KEY: KEY },
    });
    const output = createWriteStream(options.output, { flags: 'a' });
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    return new MusterProcess(child, port, options);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#options.command.join(' ')} did not start; see ${this.#options.output}`);
    return this.#child.pid;
  }

  /** Milliseconds from the start of the process until the API showed an agent's heartbeat of this process. */
  async firstHeartbeat(limitMs: number): Promise<number> {
    for (;;) {
      this.#options.signal.throwIfAborted();
      const seen = (await this.agents()).some(({ last_heartbeat_at: at }) => at !== null && Date.parse(at) >= this.#startedAt);
      const passed = performance.now() - this.#started;
      if (seen) return passed;
      if (this.#child.exitCode !== null) throw new Error(`it ended with ${this.#child.exitCode}; see ${this.#options.output}`);
      if (passed > limitMs) throw new Error(`no heartbeat within ${limitMs} ms; see ${this.#options.output}`);
      await delay(10);
    }
  }

  /** The agents as the API shows them; none while it does not answer yet. */
  async agents(): Promise<readonly AgentView[]> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.port}/api/v1/agents?limit=1000`, {
        headers: { authorization: `Bearer ${KEY}` },
        signal: AbortSignal.timeout(2_000),
      });
      return response.ok ? ((await response.json()) as { items: AgentView[] }).items : [];
    } catch (error) {
      if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError')) return [];
      throw error;
    }
  }

  /** What the API answers; throws it where that is no success. */
  get<T>(path: string): Promise<T> {
    return this.#send('GET', path) as Promise<T>;
  }

  post<T = unknown>(path: string, body: object): Promise<T> {
    return this.#send('POST', path, body) as Promise<T>;
  }

  patch<T = unknown>(path: string, body: object): Promise<T> {
    return this.#send('PATCH', path, body) as Promise<T>;
  }

  async #send(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.port}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${answer}`);
    return JSON.parse(answer);
  }

  /** The process id of PostgreSQL's postmaster. */
  async postmaster(): Promise<number> {
    const text = await readFile(join(this.#options.dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8');
    return Number(text.split('\n', 1)[0]);
  }

  /** As Ctrl-C does. Resolves with the exit code when the process is gone. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGINT');
    await this.#exit;
    return this.#child.exitCode;
  }

  /** SIGKILL for the process alone: its database, where that is another's, lives on. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }

  /** SIGKILL for the host and every process of PostgreSQL, all at once. */
  async killEverything(): Promise<void> {
    const pids = new Set([this.pid, ...processTree(this.pid), ...processTree(await this.postmaster())]);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await this.#exit;
  }
}

/** Free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
