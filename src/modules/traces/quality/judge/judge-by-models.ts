import { FeedReader } from '../../feed/feed-reader.ts';
import type { FeedWork } from '../../feed/feed-service.ts';
import { factsOf } from '../../content/index.ts';
import { completerOf } from '../../gateway/completer.ts';
import { intakeOf } from '../../intake/index.ts';
import type { ModuleServices } from '../../../module.ts';
import { priceBookOf } from '../../prices/index.ts';
import type { Consulting, ModelDoor } from './consult.ts';
import { JUDGES_READER } from './evaluators.ts';
import { Judge } from './judge.ts';

type Services = Pick<ModuleServices, 'state' | 'wake' | 'outbound' | 'log'>;

/** What it takes to ask a model, priced as its answer is. */
export function consultingOf(services: Services, door: ModelDoor): Consulting {
  const book = priceBookOf(services);
  return {
    door,
    intake: intakeOf(services),
    costOf: (call) => {
      const { totalCost } = factsOf({ runType: 'llm', ...call }, book);
      return totalCost === undefined ? undefined : Number(totalCost);
    },
  };
}

/** Lets models judge runs as they complete; rows of the database say who judges what. Where there is no evaluator, nothing is asked but that. */
export function judgeByModels(services: Services): FeedWork {
  const { database } = services.state;
  const door = completerOf(services);
  const judge = new Judge({ database, feed: new FeedReader(database, JUDGES_READER), ...consultingOf(services, door) });
  const over = new AbortController();
  return {
    done: 'judged by models',
    atMostEveryMs: 250,
    // What a step takes is the time of models, and loads nobody here.
    rest: 0,
    step: () => judge.step(over.signal),
    prune: () => judge.prune(),
    stop(): Promise<void> {
      over.abort(new Error('the host stops'));
      return door.close();
    },
  };
}
