import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ModuleServices } from '../../module.ts';
import { MOST_BODY_BYTES } from '../langsmith/decompress.ts';
import { addDatasetDoors as addDatasets } from './langsmith-datasets.ts';
import { addComparativeDoors } from './langsmith-comparative.ts';
import { addExperimentRunDoors } from './langsmith-experiment-runs.ts';
import { addExampleDoors } from './langsmith-examples.ts';
import { addSharedDatasetDoors } from './langsmith-shared.ts';
import { addUploadDoor } from './langsmith-upload.ts';

/** Datasets and their examples below /langsmith, in a scope of their own: bodies are read as they come. */
export function addDatasetDoors(app: FastifyInstance, services: Pick<ModuleServices, 'state'>): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MOST_BODY_BYTES }, async (_request: FastifyRequest, body: Buffer) => body);
  addDatasets(app, services);
  addExampleDoors(app, services);
  addUploadDoor(app, services);
  addComparativeDoors(app, services);
  addExperimentRunDoors(app, services);
  addSharedDatasetDoors(app, services);
}
