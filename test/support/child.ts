import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RUNNER = fileURLToPath(new URL('run-typescript.mjs', import.meta.url));

export interface Child extends AsyncDisposable {
  readonly process: ChildProcess;
  /** The next line of its standard output, parsed as JSON. */
  line<T>(): Promise<T>;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Its exit code, null where a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** Of a module that is compiled, as those of benchmarks are. */
const RUN_COMPILED = 'const [, module, ...args] = process.argv; await (await import(module)).main(args);';

/** Runs `main(args)` of a module in a process of its own, to be killed and looked at from outside. */
export function spawnModule(module: URL, args: readonly string[], options: SpawnOptions = {}): Child {
  const run = module.pathname.endsWith('.js')
    ? ['--input-type=module', '--eval', RUN_COMPILED, '--', module.href]
    : [RUNNER, fileURLToPath(module)];
  const child = spawn(process.execPath, [...run, ...args], {
    cwd: ROOT,
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (child.stdout === null) throw new Error('a child without standard output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return {
    process: child,
    exited,
    kill,
    line: async <T>() => {
      const next = await lines.next();
      if (next.done === true) throw new Error(`the child ended (${child.exitCode ?? child.signalCode}) and said nothing more`);
      return JSON.parse(next.value) as T;
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) await kill('SIGKILL');
    },
  };
}
