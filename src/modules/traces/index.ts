import type { Module } from '../module.ts';
import { langsmithBridge } from './agent/agent.ts';
import { addAnnotationDoors, addAnnotationRoutes } from './annotation/index.ts';
import { addExportRoutes } from './export/routes.ts';
import { addSubjectRoutes } from './subjects/routes.ts';
import { addGatewayDoor, addGatewayRoutes, DeferredService, Gateway } from './gateway/index.ts';
import { intakeOf } from './intake/index.ts';
import { systemClock } from '../../base/clock.ts';
import { addExperimentRoutes } from './eval/routes.ts';
import { FeedService } from './feed/feed-service.ts';
import { countRuns } from './figures/count-runs.ts';
import { addDatasetDoors, addDatasetRoutes } from './datasets/index.ts';
import { addFigureRoutes } from './figures/routes.ts';
import { addForwardRoutes, ForwardService } from './forward/index.ts';
import { addPriceRoutes } from './prices/routes.ts';
import { addPromptDoors, addPromptRoutes } from './prompts/index.ts';
import { addLangsmithDoors, canonicalPath } from './langsmith/index.ts';
import { addOtlpDoors } from './otlp/routes.ts';
import { addQualityRoutes } from './quality/routes.ts';
import { judgeByModels } from './quality/judge/judge-by-models.ts';
import { addEvaluatorRoutes } from './quality/judge/routes.ts';
import { judgeByRules } from './quality/judge-by-rules.ts';
import { addReadRoutes } from './reads/index.ts';
import { indexRunsOf } from './search/index.ts';
import { addReplayDoor } from './replay/door.ts';
import { addSettingsRoutes } from './settings/index.ts';

/** LLM conversations: taken in, priced, judged, searched and passed on. */
export const tracesModule: Module = {
  name: 'traces',
  migrations: new URL('./migrations/', import.meta.url),
  agentTypes: [langsmithBridge],
  defaultAgents: [{ agentId: 'langsmith_bridge', name: 'LangSmith bridge', type: 'langsmith_bridge' }],
  rewrite: canonicalPath,
  services: (site) => [
    ...[countRuns(site), indexRunsOf(site.state.database), judgeByRules(site.state.database), judgeByModels(site)].map(
      (work) => new FeedService(site, systemClock, work),
    ),
    new ForwardService(site, systemClock),
    new DeferredService(site, intakeOf(site)),
  ],
  routes(app, services) {
    addExportRoutes(app, services);
    addSubjectRoutes(app, services);
    addReadRoutes(app, services);
    addFigureRoutes(app, services);
    addPriceRoutes(app, services);
    addSettingsRoutes(app, services);
    addGatewayRoutes(app, services);
    addQualityRoutes(app, services);
    addForwardRoutes(app, services);
    addEvaluatorRoutes(app, services);
    addDatasetRoutes(app, services);
    addExperimentRoutes(app, services);
    addPromptRoutes(app, services);
    addAnnotationRoutes(app, services);
  },
  doors(app, services) {
    addLangsmithDoors(app, services, [addDatasetDoors, addPromptDoors, addAnnotationDoors]);
    addOtlpDoors(app, intakeOf(services));
    addReplayDoor(app, services);
    addGatewayDoor(app, services, new Gateway(services, intakeOf(services)));
  },
};
