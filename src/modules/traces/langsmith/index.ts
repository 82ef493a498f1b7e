import type { FastifyInstance } from 'fastify';
import type { ModuleServices } from '../../module.ts';
import { addAnnotationDoors } from '../annotation/index.ts';
import { addDatasetDoors } from '../datasets/index.ts';
import { addLangsmithFigures } from '../figures/langsmith-routes.ts';
import { addPromptDoors } from '../prompts/index.ts';
import { addInfoRoute } from './info.ts';
import { addNotOffered } from './not-offered.ts';
import { addLangsmithReads } from './reads/index.ts';
import { addWriteRoutes } from './write-routes.ts';

/** Everything below /langsmith. */
export function addLangsmithDoors(app: FastifyInstance, services: ModuleServices): void {
  addInfoRoute(app, services);
  void app.register(async (scope) => addWriteRoutes(scope, services));
  void app.register(async (scope) => addDatasetDoors(scope, services));
  void app.register(async (scope) => addLangsmithReads(scope, services));
  void app.register(async (scope) => addLangsmithFigures(scope, services));
  void app.register(async (scope) => addPromptDoors(scope, services));
  void app.register(async (scope) => addAnnotationDoors(scope, services));
  void app.register(async (scope) => addNotOffered(scope));
}

export { canonicalPath } from './paths.ts';
