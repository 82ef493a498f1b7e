import type { LogLevel } from '../base/logger.ts';
import type { Environment } from './environment.ts';
import type { Finding } from './finding.ts';
import { isNetwork } from '../outbound/index.ts';
import { nearest } from './nearest.ts';

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** The variables of variables.ts, parsed; what cannot be used becomes a finding. */
export function readVariables(environment: Environment, findings: Finding[]) {
  const get = (name: string): string | undefined => environment.values[name]?.trim();
  const problem = (name: string, message: string, remedy: string): undefined => {
    const where = environment.where(name);
    findings.push({ severity: 'error', where, message: where === name ? message : `${name} ${message}`, remedy });
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
  const list = (name: string): readonly string[] | undefined =>
    get(name)
      ?.split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  const webAddress = (name: string): string | undefined => {
    const text = get(name);
    if (text === undefined) return undefined;
    if (/^https?:\/\/[^/?#]+\/?$/.test(text) && URL.canParse(text)) return text.replace(/\/$/, '');
    return problem(name, `${JSON.stringify(text)} is no address of a site`, 'Write it as https://muster.example.com, without a path.');
  };
  const bootstrapKey = get('MUSTER_BOOTSTRAP_KEY');
  if (bootstrapKey !== undefined && bootstrapKey.length < 12)
    problem('MUSTER_BOOTSTRAP_KEY', 'is shorter than 12 characters', 'Use a longer one: `openssl rand -hex 32` makes it.');
  const allowedNetworks = list('MUSTER_ALLOWED_NETWORKS');
  for (const network of allowedNetworks?.filter((item) => !isNetwork(item)) ?? [])
    problem('MUSTER_ALLOWED_NETWORKS', `${JSON.stringify(network)} is no network`, 'Write networks as 10.1.0.0/16, separated by commas.');
  const commands = get('MUSTER_ALLOW_COMMANDS');
  if (commands !== undefined && commands !== 'true' && commands !== 'false')
    problem('MUSTER_ALLOW_COMMANDS', `expected true or false, found ${JSON.stringify(commands)}`, 'Write true or false, or unset it.');
  const secretKeys = list('MUSTER_SECRET_KEY') ?? [];
  if (secretKeys.some((key) => key.length < 32))
    problem('MUSTER_SECRET_KEY', 'has a key of less than 32 characters', 'Use a random one: `openssl rand -hex 32` makes it.');
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
    publicUrl: webAddress('MUSTER_PUBLIC_URL'),
    allowedHosts: list('MUSTER_ALLOWED_HOSTS') ?? [],
    trustProxy: list('MUSTER_TRUST_PROXY') ?? [],
    agents: list('MUSTER_AGENTS'),
    logLevel,
    logFile: get('MUSTER_LOG_FILE'),
    allowedNetworks,
    allowCommands: commands === undefined ? undefined : commands === 'true',
    secretKeys,
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
