import type { Database } from '../../../db/database.ts';
import { FeedReader } from '../feed/feed-reader.ts';
import type { FeedWork } from '../feed/feed-service.ts';
import { RuleKeeper } from './rule-keeper.ts';

/** The name of the rules' cursor. */
export const RULES_READER = 'quality:rules';

/** Judges runs by rules as they complete: with what a step judges at most, about a tenth of a core. */
export function judgeByRules(database: Database): FeedWork {
  const keeper = new RuleKeeper(database, new FeedReader(database, RULES_READER));
  return { done: 'judged', atMostEveryMs: 500, step: () => keeper.step(), prune: () => keeper.prune() };
}
