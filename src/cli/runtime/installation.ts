import type { AnyAgentDefinition } from '../../agent/definition.ts';
import type { Config } from '../../config/config.ts';
import type { SharedStateOptions } from '../../state/create-shared-state.ts';

const DAY_MS = 86_400_000;
const days = (ms: number): number => ms / DAY_MS;

/** What the files say about how long things are kept, as the state's jobs take it. */
export function retentionOf({ monitoring: { retention } }: Config): Pick<SharedStateOptions, 'retention' | 'metrics'> {
  return {
    retention: {
      eventDays: days(retention.events),
      heartbeatDays: days(retention.heartbeats),
      commandDays: days(retention.commands),
      hostDays: days(retention.hosts),
      runDays: days(retention.runs),
      logDays: days(retention.agent_logs),
      termDays: days(retention.agent_history),
    },
    metrics: {
      retention: {
        rawDays: days(retention.metrics_rows),
        detailDays: days(retention.metrics_detail),
        minuteDays: days(retention.metrics_by_minute),
        hourDays: days(retention.metrics_by_hour),
      },
    },
  };
}

/** The types with this installation's intervals and thresholds under their agents' own configuration. */
export function withInstallationDefaults(
  types: readonly AnyAgentDefinition[],
  { enterprise, monitoring, dataDir, server }: Config,
): readonly AnyAgentDefinition[] {
  const { intervals, thresholds, databases, probes, retention, scrape, status_page: statusPage } = monitoring;
  const defaults: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    performance_monitor: {
      every: intervals.metrics,
      slow_every: intervals.metrics_slow,
      rare_every: intervals.metrics_rare,
      databases,
    },
    endpoint_monitor: { probes, scrape },
    heartbeat_health_agent: { every: intervals.health, thresholds, keep: `${days(retention.health_scores)}d` },
    status_recorder: statusPage,
    alerting_system: { business: businessOf(enterprise.business), keep_days: days(retention.alerts) },
    alert_delivery: {
      keep_days: days(retention.notifications),
      ...(server.publicUrl === undefined ? {} : { public_url: server.publicUrl }),
    },
    self_healing_agent: { keep_days: days(retention.healing) },
    test_launcher_env_agent: { data_dir: dataDir },
  };
  return types.map((type) => {
    const own = defaults[type.type];
    return own === undefined ? type : { ...type, defaults: { ...type.defaults, ...own } };
  });
}

/** Zero is "not configured": such a rate is left out, and alerts say so. */
function businessOf({
  cost_per_minute: costs,
  currency,
  objective,
  window,
}: Config['enterprise']['business']): Readonly<Record<string, unknown>> {
  return {
    currency,
    cost_per_minute: Object.fromEntries(Object.entries(costs).filter(([, cost]) => cost > 0)),
    ...(objective > 0 ? { objective, window } : {}),
  };
}
