import type { FastifyInstance } from 'fastify';
import type { ModuleServices } from '../../module.ts';
import { addLangsmithFigures } from '../figures/langsmith-routes.ts';
import { addInfoRoute } from './info.ts';
import { addNotOffered } from './not-offered.ts';
import { addLangsmithReads } from './reads/index.ts';
import { addWriteRoutes } from './write-routes.ts';

/** A part of what is below /langsmith. It has a scope of its own. */
type LangsmithDoor = (scope: FastifyInstance, services: ModuleServices) => void;

const OWN: readonly LangsmithDoor[] = [addWriteRoutes, addLangsmithReads, addLangsmithFigures, addNotOffered];

/** Everything below /langsmith: runs, and what other rooms offer to LangSmith's clients. */
export function addLangsmithDoors(app: FastifyInstance, services: ModuleServices, ofOthers: readonly LangsmithDoor[]): void {
  addInfoRoute(app, services);
  for (const add of [...OWN, ...ofOthers]) void app.register(async (scope) => add(scope, services));
}

export { canonicalPath } from './paths.ts';
