import { statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { MusterError } from '../base/errors.ts';
import type { LogLevel } from '../base/logger.ts';
import { checkFile } from './check-file.ts';
import type { Config, ConfigOverrides } from './config.ts';
import { ENTERPRISE_EFFECTS, enterpriseSchema } from './enterprise.ts';
import { readEnvironment, type Environment } from './environment.ts';
import { hasErrors, type Finding } from './finding.ts';
import { monitoringSchema } from './monitoring.ts';
import { nearest } from './nearest.ts';
import { readYamlFile, type YamlFile } from './yaml-file.ts';

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

export interface LoadOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly overrides?: ConfigOverrides;
}

/**
 * Reads .env, monitoring.yml and enterprise.yml into one frozen object. Throws CONFIG_INVALID with every finding in
 * `data.findings`; nothing is half accepted.
 */
export function loadConfig(options: LoadOptions): Config {
  const { config, findings } = examineConfig(options);
  const errors = findings.filter((finding) => finding.severity === 'error');
  const first = errors[0];
  if (config !== undefined && first === undefined) return config;
  throw new MusterError('CONFIG_INVALID', first === undefined ? 'The configuration cannot be read' : `${first.where}: ${first.message}`, {
    remedy: first?.remedy,
    data: { findings: errors },
  });
}

/** The same for `muster validate`: everything there is to say, and the configuration where it is usable. */
export function examineConfig({ environment: processEnvironment, cwd, overrides = {} }: LoadOptions): {
  readonly config: Config | undefined;
  readonly findings: readonly Finding[];
} {
  const environment = readEnvironment(processEnvironment, cwd);
  const findings: Finding[] = [...environment.findings];
  const values = readVariables(environment, findings);

  const configDir = findConfigDir(cwd, overrides.configDir, environment, findings);
  const open = (name: string): YamlFile | undefined => {
    if (configDir === undefined) return undefined;
    const path = join(configDir, name);
    return readYamlFile(path, relative(cwd, path).startsWith('..') ? path : relative(cwd, path), environment.values);
  };
  const monitoringFile = open('monitoring.yml');
  const enterpriseFile = open('enterprise.yml');
  const monitoring =
    monitoringFile === undefined ? { value: monitoringSchema.parse({}), findings: [] } : checkFile(monitoringFile, monitoringSchema);
  const enterpriseOutcome =
    enterpriseFile === undefined ? { value: enterpriseSchema.parse({}), findings: [] } : checkFile(enterpriseFile, enterpriseSchema);
  findings.push(...monitoring.findings, ...enterpriseOutcome.findings);
  if (enterpriseFile !== undefined) findings.push(...withoutEffect(enterpriseFile));

  const enterprise = enterpriseOutcome.value?.enterprise;
  if (monitoring.value === undefined || enterprise === undefined || hasErrors(findings)) return { config: undefined, findings };

  const { performance, security, high_availability: availability } = enterprise;
  const beatMs = monitoring.value.intervals.heartbeat;
  const leaseMs = availability.failover_timeout;
  if (leaseMs < 3 * beatMs) {
    findings.push({
      severity: 'error',
      where: enterpriseFile?.locate(['enterprise', 'high_availability', 'failover_timeout']) ?? 'enterprise.yml',
      message: `failover_timeout (${leaseMs} ms) is less than three heartbeats (intervals.heartbeat is ${beatMs} ms): one late beat would move agents`,
      remedy: 'Raise failover_timeout, or lower intervals.heartbeat in monitoring.yml.',
    });
    return { config: undefined, findings };
  }
  const secured = (url: string | undefined): string | undefined => (url === undefined || !security.ssl_required ? url : requireTls(url));
  const config: Config = {
    database: {
      url: secured(values.databaseUrl),
      directUrl: secured(values.directUrl),
      poolMax: performance.connection_pool_size,
      poolMin: Math.min(performance.connection_pool_min, performance.connection_pool_size),
      connectTimeoutMs: performance.connect_timeout,
      statementTimeoutMs: performance.query_timeout,
      lockTimeoutMs: performance.lock_timeout,
    },
    server: {
      host: overrides.host ?? values.host ?? '127.0.0.1',
      port: overrides.port ?? values.port ?? 4680,
      bootstrapKey: values.bootstrapKey,
    },
    host: { capacity: overrides.capacity ?? values.capacity ?? 1_000, labels: overrides.labels ?? values.labels ?? {}, beatMs, leaseMs },
    agents: (overrides.agents ?? values.agents ?? []).map((path) => resolve(cwd, path)),
    log: {
      level: overrides.logLevel ?? values.logLevel ?? 'info',
      file: values.logFile === undefined ? undefined : resolve(cwd, values.logFile),
    },
    dataDir: resolve(cwd, overrides.dataDir ?? environment.values['MUSTER_DATA_DIR'] ?? '.muster'),
    configDir,
    monitoring: monitoring.value,
    enterprise,
    files: [environment.file, monitoringFile?.name, enterpriseFile?.name].filter((name) => name !== undefined),
    findings,
  };
  return { config: deepFreeze(config), findings };
}

function readVariables(environment: Environment, findings: Finding[]) {
  const get = (name: string): string | undefined => environment.values[name]?.trim();
  const problem = (name: string, message: string, remedy: string): undefined => {
    findings.push({ severity: 'error', where: environment.where(name), message: `${name}: ${message}`, remedy });
    return undefined;
  };
  const integer = (name: string, min: number, max: number): number | undefined => {
    const text = get(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    return problem(
      name,
      `expected a whole number from ${min} to ${max}, found ${JSON.stringify(text)}`,
      `Write a number from ${min} to ${max}, or unset it.`,
    );
  };
  const databaseUrl = (name: string): string | undefined => {
    const text = get(name);
    if (text === undefined || /^postgres(ql)?:\/\/./.test(text)) return text;
    return problem(
      name,
      'is not the URL of a PostgreSQL database',
      'Write it as postgresql://user:password@host:5432/database?sslmode=verify-full.',
    );
  };
  const bootstrapKey = get('MUSTER_BOOTSTRAP_KEY');
  if (bootstrapKey !== undefined && bootstrapKey.length < 12)
    problem('MUSTER_BOOTSTRAP_KEY', 'is shorter than 12 characters', 'Use a longer one: `openssl rand -hex 32` makes it.');
  const level = get('MUSTER_LOG_LEVEL');
  const logLevel = LOG_LEVELS.find((candidate) => candidate === level);
  if (level !== undefined && logLevel === undefined)
    problem('MUSTER_LOG_LEVEL', `"${level}" is no log level`, `Use ${suggest(level, LOG_LEVELS)}.`);
  const labelText = get('MUSTER_LABELS');
  const labels = labelText === undefined ? undefined : parseLabels(labelText.split(','));
  if (typeof labels === 'string') problem('MUSTER_LABELS', labels, 'Write labels as name=value, separated by commas.');
  return {
    databaseUrl: databaseUrl('DATABASE_URL'),
    directUrl: databaseUrl('MUSTER_DIRECT_DATABASE_URL'),
    host: get('MUSTER_HOST'),
    port: integer('MUSTER_PORT', 0, 65_535),
    capacity: integer('MUSTER_CAPACITY', 0, 100_000),
    labels: typeof labels === 'string' ? undefined : labels,
    agents: get('MUSTER_AGENTS')
      ?.split(',')
      .map((path) => path.trim())
      .filter((path) => path !== ''),
    logLevel,
    logFile: get('MUSTER_LOG_FILE'),
    bootstrapKey,
  };
}

/** `['zone=a', 'disk=ssd']` as a record, or what is wrong with it. */
export function parseLabels(pairs: readonly string[]): Record<string, string> | string {
  const labels: Record<string, string> = {};
  for (const pair of pairs) {
    const match = /^\s*([A-Za-z][A-Za-z0-9_.-]{0,62})=([^=,]{0,255}?)\s*$/.exec(pair);
    if (match === null) return `${JSON.stringify(pair)} is no label`;
    labels[match[1] ?? ''] = match[2] ?? '';
  }
  return labels;
}

function suggest(typed: string, valid: readonly string[]): string {
  const meant = nearest(typed, valid);
  return meant === undefined ? `one of ${valid.join(', ')}` : `"${meant}", or another of ${valid.join(', ')}`;
}

function findConfigDir(cwd: string, fromFlag: string | undefined, environment: Environment, findings: Finding[]): string | undefined {
  const asked = fromFlag ?? environment.values['MUSTER_CONFIG_DIR'];
  const folder = resolve(cwd, asked ?? 'config');
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder;
  if (asked !== undefined)
    findings.push({
      severity: 'error',
      where: fromFlag === undefined ? environment.where('MUSTER_CONFIG_DIR') : '--config-dir',
      message: `there is no folder ${folder}`,
      remedy: 'Name a folder that holds monitoring.yml or enterprise.yml, or leave it out.',
    });
  return undefined;
}

/** Keys that are set but do nothing yet: said plainly, never pretended. */
function withoutEffect(file: YamlFile): Finding[] {
  const root = (file.value as { enterprise?: Record<string, Record<string, unknown> | null> | null } | null)?.enterprise;
  return ENTERPRISE_EFFECTS.filter(({ path, effect }) => {
    const [section = '', key = ''] = path.split('.');
    const value = root?.[section]?.[key];
    return effect === null && value !== undefined && value !== false && value !== 0;
  }).map(({ path }) => ({
    severity: 'note',
    where: file.locate(['enterprise', ...path.split('.')], 'key'),
    message: `enterprise.${path} has no effect in this version`,
    ...(path === 'high_availability.enabled' ? { remedy: 'Failover and fencing are always on; there is nothing to switch.' } : {}),
  }));
}

/** ssl_required means verified TLS, whatever the URL says less; a stricter or equal mode stays. */
function requireTls(url: string): string {
  const [base = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('sslmode', 'verify-full');
  return `${base}?${parameters.toString()}`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
