import type { Api } from '../../../http/api.ts';
import type { ModuleServices } from '../../module.ts';
import { addFeedbackRoutes } from './feedback-routes.ts';
import { addProjectRoutes } from './project-routes.ts';
import { addQuarantineRoutes } from './quarantine-routes.ts';
import { addRunRoutes } from './run-routes.ts';
import { addSavedFilterRoutes } from './saved-filter-routes.ts';
import { addShareRoutes } from './share-routes.ts';
import { addThreadRoutes } from './thread-routes.ts';

/** What is read of traces below /api/v1. */
export function addReadRoutes(app: Api, services: ModuleServices): void {
  const { database } = services.state;
  addProjectRoutes(app, database);
  addRunRoutes(app, database);
  addShareRoutes(app, database);
  addThreadRoutes(app, database);
  addFeedbackRoutes(app, services);
  addQuarantineRoutes(app, database);
  addSavedFilterRoutes(app, database);
}

export { conditionOf } from './filter/condition.ts';
export type { Filter } from './filter/filter.ts';
export { parseFilter } from './filter/parse.ts';
export { listRunsOf } from './run-search.ts';
export { getRun, runsOfTrace, withTexts } from './run-store.ts';
export { projectView } from './project-routes.ts';
export { findProject, lastRuns, listProjects, type ProjectRecord } from './project-store.ts';
export { refusedView } from './quarantine-routes.ts';
export { listRefused } from './quarantine-store.ts';
export type { RunRecord } from './run-record.ts';
export { runFields } from './run-view.ts';
export { treeOf } from './tree.ts';
