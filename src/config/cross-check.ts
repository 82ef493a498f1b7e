import { formatDuration } from '../base/duration.ts';
import { ENTERPRISE_EFFECTS, type Enterprise } from './enterprise.ts';
import type { Finding } from './finding.ts';
import type { Monitoring } from './monitoring.ts';
import { nearest } from './nearest.ts';
import type { YamlFile } from './yaml-file.ts';

export interface CrossCheckInput {
  readonly monitoring: Monitoring;
  readonly enterprise: Enterprise;
  readonly monitoringFile: YamlFile | undefined;
  readonly enterpriseFile: YamlFile | undefined;
  /** The checks that may have thresholds; any where left out. */
  readonly checks: readonly string[] | undefined;
}

/** What no schema can see: settings that contradict each other, and names that only the modules know. */
export function crossCheck({ monitoring, enterprise, monitoringFile, enterpriseFile, checks }: CrossCheckInput): readonly Finding[] {
  const findings: Finding[] = [];
  const beatMs = monitoring.intervals.heartbeat;
  const leaseMs = enterprise.high_availability.failover_timeout;
  if (leaseMs < 3 * beatMs)
    findings.push({
      severity: 'error',
      where:
        enterpriseFile?.locate(['enterprise', 'high_availability', 'failover_timeout']) ??
        monitoringFile?.locate(['intervals', 'heartbeat']) ??
        'configuration',
      message: `failover_timeout (${formatDuration(leaseMs)}) is less than three heartbeats (intervals.heartbeat is ${formatDuration(beatMs)}): one late beat would move agents`,
      remedy: 'Raise failover_timeout in enterprise.yml, or lower intervals.heartbeat in monitoring.yml.',
    });
  const { metrics_rows: rows, metrics_detail: detail } = monitoring.retention;
  if (rows > detail)
    findings.push({
      severity: 'error',
      where: monitoringFile?.locate(['retention', 'metrics_rows']) ?? 'configuration',
      message: `metrics_rows (${formatDuration(rows)}) is longer than metrics_detail (${formatDuration(detail)}), which counts rows too`,
      remedy: 'Raise metrics_detail, or lower metrics_rows.',
    });
  for (const name of Object.keys(monitoring.thresholds)) {
    if (checks === undefined || checks.includes(name)) continue;
    const meant = nearest(name, checks) ?? checks.find((check) => check.endsWith(`.${name}`));
    findings.push({
      severity: 'error',
      where: monitoringFile?.locate(['thresholds', name], 'key') ?? 'configuration',
      message: `there is no check "${name}"`,
      remedy: `${meant === undefined ? '' : `Did you mean "${meant}"? `}There are: ${checks.join(', ')}.`,
    });
  }
  return findings;
}

/** Keys that are set but do nothing yet: said plainly, never pretended. */
export function withoutEffect(file: YamlFile): Finding[] {
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
