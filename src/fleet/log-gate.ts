import type { LogLevel } from '../state/agent-logs.ts';

/** Lines kept at most: of a run, of an agent and of a host in a second. */
export const LINES_A_RUN = 1_000;
export const LINES_AN_AGENT_A_SECOND = 500;
export const LINES_A_HOST_A_SECOND = 2_000;
/** Warnings and errors may exceed a limit by this share: what went wrong often comes at the end of a flood. */
const FOR_TROUBLE = 1.1;

/** Lines counted within the present second. */
export interface SecondCount {
  second: number;
  lines: number;
}

export const newCount = (): SecondCount => ({ second: -1, lines: 0 });

/**
 * Whether one more line is kept. Counts it where it is. An agent that floods stops at its own limit, so that it leaves room
 * for the others of its host.
 */
export function passes(
  level: LogLevel,
  run: { readonly linesKept: number } | undefined,
  agent: SecondCount,
  host: SecondCount,
  nowMs: number,
): boolean {
  const share = level === 'warn' || level === 'error' ? FOR_TROUBLE : 1;
  if (run !== undefined && run.linesKept >= LINES_A_RUN * share) return false;
  const second = Math.floor(nowMs / 1_000);
  for (const count of [agent, host]) {
    if (count.second === second) continue;
    count.second = second;
    count.lines = 0;
  }
  if (agent.lines >= LINES_AN_AGENT_A_SECOND * share || host.lines >= LINES_A_HOST_A_SECOND * share) return false;
  agent.lines += 1;
  host.lines += 1;
  return true;
}
