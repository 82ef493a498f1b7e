import type { Command } from 'commander';
import { MusterError } from '../base/errors.ts';
import type { Logger, LogLevel } from '../base/logger.ts';
import type { Config, ConfigOverrides } from '../config/config.ts';
import { Output } from './output.ts';

/** The options that every command takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly dataDir?: string;
  readonly configDir?: string;
  readonly logLevel?: LogLevel;
  readonly color: boolean;
}

/** One run of the program: what was asked, and where the answer goes. */
export class Invocation {
  readonly output: Output;
  readonly globals: GlobalOptions;
  /** The whole tree of commands, for what is made from it. */
  readonly program: Command;

  constructor(command: Command) {
    this.program = rootOf(command);
    this.globals = command.optsWithGlobals<GlobalOptions>();
    this.output = outputOf(this.globals);
  }

  /** The configuration, with this command's own options over the environment. Throws CONFIG_INVALID. */
  async config(overrides: ConfigOverrides = {}): Promise<Config> {
    const { loadConfig } = await import('../config/load.ts');
    return loadConfig({ environment: process.env, cwd: process.cwd(), overrides: this.overrides(overrides) });
  }

  /** The same, with thresholds and rules held to what the modules know: for what runs or examines them. */
  async fullConfig(overrides: ConfigOverrides = {}): Promise<Config> {
    const [{ loadConfig }, { knownToModules }] = await Promise.all([import('../config/load.ts'), import('./runtime/check-names.ts')]);
    return loadConfig({ environment: process.env, cwd: process.cwd(), overrides: this.overrides(overrides), ...knownToModules() });
  }

  overrides(own: ConfigOverrides = {}): ConfigOverrides {
    const { dataDir, configDir, logLevel } = this.globals;
    return { dataDir, configDir, logLevel, ...own };
  }

  /** Log lines go to standard error or a file, never to standard output. Short commands only warn, unless told otherwise. */
  async log(config: Config, options: { readonly file?: string | undefined; readonly level?: LogLevel } = {}): Promise<Logger> {
    const { createLogger } = await import('../base/logger.ts');
    const file = config.log.file ?? options.file;
    return createLogger({ level: options.level ?? config.log.level, ...(file === undefined ? {} : { file }) });
  }
}

const rootOf = (command: Command): Command => (command.parent === null ? command : rootOf(command.parent));

export const outputOf = (globals: GlobalOptions): Output =>
  new Output({ json: globals.json === true, color: globals.color ? undefined : false });

export const usage = (message: string, remedy?: string): MusterError =>
  new MusterError('USAGE', message, remedy === undefined ? {} : { remedy });
