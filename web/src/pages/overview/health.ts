import { agentAddress } from '../../ui/address.ts';

/** health:fleet of system_state, as heartbeat_health_agent writes it. It is stored JSON that anybody may write: parsed, not trusted. */
export interface FleetHealth {
  /** null: not known. */
  readonly score: number | null;
  readonly band: Band;
  /** Share of the checks that had data; null where the report does not say. */
  readonly coverage: number | null;
  readonly findings: readonly Finding[];
  /** Findings the report left out. */
  readonly omitted: number;
  readonly at: number | null;
}

export type Band = 'healthy' | 'degraded' | 'unhealthy' | 'critical' | 'unknown' | 'paused';
export type Level = 'emergency' | 'critical' | 'warning' | 'info';

export interface Finding {
  readonly id: string;
  readonly level: Level;
  /** fleet, database, database:<name>, host:<hostname> or agent:<agent_id>. */
  readonly subject: string;
  readonly text: string;
  /** What it takes from the score of its subject. */
  readonly points: number | null;
  readonly remedy: string | null;
  readonly since: number | null;
}

const levels: readonly Level[] = ['emergency', 'critical', 'warning', 'info'];
const bands: readonly Band[] = ['healthy', 'degraded', 'unhealthy', 'critical'];

export function parseFleetHealth(value: unknown): FleetHealth | undefined {
  if (!isRecord(value)) return undefined;
  const findings = Array.isArray(value['findings']) ? value['findings'].flatMap(parseFinding) : [];
  return {
    score: number(value['score']),
    band: bands.find((each) => each === value['band']) ?? 'unknown',
    coverage: number(value['coverage']),
    findings: findings.toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level)),
    omitted: number(value['findings_omitted']) ?? 0,
    at: time(value['evaluated_at']),
  };
}

function parseFinding(value: unknown, index: number): Finding[] {
  if (!isRecord(value)) return [];
  const said = text(value['text']);
  if (said === null) return [];
  return [
    {
      id: text(value['id']) ?? String(index),
      level: levels.find((each) => each === value['level']) ?? 'warning',
      subject: text(value['subject']) ?? 'fleet',
      text: said,
      points: number(value['points']),
      remedy: text(value['remedy']),
      since: time(value['since']),
    },
  ];
}

/** Where a finding leads: the agent or host it is about. */
export function hrefOf(subject: string): string | undefined {
  if (subject.startsWith('agent:')) return agentAddress(subject.slice('agent:'.length));
  if (subject.startsWith('host:')) return '/hosts';
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function time(value: unknown): number | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(at) ? at : null;
}
