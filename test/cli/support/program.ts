import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { until } from '../../support/until.ts';

const ABANDONED_MS = 3_600_000;
const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
}

/** The ready document of `up --json` and its kin. */
export interface Ready {
  readonly url: string;
  readonly sign_in_url: string;
  readonly host_id: string;
  readonly pid: number;
  readonly steps: readonly { readonly name: string; readonly ms: number }[];
}

/**
 * The command line as users run it: compiled from today's sources, each run in a process of its own with an environment of
 * its own. Everything a test file starts is ended with it.
 */
export class Program {
  #build = '';
  readonly #folders: string[] = [];
  readonly #running = new Set<RunningProgram>();

  /** For a test file: builds before its tests and clears up after them. */
  static forThisFile(): Program {
    const program = new Program();
    beforeAll(() => program.#compile());
    afterAll(() => program.#clear());
    return program;
  }

  /** A folder of the test's own, which a server that runs as another user can reach. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'muster-cli-'), { encoding: 'utf8' });
    spawnSync('chmod', ['755', folder]);
    this.#folders.push(folder);
    return folder;
  }

  get entry(): string {
    return join(this.#build, 'dist', 'cli', 'main.js');
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.start(args, options).ended;
  }

  /** Runs a command with --json, which must succeed, and gives its document. */
  async json<T>(args: readonly string[], options: RunOptions = {}): Promise<T> {
    const { code, stdout, stderr } = await this.run([...args, '--json'], options);
    if (code !== 0) throw new Error(`muster ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return JSON.parse(stdout) as T;
  }

  start(args: readonly string[], { cwd = this.folder(), env = {}, nodeOptions = [] }: RunOptions = {}): RunningProgram {
    const child = spawn(process.execPath, [...nodeOptions, this.entry, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, USER: 'tester', ...env },
    });
    const running = new RunningProgram(child);
    this.#running.add(running);
    return running;
  }

  #compile(): void {
    const cache = ensure(join(root, '.cache'));
    // A run that was killed cleared nothing up.
    for (const name of readdirSync(cache).filter((each) => each.startsWith('test-cli-')))
      if (Date.now() - statSync(join(cache, name)).mtimeMs > ABANDONED_MS) rmSync(join(cache, name), { recursive: true, force: true });
    this.#build = mkdtempSync(join(cache, 'test-cli-'));
    const said = isBuilt() ? copyBuild(join(this.#build, 'dist')) : compile(join(this.#build, 'dist'));
    for (const name of ['package.json', '.env.example']) copyFileSync(join(root, name), join(this.#build, name));
    const { status } = spawnSync(process.execPath, [this.entry, 'version']);
    if (status !== 0) throw new Error(`the program cannot be built:\n${said}`);
  }

  async #clear(): Promise<void> {
    for (const running of this.#running) await running.end();
    for (const folder of [...this.#folders, this.#build].filter((each) => each !== '')) rmSync(folder, { recursive: true, force: true });
  }
}

export class RunningProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;
  stdout = '';
  stderr = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr })));
  }

  /** Of a program with --json: what it says once it is ready. */
  async ready(): Promise<Ready> {
    await until('the program is ready or has ended', () => this.stdout.includes('"ready"') || this.child.exitCode !== null, 30_000);
    const line = this.stdout.split('\n').find((each) => each.startsWith('{"ready"'));
    if (line === undefined) throw new Error(`it did not become ready: ${this.stdout}${this.stderr}`);
    return (JSON.parse(line) as { readonly ready: Ready }).ready;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Outcome> {
    this.child.kill(signal);
    return this.ended;
  }

  /** In good order if it will, otherwise at once. */
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    await this.stop();
    clearTimeout(timer);
  }
}

/** Whether `dist` is of today's sources, as after any `./muster`: compiling takes seconds of all cores. */
function isBuilt(): boolean {
  const builtAt = statSync(join(root, 'dist', '.built-server'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  return sources.every((path) => statSync(join(root, 'src', path)).mtimeMs <= builtAt);
}

/** A copy, so that who builds meanwhile changes nothing here; without the dashboard. */
function copyBuild(to: string): string {
  const dashboard = join(root, 'dist', 'web');
  cpSync(join(root, 'dist'), to, { recursive: true, filter: (source) => source !== dashboard });
  return 'dist does not run';
}

/** Returns what the compiler says. */
function compile(to: string): string {
  const tsc = join(root, 'node_modules/@typescript/native/bin/tsc');
  const { stderr, stdout } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', to], {
    encoding: 'utf8',
  });
  cpSync(join(root, 'src'), to, { recursive: true, filter: (source) => !/\.tsx?$/.test(source) });
  return `${stdout}${stderr}`;
}

function ensure(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function write(folder: string, name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}
