import type { FastifyInstance } from 'fastify';
import type { ModuleServices } from '../../../module.ts';
import { readAnyJson } from './bodies.ts';
import { addFeedbackReads } from './feedback-routes.ts';
import { addPublicReads } from './public-routes.ts';
import { addRunReads } from './run-routes.ts';
import { addSharePage } from './share-page.ts';
import { addSessionRoutes } from './session-routes.ts';
import { addThreadReads } from './thread-routes.ts';
import { addV2Reads } from './v2-routes.ts';

/** What SDKs of LangSmith read, in both versions, and the projects they keep. */
export function addLangsmithReads(app: FastifyInstance, services: ModuleServices): void {
  readAnyJson(app);
  addRunReads(app, services);
  addSessionRoutes(app, services);
  addFeedbackReads(app, services);
  addV2Reads(app, services);
  addThreadReads(app, services);
  addPublicReads(app, services);
  addSharePage(app, services);
}
