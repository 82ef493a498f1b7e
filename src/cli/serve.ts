import { EXIT } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Config } from '../config/config.ts';
import { boundLog } from '../db/embedded/server-log.ts';
import { hasDesktop, openInBrowser } from './browser.ts';
import { portProblem } from './checks/machine.ts';
import { usage, type Invocation } from './invocation.ts';
import { followInLines, followInPlace } from './live-view.ts';
import { baseUrl, createSignInLink } from './runtime/sign-in-link.ts';
import { Runtime, type Running, type RuntimeOptions } from './runtime/runtime.ts';
import { Steps } from './runtime/steps.ts';
import type { Output } from './output.ts';
import type { Reload } from './runtime/own-code.ts';
import { StopSignals } from './signals.ts';
import { stepListener } from './step-lines.ts';
import { ownVersion } from './version.ts';

export interface ServeOptions extends Pick<RuntimeOptions, 'host' | 'server' | 'startsEmbedded' | 'demo'> {
  readonly opensBrowser: boolean;
  /** Starts agents of the user's own anew when their files change. */
  readonly watch: boolean;
  /** Where log lines go while a person watches the terminal. */
  readonly logFile: string | undefined;
}

/** `up`, `launch` and `dashboard`: starts, shows what goes on until Ctrl-C or a TERM, and stops in good order. */
export async function serve(invocation: Invocation, config: Config, options: ServeOptions): Promise<number> {
  const { output } = invocation;
  if (options.watch && config.agents.length === 0) throw usage('--watch has no files to watch', 'Name yours with --agents.');
  // Log lines between a picture that is redrawn would tear it; who asks for a level wants to read the lines instead.
  const inPlace = output.interactive && invocation.globals.logLevel === undefined;
  const log = await invocation.log(config, inPlace ? { file: options.logFile } : {});
  const version = ownVersion();
  // Known before anything is started for nothing; the server itself asks again.
  const taken = options.server && config.server.port !== 0 ? await portProblem(config.server.host, config.server.port) : undefined;
  if (taken !== undefined) throw taken;
  const ownLog = inPlace && config.log.file === undefined && options.logFile !== undefined ? boundLog(options.logFile, log) : undefined;
  const steps = new Steps(stepListener(output), log);
  const reloaded = options.watch ? (reload: Reload): void => tellReload(output, reload) : undefined;
  const runtime = new Runtime({ config, log, version, reloaded, ...options });
  using signals = new StopSignals(() => runtime.force());
  signals.signal.addEventListener('abort', () => log.info({ signal: signals.received }, 'told to stop: the agents end, then the rest'));
  using crash = new Crash(log);

  output.line(output.colors.bold(`muster ${version}`));
  const running = await Promise.race([runtime.start(steps), crash.happened]);
  // A process that is nothing but a host ends with it; API and dashboard of `up` go on without.
  if (!options.server) void running.host?.dismissed.then(() => signals.stop());
  try {
    if (!signals.signal.aborted) {
      await announce(
        invocation,
        config,
        { ...options, logFile: config.log.file ?? (inPlace ? options.logFile : undefined) },
        running,
        steps,
      );
      await Promise.race([
        (inPlace && !options.watch ? followInPlace : followInLines)(running, output, signals.signal),
        runtime.lost,
        crash.happened,
      ]);
    }
  } finally {
    output.line('\nStopping. Press Ctrl-C again to force it.');
    await runtime.stop(steps);
    ownLog?.stop();
  }
  return EXIT.ok;
}

function tellReload(output: Output, reload: Reload): void {
  const { bold, red } = output.colors;
  output.item({ reload: { file: reload.file, types: reload.types, error: reload.error?.message ?? null } }, () => {
    if (reload.error === undefined) return `${bold('loaded again')}  ${reload.file}: ${reload.types.join(', ')}`;
    return `${red('not loaded')}  ${reload.file}: ${reload.error.message}\n      → ${reload.error.remedy} Until then its agents run as before.`;
  });
}

/** Tells where everything is. */
async function announce({ output }: Invocation, config: Config, options: ServeOptions, running: Running, steps: Steps): Promise<void> {
  const readyMs = Math.round(performance.now());
  const { server, embedded } = running;
  const { logFile } = options;
  const link =
    server === undefined
      ? undefined
      : await createSignInLink(running.access, { ...config.server, port: server.port }, 'administrator', 'start');
  const url = server === undefined ? undefined : baseUrl({ ...config.server, port: server.port });
  const { bold, dim, cyan } = output.colors;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Dashboard', url],
    [
      'Sign in',
      link === undefined
        ? undefined
        : `${cyan(link.url)}\n${' '.repeat(12)}${dim('opens once, within 15 minutes; `muster sign-in` makes another')}`,
    ],
    ['API', url === undefined ? undefined : `${url}/api/v1`],
    ['Data', embedded === undefined ? undefined : embedded.server.dataDir],
    ['Log', logFile],
    ['Stop', 'Ctrl-C'],
  ];
  output.item(
    {
      ready: {
        version: ownVersion(),
        url: url ?? null,
        sign_in_url: link?.url ?? null,
        host_id: running.host?.hostId ?? null,
        server_version: running.serverVersion,
        data_dir: config.dataDir,
        pid: process.pid,
        ms: readyMs,
        steps: steps.records,
      },
    },
    () =>
      `\n${facts.flatMap(([name, fact]) => (fact === undefined ? [] : [`${bold(name.padEnd(12))}${fact}`])).join('\n')}\n\n${dim(`Ready in ${(readyMs / 1_000).toFixed(1)} s.`)}\n`,
  );
  if (link !== undefined && options.opensBrowser && !output.json && hasDesktop()) openInBrowser(link.url);
}

/**
 * An error that nobody caught: everything is stopped in order, then it ends the process as any other error does. A promise
 * that nobody awaited is another thing: most likely one agent forgot it, and the others shall not end for that.
 */
class Crash implements Disposable {
  readonly happened: Promise<never>;
  #reject: (error: unknown) => void = () => undefined;
  readonly #onError = (error: unknown): void => this.#reject(error);
  readonly #onRejection: (reason: unknown) => void;

  constructor(log: Logger) {
    this.#onRejection = (reason) =>
      log.error({ err: reason }, 'a promise was rejected and nobody awaited it: await it, or catch what it throws');
    this.happened = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.happened.catch(() => undefined); // it may come while nobody waits
    process.on('uncaughtException', this.#onError);
    process.on('unhandledRejection', this.#onRejection);
  }

  [Symbol.dispose](): void {
    process.off('uncaughtException', this.#onError);
    process.off('unhandledRejection', this.#onRejection);
  }
}
