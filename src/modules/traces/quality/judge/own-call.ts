import { dottedOrderOf } from '../../run/dotted-order.ts';
import type { RunOperation } from '../../run/operation.ts';
import { EVALUATORS_PROJECT } from '../rule-keeper.ts';

/** A call of a model that Muster made itself to score something. */
export interface OwnCall {
  readonly runId: string;
  readonly name: string;
  readonly runType: 'llm' | 'embedding';
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly tookMs: number;
  /** JSON, as it was asked and answered. Undefined: nothing that is JSON came. */
  readonly inputs: string;
  readonly outputs: string | undefined;
  readonly model: string;
  /** As prices know it. */
  readonly provider: string | null;
  readonly notes: Readonly<Record<string, unknown>>;
  readonly error: string | undefined;
}

/** What such a run says besides the texts: who made it, and by which price it counts. */
export const extraOf = ({ model, notes, provider }: Pick<OwnCall, 'model' | 'notes' | 'provider'>): string =>
  JSON.stringify({ metadata: { ls_model_name: model, ...(provider === null ? {} : { ls_provider: provider }), ...notes } });

/** The call as a run of the project that neither rules nor judges look at. */
export function ownRun(call: OwnCall): RunOperation {
  const { error, inputs, name, outputs, runId, runType, startedAt, tookMs } = call;
  const startTime = Math.round(startedAt * 1_000);
  return {
    kind: 'post',
    runId,
    project: { name: EVALUATORS_PROJECT },
    traceId: runId,
    dottedOrder: dottedOrderOf(null, startTime, runId),
    name,
    runType,
    startTime,
    endTime: startTime + Math.max(1, Math.round(tookMs * 1_000)),
    inputs,
    ...(outputs === undefined ? {} : { outputs }),
    extra: extraOf(call),
    ...(error === undefined ? {} : { error: JSON.stringify(error) }),
  };
}
