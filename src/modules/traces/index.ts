import type { Module } from '../module.ts';
import { addGatewayDoor, addGatewayRoutes, Gateway } from './gateway/index.ts';
import { intakeOf } from './intake/index.ts';
import { systemClock } from '../../base/clock.ts';
import { FigureService } from './figures/figure-service.ts';
import { addFigureRoutes } from './figures/routes.ts';
import { addPriceRoutes } from './prices/routes.ts';
import { addLangsmithDoors, canonicalPath } from './langsmith/index.ts';
import { addOtlpDoors } from './otlp/routes.ts';
import { addQualityRoutes } from './quality/routes.ts';
import { RuleService } from './quality/rule-service.ts';
import { addReadRoutes } from './reads/index.ts';
import { addSettingsRoutes } from './settings/index.ts';

/** LLM conversations: taken in, priced, judged, searched and passed on. */
export const tracesModule: Module = {
  name: 'traces',
  migrations: new URL('./migrations/', import.meta.url),
  rewrite: canonicalPath,
  services: (site) => [new FigureService(site, systemClock), new RuleService(site, systemClock)],
  routes(app, services) {
    addReadRoutes(app, services);
    addFigureRoutes(app, services);
    addPriceRoutes(app, services);
    addSettingsRoutes(app, services);
    addGatewayRoutes(app, services);
    addQualityRoutes(app, services);
  },
  doors(app, services) {
    addLangsmithDoors(app, services);
    addOtlpDoors(app, intakeOf(services));
    addGatewayDoor(app, services, new Gateway(services, intakeOf(services)));
  },
};
