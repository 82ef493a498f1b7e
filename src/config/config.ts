import type { LogLevel } from '../base/logger.ts';
import type { Enterprise } from './enterprise.ts';
import type { Finding } from './finding.ts';
import type { Monitoring } from './monitoring.ts';

/** Everything an installation can be told, typed and frozen. Lengths of time are milliseconds. */
export interface Config {
  readonly database: {
    /** Undefined: the embedded server of the data folder. */
    readonly url: string | undefined;
    readonly directUrl: string | undefined;
    readonly poolMax: number;
    readonly poolMin: number;
    readonly connectTimeoutMs: number;
    readonly statementTimeoutMs: number;
    readonly lockTimeoutMs: number;
  };
  readonly server: {
    readonly host: string;
    readonly port: number;
    readonly bootstrapKey: string | undefined;
    readonly publicUrl: string | undefined;
    readonly allowedHosts: readonly string[];
    readonly trustProxy: readonly string[];
  };
  readonly host: {
    readonly capacity: number;
    readonly labels: Readonly<Record<string, string>>;
    readonly beatMs: number;
    readonly leaseMs: number;
  };
  readonly outbound: {
    /** Networks besides the public internet, as 10.1.0.0/16. */
    readonly allowedNetworks: readonly string[];
    readonly allowCommands: boolean;
  };
  /** What secrets are sealed with: the first seals, all open. None: a key in the database. */
  readonly secretKeys: readonly string[];
  /** Files and folders with agents of the user's own, absolute. */
  readonly agents: readonly string[];
  readonly log: { readonly level: LogLevel; readonly file: string | undefined };
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute; undefined where there is none, and every default holds. */
  readonly configDir: string | undefined;
  readonly monitoring: Monitoring;
  readonly enterprise: Enterprise;
  /** The files that were read, as messages name them. */
  readonly files: readonly string[];
  /** Warnings and notes: what was accepted without effect. Errors never get here. */
  readonly findings: readonly Finding[];
}

/** What the command line says; it goes before the environment. */
export interface ConfigOverrides {
  readonly dataDir?: string | undefined;
  readonly configDir?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly logLevel?: LogLevel | undefined;
  readonly capacity?: number | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly agents?: readonly string[] | undefined;
}
