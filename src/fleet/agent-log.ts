import type { Logger } from '../base/logger.ts';
import type { LogLevel } from '../state/agent-logs.ts';
import { toLine, type Said } from './log-line.ts';

/** Takes a line, or counts it as dropped without making it. */
export type LineKeeper = (level: LogLevel, make: () => Said) => void;

/** The logger of one call of an agent: to the log of its process as ever, and, bounded, to the agent's own. */
export function agentLog(log: Logger, keep: LineKeeper, bound: object = {}): Logger {
  const at =
    (level: LogLevel): Logger[LogLevel] =>
    (given: object | string, message?: string): void => {
      if (typeof given === 'string') log[level](given);
      else log[level](given, message);
      keep(level, () => toLine(level, bound, given, message));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => agentLog(log.child(fields), keep, { ...bound, ...fields }),
  };
}
