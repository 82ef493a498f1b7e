import type { ModuleServices } from '../../module.ts';
import { FeedReader } from '../feed/feed-reader.ts';
import type { FeedWork } from '../feed/feed-service.ts';
import { priceBookOf } from '../prices/index.ts';
import { FigureKeeper } from './figure-keeper.ts';

/** The name of the figures' cursor. */
export const FIGURES_READER = 'figures';

/** Keeps the figures up to date: a row of figures is read and written once a step, however many runs it counts. */
export function countRuns(services: Pick<ModuleServices, 'state' | 'wake' | 'log'>): FeedWork {
  const { database } = services.state;
  const book = priceBookOf(services);
  const keeper = new FigureKeeper(database, new FeedReader(database, FIGURES_READER), book);
  return {
    done: 'counted',
    atMostEveryMs: 1_000,
    async step() {
      await book.fresh();
      return keeper.step();
    },
    prune: () => keeper.prune(),
  };
}
