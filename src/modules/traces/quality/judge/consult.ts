import { messageOf } from '../../../../base/errors.ts';
import type { Intake } from '../../intake/index.ts';
import { dottedOrderOf } from '../../run/dotted-order.ts';
import { EVALUATORS_PROJECT } from '../rule-keeper.ts';
import type { ActiveEvaluator } from './evaluators.ts';
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
  const extra = JSON.stringify({
    metadata: {
      ls_model_name: answer?.model ?? evaluator.model,
      ...(typeof answer?.provider === 'string' ? { ls_provider: answer.provider } : {}),
      evaluator: evaluator.name,
      judged_run_id: runId,
    },
  });
  const outputs = answer !== undefined && isJson(answer.body) ? answer.body : undefined;
  const id = judgementId('run', evaluator.name, runId);
  const startTime = Math.round(startedAt * 1_000);
  await intake.submit({
    source: 'gateway',
    mayWrite: null,
    operations: [
      {
        kind: 'post',
        runId: id,
        project: { name: EVALUATORS_PROJECT },
        traceId: id,
        dottedOrder: dottedOrderOf(null, startTime, id),
        name: evaluator.name,
        runType: 'llm',
        startTime,
        endTime: startTime + Math.max(1, Math.round((performance.now() - began) * 1_000)),
        inputs: request,
        outputs,
        extra,
        error: 'error' in read ? JSON.stringify(read.error) : undefined,
      },
    ],
  });
  return { read, cost: outputs === undefined ? 0 : (costOf({ inputs: request, outputs, extra }) ?? 0) };
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
