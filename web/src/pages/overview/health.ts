/** health:fleet of system_state, as heartbeat_health_agent writes it. It is stored JSON that anybody may write: parsed, not trusted. */
export interface FleetHealth {
  /** null: not known. */
  readonly score: number | null;
  /** Share of the checks that had data; null where the report does not say. */
  readonly coverage: number | null;
  readonly findings: readonly Finding[];
  readonly at: number | null;
}

export type Level = 'emergency' | 'critical' | 'warning' | 'info';

export interface Finding {
  readonly key: string;
  readonly level: Level;
  /** fleet, database, host:<hostname> or agent:<agent_id>. */
  readonly subject: string;
  readonly message: string;
  readonly remedy: string | null;
}

const levels: readonly Level[] = ['emergency', 'critical', 'warning', 'info'];

export function parseFleetHealth(value: unknown): FleetHealth | undefined {
  if (!isRecord(value)) return undefined;
  const findings = Array.isArray(value['findings']) ? value['findings'].flatMap(parseFinding) : [];
  return {
    score: number(value['score']),
    coverage: number(value['coverage']),
    findings: findings.toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level)),
    at: time(value['evaluated_at']),
  };
}

function parseFinding(value: unknown, index: number): Finding[] {
  if (!isRecord(value)) return [];
  const message = text(value['text']);
  if (message === null) return [];
  const level = levels.find((each) => each === value['level']) ?? 'warning';
  return [{ key: text(value['id']) ?? String(index), level, subject: text(value['subject']) ?? 'fleet', message, remedy: text(value['remedy']) }];
}

/** The word for a score; its thresholds are those at which findings of a level cap it. */
export function verdict(score: number | null): { readonly word: string; readonly tone: 'ok' | 'warn' | 'bad' | 'idle' } {
  if (score === null) return { word: 'Unknown', tone: 'idle' };
  if (score >= 90) return { word: 'Healthy', tone: 'ok' };
  if (score >= 70) return { word: 'Fair', tone: 'ok' };
  if (score >= 50) return { word: 'Impaired', tone: 'warn' };
  return { word: 'Critical', tone: 'bad' };
}

/** Where a finding leads: the agent or host it is about. */
export function hrefOf(subject: string): string | undefined {
  if (subject.startsWith('agent:')) return `/agents/${encodeURIComponent(subject.slice('agent:'.length))}`;
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
  const at = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(at) ? at : null;
}
