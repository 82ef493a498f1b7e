import { pino } from 'pino';
import { isMusterError, messageOf } from './errors.ts';

/** What a part of Muster may do with a log: the four levels people act on, and narrowing by fields. */
export interface Logger {
  debug(fields: object | string, message?: string): void;
  info(fields: object | string, message?: string): void;
  warn(fields: object | string, message?: string): void;
  error(fields: object | string, message?: string): void;
  child(fields: object): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Keys whose values never reach a log, wherever they sit. */
export const SECRETS = ['password', 'secret', 'token', 'authorization', 'cookie', 'apiKey', 'api_key', 'connectionString', 'databaseUrl'];

export interface LoggerOptions {
  readonly level?: LogLevel;
  /** Where lines go: a file, or standard error (the default; standard output belongs to the command's result). */
  readonly file?: string;
}

/** A JSON-lines logger with secrets redacted. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const destination =
    options.file === undefined
      ? pino.destination({ fd: 2, sync: true })
      : pino.destination({ dest: options.file, mkdir: true, sync: false });
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describe, error: describe },
      redact: { paths: SECRETS.flatMap((key) => [key, `*.${key}`]), censor: '[redacted]' },
    },
    destination,
  );
}

/** An error that says what to do about it needs no stack; of any other one the stack is what helps. */
export function describe(error: unknown): unknown {
  if (!isMusterError(error) || error.code === 'INTERNAL') return error instanceof Error ? pino.stdSerializers.err(error) : error;
  const { code, message, remedy, data, cause } = error;
  return { code, message, remedy, data, ...(cause === undefined ? {} : { cause: messageOf(cause) }) };
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
