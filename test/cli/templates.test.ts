import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { durationMs } from '../../src/base/duration.ts';
import { parseConfig } from '../../src/agent/index.ts';
import { withInstallationDefaults } from '../../src/cli/runtime/installation.ts';
import { checkNames } from '../../src/cli/runtime/check-names.ts';
import { agentTypes } from '../../src/cli/runtime/parts.ts';
import { loadConfig } from '../../src/config/load.ts';
import { DEFAULT_RETENTION } from '../../src/state/maintenance.ts';
import { DEFAULT_METRICS_RETENTION } from '../../src/state/metrics/index.ts';
import { retentionOf } from '../../src/cli/runtime/installation.ts';
import { DEFAULT_THRESHOLDS } from '../../src/modules/health/index.ts';

const folder = fileURLToPath(new URL('../../config', import.meta.url));
const templates = loadConfig({ environment: {}, cwd: folder, overrides: { configDir: folder }, checks: checkNames() });
const bare = loadConfig({ environment: {}, cwd: '/', overrides: {} });

const configOf = (type: string, config: typeof bare, own: Record<string, unknown> = {}): Record<string, unknown> => {
  const definition = withInstallationDefaults(agentTypes(), config).find((each) => each.type === type);
  if (definition === undefined) throw new Error(`there is no type ${type}`);
  return parseConfig(definition, own) as Record<string, unknown>;
};
const plain = (type: string): Record<string, unknown> =>
  parseConfig<Record<string, unknown>>(agentTypes().find((each) => each.type === type) as never, {});

describe('monitoring.yml and what uses it agree', () => {
  it('the thresholds of the template are those of the health agent', () => {
    const levels = Object.entries(DEFAULT_THRESHOLDS).map(([name, { worse: _, ...rest }]) => [name, rest]);
    expect(templates.monitoring.thresholds).toEqual(Object.fromEntries(levels));
  });

  it.each(['performance_monitor', 'heartbeat_health_agent', 'endpoint_monitor'])(
    'without a file, %s runs as it would by itself',
    (type) => {
      const given = configOf(type, bare);
      const own = plain(type);
      const inMs = (config: Record<string, unknown>) =>
        Object.fromEntries(
          Object.entries(config).map(([key, value]) => [key, key.endsWith('every') ? durationMs(value as string | number) : value]),
        );
      expect(inMs(given)).toEqual(inMs(own));
    },
  );

  it('retention is the default of the rooms that keep', () => {
    expect(retentionOf(bare)).toEqual({ retention: DEFAULT_RETENTION, metrics: { retention: DEFAULT_METRICS_RETENTION } });
  });

  it('an agent that has its own setting keeps it, and what it does not set comes from the file', () => {
    const config = configOf('heartbeat_health_agent', templates, { every: '7s', thresholds: { 'host.load_per_core': { warning: 5 } } });
    expect(config['every']).toBe('7s');
    expect(config['thresholds']).toMatchObject({
      'host.load_per_core': { warning: 5, critical: 8 },
      'agent.error_ratio': { warning: 0.1 },
    });
  });
});
