import { MusterError } from '../../../base/errors.ts';
import type { ModuleServices } from '../../module.ts';
import { completerOf } from '../gateway/completer.ts';
import { intakeOf } from '../intake/index.ts';
import { activeEvaluators } from '../quality/judge/evaluators.ts';
import { consultingOf } from '../quality/judge/judge-by-models.ts';
import { Allowance } from './allowance.ts';
import { judge } from './scorers/judge.ts';
import { similarity } from './scorers/similarity.ts';
import type { Doors } from './scorers/index.ts';

type Services = Pick<ModuleServices, 'state' | 'wake' | 'outbound' | 'log'>;

/** Scorers that ask models do so with the gateway's providers, routes and keys, from this process. Embeddings may cost `embeddingsUsd` in all. */
export function doorsOf(
  services: Services,
  { embeddingsUsd, ...rest }: Pick<Doors, 'timeoutMs' | 'environment' | 'codeFolder'> & { readonly embeddingsUsd: number },
): Doors & { readonly close: () => Promise<void> } {
  const door = completerOf(services);
  const embedding = { door, intake: intakeOf(services), allowance: new Allowance(embeddingsUsd) };
  const { database } = services.state;
  return {
    ...rest,
    outbound: services.outbound,
    similarity: (key, model) => similarity(key, model, embedding),
    async judge(key, name) {
      const evaluator = (await activeEvaluators(database)).find((one) => one.name === name);
      if (evaluator === undefined)
        throw new MusterError('NOT_FOUND', `there is no evaluator ${name} that is switched on`, {
          remedy: 'PUT /api/v1/traces/evaluators/{name} makes one; with "share": 0 it judges nothing but what `muster eval` asks it to.',
        });
      return judge(key ?? name, evaluator, database, consultingOf(services, door));
    },
    close: () => door.close(),
  };
}
