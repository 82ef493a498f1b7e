import { messageOf } from '../../../../base/errors.ts';
import type { Intake } from '../../intake/index.ts';
import type { ActiveEvaluator } from './evaluators.ts';
import { extraOf, ownRun, type OwnCall } from './own-call.ts';
import { judgementId, readVerdict, requestFor, type Judgeable, type Read } from './verdict.ts';

export interface ModelAnswer {
  readonly status: number;
  readonly body: string;
  /** As prices know it. */
  readonly provider: string | null;
  readonly model: string;
}

/** The way to models: whatever provider is configured. */
export interface ModelDoor {
  /** One answer to a chat. Throws where nobody answers. */
  complete(body: string, signal: AbortSignal): Promise<ModelAnswer>;
}

export interface Consulting {
  readonly door: ModelDoor;
  readonly intake: Pick<Intake, 'submit'>;
  /** USD of a call, as it is priced; undefined: nobody knows. */
  readonly costOf: (call: { readonly inputs: string; readonly outputs: string; readonly extra: string }) => number | undefined;
  readonly now?: (() => number) | undefined;
}

export interface Opinion {
  readonly read: Read;
  /** USD; 0 where nobody knows. */
  readonly cost: number;
}

const CALL_MS = 90_000;

/** Asks the model of an evaluator what it thinks of a run. The call is a run itself, in a project that no judge looks at. Undefined: the signal ended it. */
export async function consult(
  evaluator: ActiveEvaluator,
  { runId, ...judged }: Judgeable & { readonly runId: string },
  { costOf, door, intake, now = Date.now }: Consulting,
  signal: AbortSignal,
): Promise<Opinion | undefined> {
  const request = requestFor(evaluator, judged);
  const startedAt = now();
  const began = performance.now();
  const { answer, read } = await ask(door, evaluator, request, signal);
  if (signal.aborted) return undefined;
  const call: OwnCall = {
    runId: judgementId('run', evaluator.name, runId),
    name: evaluator.name,
    runType: 'llm',
    startedAt,
    tookMs: performance.now() - began,
    inputs: request,
    outputs: answer !== undefined && isJson(answer.body) ? answer.body : undefined,
    model: answer?.model ?? evaluator.model,
    provider: answer?.provider ?? null,
    notes: { evaluator: evaluator.name, judged_run_id: runId },
    error: 'error' in read ? read.error : undefined,
  };
  await intake.submit({ source: 'gateway', mayWrite: null, operations: [ownRun(call)] });
  const { outputs } = call;
  return { read, cost: outputs === undefined ? 0 : (costOf({ inputs: request, outputs, extra: extraOf(call) }) ?? 0) };
}

async function ask(
  door: ModelDoor,
  evaluator: ActiveEvaluator,
  request: string,
  signal: AbortSignal,
): Promise<{ readonly answer?: ModelAnswer; readonly read: Read }> {
  try {
    const answer = await door.complete(request, AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]));
    const { status } = answer;
    return {
      answer,
      read: status < 200 || status >= 300 ? { error: `the provider answered ${status}` } : readVerdict(answer.body, evaluator),
    };
  } catch (error) {
    return { read: { error: messageOf(error).slice(0, 500) } };
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
