import { agentId } from '../../base/ids.ts';
import { messageOf, MusterError } from '../../base/errors.ts';
import type { Database } from '../../db/database.ts';
import type { Outbound } from '../../outbound/index.ts';
import type { Commands } from '../../state/commands.ts';
import { LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS, type Step } from './action.ts';

export interface Hands {
  /** Fenced: what an agent writes is refused once its lease is lost. */
  readonly database: Database;
  readonly commands: Commands;
  readonly outbound: Outbound;
}

export interface CarryOut {
  readonly runId: string;
  readonly action: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const MOST_RESULT_CHARACTERS = 2_000;

/**
 * Carries steps out, one after the other. What hangs is told to stop at the time limit, and no longer waited for soon after:
 * code that listens to no signal cannot keep the round from going on. Throws what the step throws, or ACTION_TIMEOUT.
 */
export async function carryOut(steps: readonly Step[], hands: Hands, how: CarryOut): Promise<readonly unknown[]> {
  const limit = AbortSignal.timeout(how.timeoutMs);
  const signal = AbortSignal.any([how.signal, limit]);
  const results: unknown[] = [];
  for (const step of steps) {
    signal.throwIfAborted();
    results.push(await orAborted(carryOutStep(step, hands, how, signal), signal));
  }
  return results;
}

async function carryOutStep(step: Step, hands: Hands, { action, runId, timeoutMs }: CarryOut, signal: AbortSignal): Promise<unknown> {
  switch (step.kind) {
    case 'sql':
      return runSql(step, hands.database, signal);
    case 'agent_command': {
      const { commandId, state } = await hands.commands.submit({
        agentId: agentId(step.agentId),
        command: step.command,
        ...(step.payload === undefined ? {} : { payload: step.payload }),
        requestedBy: `healing:${action}`,
        dedupeKey: `healing:${runId}`,
        ttlMs: timeoutMs,
      });
      return { command_id: commandId, state };
    }
    case 'http': {
      const { body, headers = {}, method, url } = step;
      const answer = await hands.outbound.request({
        method,
        url,
        headers: { ...headers, 'idempotency-key': runId },
        ...(body === undefined ? {} : { body }),
        timeoutMs,
        signal,
      });
      if (answer.status < 200 || answer.status > 299) throw new MusterError('OUTBOUND_FAILED', `it answered with status ${answer.status}`);
      return { status: answer.status };
    }
    case 'shell': {
      const { exitCode, output } = await hands.outbound.run({
        command: step.command,
        environment: { MUSTER_RUN_ID: runId },
        timeoutMs,
        signal,
      });
      if (exitCode !== 0)
        throw new MusterError(
          'OUTBOUND_FAILED',
          `the command ended with ${exitCode ?? 'a signal'}: ${output.slice(0, MOST_RESULT_CHARACTERS)}`,
        );
      return { exit_code: exitCode, output: output.slice(0, MOST_RESULT_CHARACTERS) };
    }
    case 'code':
      return step.run({ database: hands.database, signal });
  }
}

async function runSql(step: Extract<Step, { kind: 'sql' }>, database: Database, signal: AbortSignal): Promise<unknown> {
  const statement = { text: step.text, values: [] };
  const limits = {
    lockTimeoutMs: step.lockTimeoutMs ?? LOCK_TIMEOUT_MS,
    statementTimeoutMs: step.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
  };
  if (step.how === 'fenced') return { rows: (await database.transaction((tx) => tx.query(statement), limits)).count };
  if (database.maintain === undefined)
    throw new MusterError('CONFLICT', 'an agent in a thread or process of its own cannot run this statement', {
      remedy: 'Run the healing agent without isolation.',
    });
  return { rows: (await database.maintain(statement, { ...limits, signal })).count };
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    work
      .then(resolve, (error: unknown) => reject(signal.aborted ? abortReason(signal) : error))
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

const abortReason = ({ reason }: AbortSignal): Error =>
  reason instanceof Error && reason.name === 'TimeoutError'
    ? new MusterError('ACTION_TIMEOUT', 'it did not end in time and was cancelled')
    : reason instanceof Error
      ? reason
      : new Error(messageOf(reason));
