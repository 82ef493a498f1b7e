import { arrayOf, isObject } from '../conversation/json.ts';
import type { RunDetail } from '../types.ts';

export interface Details {
  readonly metadata: unknown;
  /** What the model was called with. */
  readonly parameters: unknown;
  readonly runtime: unknown;
  readonly events: readonly unknown[];
  /** What nobody here has a name for: kept, and shown. */
  readonly rest: unknown;
}

/** Takes apart what a run carries beside its inputs and outputs. Nothing of it is dropped. */
export function detailsOf(run: Pick<RunDetail, 'extra' | 'events' | 'rest'>): Details {
  const { invocation_params: parameters, metadata, runtime, ...other } = isObject(run.extra) ? run.extra : {};
  const rest = {
    ...other,
    ...(isObject(run.rest) ? run.rest : {}),
    ...(isObject(run.extra) || run.extra === null ? {} : { extra: run.extra }),
  };
  return { metadata, parameters, runtime, events: arrayOf(run.events), rest };
}
