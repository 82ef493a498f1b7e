import type { Module } from '../module.ts';
import { intakeOf } from './intake/index.ts';
import { addLangsmithDoors, canonicalPath } from './langsmith/index.ts';
import { addOtlpDoors } from './otlp/routes.ts';
import { addReadRoutes } from './reads/index.ts';

/** LLM conversations: taken in, priced, judged, searched and passed on. */
export const tracesModule: Module = {
  name: 'traces',
  migrations: new URL('./migrations/', import.meta.url),
  rewrite: canonicalPath,
  routes(app, services) {
    addReadRoutes(app, services);
  },
  doors(app, services) {
    addLangsmithDoors(app, services);
    addOtlpDoors(app, intakeOf(services));
  },
};
