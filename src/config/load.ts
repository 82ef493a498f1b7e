import { statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import type * as z from 'zod';
import { MusterError } from '../base/errors.ts';
import { checkFile } from './check-file.ts';
import type { Config, ConfigOverrides } from './config.ts';
import { crossCheck, withoutEffect } from './cross-check.ts';
import { enterpriseSchema } from './enterprise.ts';
import { readEnvironment, type Environment } from './environment.ts';
import { hasErrors, type Finding } from './finding.ts';
import { monitoringSchema, monitoringSchemaWith } from './monitoring.ts';
import { readVariables } from './read-variables.ts';
import { readYamlFile, type YamlFile } from './yaml-file.ts';

export interface LoadOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly overrides?: ConfigOverrides;
  /** The checks that may have thresholds in monitoring.yml; any name is accepted where this is left out. */
  readonly checks?: readonly string[];
  /** What the rules of monitoring.yml must be; anything is accepted where this is left out. */
  readonly rules?: z.ZodType<unknown[]>;
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
export function examineConfig({ environment: processEnvironment, cwd, overrides = {}, checks, rules }: LoadOptions): {
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
    monitoringFile === undefined
      ? { value: monitoringSchema.parse({}), findings: [] }
      : checkFile(monitoringFile, rules === undefined ? monitoringSchema : monitoringSchemaWith(rules));
  const enterpriseOutcome =
    enterpriseFile === undefined ? { value: enterpriseSchema.parse({}), findings: [] } : checkFile(enterpriseFile, enterpriseSchema);
  findings.push(...monitoring.findings, ...enterpriseOutcome.findings);
  if (enterpriseFile !== undefined) findings.push(...withoutEffect(enterpriseFile));

  const enterprise = enterpriseOutcome.value?.enterprise;
  if (monitoring.value !== undefined && enterprise !== undefined)
    findings.push(...crossCheck({ monitoring: monitoring.value, enterprise, monitoringFile, enterpriseFile, checks }));
  if (monitoring.value === undefined || enterprise === undefined || hasErrors(findings)) return { config: undefined, findings };

  const { performance, security, high_availability: availability } = enterprise;
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
      publicUrl: values.publicUrl,
      allowedHosts: values.allowedHosts,
      trustProxy: values.trustProxy,
    },
    host: {
      capacity: overrides.capacity ?? values.capacity ?? 1_000,
      labels: overrides.labels ?? values.labels ?? {},
      beatMs: monitoring.value.intervals.heartbeat,
      leaseMs: availability.failover_timeout,
    },
    outbound: {
      allowedNetworks: values.allowedNetworks ?? security.allowed_networks,
      allowCommands: values.allowCommands ?? security.allow_commands,
    },
    secretKeys: values.secretKeys,
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
