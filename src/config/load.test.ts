import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MusterError } from '../base/errors.ts';
import { leaves } from './check-file.ts';
import { ENTERPRISE_EFFECTS, enterpriseSchema } from './enterprise.ts';
import type { Finding } from './finding.ts';
import { examineConfig, loadConfig } from './load.ts';
import * as z from 'zod';
import { MONITORING_EFFECTS, monitoringSchema } from './monitoring.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'muster-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(cwd, name)), { recursive: true });
  writeFileSync(join(cwd, name), text);
}
const load = (environment: NodeJS.ProcessEnv = {}) => loadConfig({ environment, cwd });
const problems = (environment: NodeJS.ProcessEnv = {}): readonly Finding[] =>
  examineConfig({ environment, cwd }).findings.filter(({ severity }) => severity === 'error');

/** As the seed of the project writes it. */
const SEED = `# config/enterprise.yml
enterprise:
  high_availability:
    enabled: true
    read_replicas: 3
    failover_timeout: 30

  performance:
    connection_pool_size: 20
    query_timeout: 30000
    cache_size: 512MB

  security:
    ssl_required: true
    encryption_at_rest: true
    audit_logging: true

  business_intelligence:
    executive_reports: true
    cost_tracking: true
    roi_calculation: true
    predictive_analytics: true

  alerting:
    business_impact_alerts: true
    executive_notifications: true
    escalation_procedures: true
    cost_threshold_alerts: true
`;

describe('without any file', () => {
  it('everything has its default, frozen', () => {
    const config = load();
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 4680, bootstrapKey: undefined, publicUrl: undefined });
    expect(config.database).toMatchObject({ url: undefined, poolMax: 20, poolMin: 5, statementTimeoutMs: 30_000 });
    expect(config.host).toMatchObject({ beatMs: 2_000, leaseMs: 8_000 });
    expect(config.dataDir).toBe(join(cwd, '.muster'));
    expect(config.files).toEqual([]);
    expect(Object.isFrozen(config.monitoring.retention)).toBe(true);
  });

  it('the templates of the repository say the same', () => {
    const { config } = examineConfig({
      environment: {},
      cwd,
      overrides: { configDir: fileURLToPath(new URL('../../config', import.meta.url)) },
    });
    const bare = load();
    expect(config?.monitoring.intervals).toEqual(bare.monitoring.intervals);
    expect(config?.monitoring.retention).toEqual(bare.monitoring.retention);
    expect(config?.enterprise).toEqual(bare.enterprise);
  });
});

describe('enterprise.yml', () => {
  it('is accepted as the seed writes it, and does what its keys say', () => {
    write('config/enterprise.yml', SEED);
    const config = load({ DATABASE_URL: 'postgresql://u:p@db.example.com/m?sslmode=require' });
    expect(config.database).toMatchObject({
      poolMax: 20,
      statementTimeoutMs: 30_000,
      url: 'postgresql://u:p@db.example.com/m?sslmode=verify-full',
    });
    expect(config.host.leaseMs).toBe(30_000);
    expect(config.enterprise.performance.cache_size).toBe(512 * 1024 ** 2);
  });

  it('says of each key without effect that it has none', () => {
    write('config/enterprise.yml', SEED);
    const notes = load().findings.filter(({ severity }) => severity === 'note');
    expect(notes.map(({ message }) => message)).toEqual(
      ENTERPRISE_EFFECTS.filter(({ effect }) => effect === null).map(({ path }) => `enterprise.${path} has no effect in this version`),
    );
    expect(notes[0]?.where).toBe(join('config', 'enterprise.yml') + ':4:5');
  });

  it('refuses a fail-over that one late heartbeat would cause', () => {
    write('config/enterprise.yml', 'enterprise:\n  high_availability:\n    failover_timeout: 4s\n');
    expect(problems()).toEqual([
      expect.objectContaining({ where: 'config/enterprise.yml:3:23', message: expect.stringContaining('three heartbeats') as string }),
    ]);
  });
});

describe('a mistake in monitoring.yml', () => {
  const only = (text: string, environment: NodeJS.ProcessEnv = {}): Finding => {
    write('config/monitoring.yml', text);
    const found = problems(environment);
    expect(found).toHaveLength(1);
    return found[0] as Finding;
  };

  it('in a key: place, and the nearest valid one', () => {
    expect(only('intervals:\n  hearbeat: 2s\n')).toEqual({
      severity: 'error',
      where: 'config/monitoring.yml:2:3',
      message: 'unknown key "hearbeat" in intervals',
      remedy: 'Did you mean "heartbeat"? Valid here: heartbeat, metrics, metrics_slow, metrics_rare, health.',
    });
  });

  it('in the place of a key: where it belongs', () => {
    expect(only('metrics_rows: 2d\n').remedy).toMatch(/^Did you mean "retention\.metrics_rows"\?/);
  });

  it('in a type: what was expected and found', () => {
    expect(only('intervals:\n  metrics: often\n')).toMatchObject({
      where: 'config/monitoring.yml:2:12',
      message: 'intervals.metrics: expected a length of time from 1s to 1h, found "often"',
    });
  });

  it('in a range', () => {
    expect(only('retention:\n  events: 1h\n').message).toContain('from 1d');
    expect(only('retention:\n  events: 36h\n').message).toContain('whole days');
  });

  it('in what two keys say together', () => {
    expect(only('retention:\n  metrics_rows: 20d\n  metrics_detail: 10d\n')).toMatchObject({ where: 'config/monitoring.yml:2:17' });
  });

  it('in the name of a check, where those there are were told', () => {
    write('config/monitoring.yml', 'thresholds:\n  database.conections_ratio: { warning: 0.5 }\n');
    const { findings } = examineConfig({ environment: {}, cwd, checks: ['database.connections_ratio', 'host.load_per_core'] });
    expect(findings).toEqual([
      expect.objectContaining({
        where: 'config/monitoring.yml:2:3',
        message: 'there is no check "database.conections_ratio"',
        remedy: expect.stringContaining('Did you mean "database.connections_ratio"?') as string,
      }),
    ]);
    expect(load().monitoring.thresholds).toEqual({ 'database.conections_ratio': { warning: 0.5 } });
  });

  it('in a rule, where what a rule is was told: its line and column', () => {
    const rules = z.array(z.strictObject({ name: z.string(), threshold: z.number() }));
    write('config/monitoring.yml', 'rules:\n  - { name: a, threshold: 1 }\n  - { name: b, treshold: 1, threshold: 1 }\n');
    expect(examineConfig({ environment: {}, cwd, rules }).findings).toEqual([
      expect.objectContaining({
        where: 'config/monitoring.yml:3:16',
        message: 'unknown key "treshold" in rules.1',
        remedy: expect.stringContaining('Did you mean "threshold"?') as string,
      }),
    ]);
    expect(load().monitoring.rules).toHaveLength(2);
  });

  it('in a level of a threshold', () => {
    expect(only('thresholds:\n  host.load_per_core: { warn: 2 }\n').remedy).toMatch(/^Did you mean "warning"\?/);
  });

  it('in a section: its keys', () => {
    expect(only('retention: 7d\n')).toMatchObject({
      where: 'config/monitoring.yml:1:12',
      message: 'retention: expected a section, found "7d"',
    });
  });

  it('in YAML: its line', () => {
    expect(only('intervals:\n  metrics: 5s\n metrics_slow: 9s\n').where).toMatch(/^config\/monitoring\.yml:3:/);
  });

  it('in a key written twice', () => {
    expect(only('intervals: {}\nintervals: {}\n')).toMatchObject({ where: 'config/monitoring.yml:2:1' });
  });

  it('in a variable that is not set', () => {
    expect(only('intervals:\n  metrics: ${EVERY}\n')).toMatchObject({
      where: 'config/monitoring.yml:2:12',
      message: 'environment variable EVERY is not set',
    });
  });

  it('in an alias that would grow without bound', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...'bcdefg'.split('').map((name, index) => `${name}: &${name} [${`*${'abcdef'[index] ?? ''}, `.repeat(9)}x]`),
    ].join('\n');
    expect(only(bomb).message).toContain('alias');
  });

  it('in the size of the file', () => {
    expect(only(`# ${'x'.repeat(300_000)}\n`).message).toContain('larger than 256 KiB');
  });

  it('throws CONFIG_INVALID with every finding', () => {
    write('config/monitoring.yml', 'intervals:\n  metrics: often\n  health: never\n');
    const error = (() => {
      try {
        load();
      } catch (thrown) {
        return thrown;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(MusterError);
    expect((error as MusterError).data['findings']).toHaveLength(2);
  });

  it('an empty file and an empty section are no mistakes', () => {
    write('config/monitoring.yml', 'intervals:\n');
    expect(load().monitoring.intervals.metrics).toBe(5_000);
    write('config/monitoring.yml', '# nothing yet\n');
    expect(load().monitoring.intervals.metrics).toBe(5_000);
  });

  it('a value may come from the environment, also as a number', () => {
    write('config/monitoring.yml', 'intervals:\n  metrics: ${EVERY:-7s}\n');
    expect(load().monitoring.intervals.metrics).toBe(7_000);
    expect(load({ EVERY: '9000' }).monitoring.intervals.metrics).toBe(9_000);
  });
});

describe('the environment', () => {
  it('goes before .env, and .env before nothing', () => {
    write('.env', 'MUSTER_PORT=5000\nMUSTER_HOST="0.0.0.0"\n');
    expect(load().server).toMatchObject({ port: 5_000, host: '0.0.0.0' });
    expect(load({ MUSTER_PORT: '6000' }).server.port).toBe(6_000);
  });

  it('gives way to the command line', () => {
    const config = loadConfig({ environment: { MUSTER_PORT: '6000' }, cwd, overrides: { port: 0 } });
    expect(config.server.port).toBe(0);
  });

  it('hands secrets over in files', () => {
    write('secrets/url', 'postgresql://u:p@h/d\n');
    expect(load({ DATABASE_URL_FILE: 'secrets/url' }).database.url).toBe('postgresql://u:p@h/d');
    expect(problems({ DATABASE_URL_FILE: 'secrets/none' })).toEqual([
      expect.objectContaining({ where: 'DATABASE_URL_FILE', message: 'there is no file secrets/none' }),
    ]);
    expect(problems({ DATABASE_URL_FILE: 'secrets/url', DATABASE_URL: 'postgresql://x/y' })[0]?.message).toContain('both');
  });

  it('names the line of .env that is wrong, and never the secret', () => {
    write('.env', '# mine\nDATABASE_URL=mysql://root:hunter2@h/d\n');
    const [finding] = problems();
    expect(finding).toMatchObject({ where: '.env:2', message: 'DATABASE_URL is not the URL of a PostgreSQL database' });
    expect(JSON.stringify(finding)).not.toContain('hunter2');
  });

  it('is told of variables that are none of ours', () => {
    expect(load({ MUSTER_PROT: '1' }).findings).toEqual([
      expect.objectContaining({ severity: 'warning', remedy: 'Did you mean MUSTER_PORT?' }),
    ]);
  });

  it.each([
    ['MUSTER_PORT', '70000'],
    ['MUSTER_PORT', 'http'],
    ['MUSTER_LOG_LEVEL', 'inof'],
    ['MUSTER_BOOTSTRAP_KEY', 'short'],
    ['MUSTER_LABELS', 'zone'],
    ['MUSTER_CAPACITY', '-1'],
    ['MUSTER_CONFIG_DIR', 'nowhere'],
    ['MUSTER_PUBLIC_URL', 'muster.example.com'],
  ])('refuses %s=%s with a remedy', (name, value) => {
    const found = problems({ [name]: value });
    expect(found).toHaveLength(1);
    expect(found[0]?.where).toBe(name);
    expect(found[0]?.remedy).toBeTruthy();
  });

  it('takes an empty value as not set', () => {
    expect(load({ DATABASE_URL: '', MUSTER_PORT: '' })).toMatchObject({ database: { url: undefined }, server: { port: 4680 } });
  });
});

describe('the tables of effects', () => {
  it('name every key of enterprise.yml and monitoring.yml, and no other', () => {
    const keys = (schema: Parameters<typeof leaves>[0], below: number): readonly string[] =>
      leaves(schema).map(({ path }) => path.slice(below).join('.'));
    expect(ENTERPRISE_EFFECTS.map(({ path }) => path).toSorted()).toEqual(keys(enterpriseSchema, 1).toSorted());
    expect(MONITORING_EFFECTS.map(({ path }) => path).toSorted()).toEqual(keys(monitoringSchema, 0).toSorted());
  });
});
