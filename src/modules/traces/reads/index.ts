import type { Api } from '../../../http/api.ts';
import type { ModuleServices } from '../../module.ts';
import { addProjectRoutes } from './project-routes.ts';
import { addRunRoutes } from './run-routes.ts';

/** What is read of traces below /api/v1. */
export function addReadRoutes(app: Api, { state }: Pick<ModuleServices, 'state'>): void {
  addProjectRoutes(app, state.database);
  addRunRoutes(app, state.database);
}

export { conditionOf } from './filter/condition.ts';
export type { Filter } from './filter/filter.ts';
export { parseFilter } from './filter/parse.ts';
export { listRunsOf, type RunQuery } from './run-search.ts';
export { getRun, runsOfTrace, withTexts } from './run-store.ts';
