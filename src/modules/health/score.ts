import { gravest, type Finding, type Level, type Subject, type Verdict } from './finding.ts';

/** What a score means in one word; `unknown` where nothing could be judged. */
export const BANDS = ['healthy', 'degraded', 'unhealthy', 'critical', 'unknown'] as const;
export type Band = (typeof BANDS)[number];

export interface SubjectHealth {
  readonly subject: Subject;
  /** 0 to 100; null where nothing is known. */
  readonly score: number | null;
  readonly band: Band;
  /** The gravest finding; null without one. */
  readonly level: Level | null;
  /** Share of the checks that had data to judge. */
  readonly coverage: number;
  readonly findings: readonly Finding[];
  /** Checks without data, with why. */
  readonly unknown: readonly string[];
}

/** One grave finding is enough: whatever else is well, the score stays below these. */
const CAP: Readonly<Partial<Record<Level, number>>> = { critical: 49, emergency: 24 };
/** With less than half of the checks judged nobody may call it healthy. */
const HALF_BLIND = { coverage: 0.5, cap: 69 };
/** While any member has a critical finding the fleet is not in the band `healthy`. */
const CAP_OF_MEMBERS = 89;

export function bandOf(score: number | null): Band {
  if (score === null) return 'unknown';
  if (score >= 90) return 'healthy';
  if (score >= 70) return 'degraded';
  return score >= 50 ? 'unhealthy' : 'critical';
}

/**
 * The score of one subject, from its verdicts and nothing else, so that score and findings cannot disagree: each finding
 * takes its share of what the others left, which keeps the order out of it and many small ones from counting more than 100.
 */
export function scoreSubject(subject: Subject, verdicts: readonly Verdict[]): SubjectHealth {
  const findings = verdicts
    .filter((verdict) => verdict.kind === 'finding')
    .toSorted((a, b) => b.points - a.points || (a.id < b.id ? -1 : 1));
  const unknown = verdicts.filter((verdict) => verdict.kind === 'unknown').map(({ check, why }) => `${check}: ${why}`);
  const coverage = verdicts.length === 0 ? 0 : (verdicts.length - unknown.length) / verdicts.length;
  const level = gravest(findings.map((finding) => finding.level)) ?? null;
  const score = coverage === 0 ? null : capped(100 * findings.reduce((left, { points }) => left * (1 - points / 100), 1), level, coverage);
  return { subject, score, band: bandOf(score), level, coverage: round(coverage, 4), findings: findings.map(withoutKind), unknown };
}

function capped(score: number, level: Level | null, coverage: number): number {
  const caps = [level === null ? undefined : CAP[level], coverage < HALF_BLIND.coverage ? HALF_BLIND.cap : undefined];
  return round(Math.max(0, Math.min(score, ...caps.map((cap) => cap ?? 100))), 1);
}

/**
 * The score of the fleet: no better than its database, which everything rests on, and no better than the mean of its own
 * checks, its hosts and its agents. Members of which nothing is known count for coverage alone.
 */
export function scoreFleet(own: SubjectHealth, members: readonly SubjectHealth[]): SubjectHealth {
  const of = (prefix: string): readonly SubjectHealth[] => members.filter(({ subject }) => subject.startsWith(prefix));
  const groups = [meanScore([own]), meanScore(of('host:')), meanScore(of('agent:'))].filter((mean) => mean !== undefined);
  const mean = groups.length === 0 ? undefined : groups.reduce((sum, score) => sum + score, 0) / groups.length;
  const database = meanScore(of('database'));
  const level = gravest([own, ...members].flatMap((member) => member.level ?? [])) ?? null;
  const all = [own, ...members];
  const coverage = all.reduce((sum, member) => sum + member.coverage, 0) / all.length;
  const known = [mean, database].filter((score) => score !== undefined);
  const isGrave = level === 'critical' || level === 'emergency';
  // A database of which nothing is known may be anything but well.
  const cap = Math.min(isGrave ? CAP_OF_MEMBERS : 100, database === undefined ? HALF_BLIND.cap : 100);
  const score = known.length === 0 ? null : capped(Math.min(...known, cap), own.level, coverage);
  return { ...own, score, band: bandOf(score), level, coverage: round(coverage, 4) };
}

function meanScore(members: readonly SubjectHealth[]): number | undefined {
  const scores = members.flatMap(({ score }) => (score === null ? [] : [score]));
  return scores.length === 0 ? undefined : scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

function withoutKind({ kind: _, ...finding }: Verdict & { readonly kind: 'finding' }): Finding {
  return finding;
}

const round = (value: number, decimals: number): number => Math.round(value * 10 ** decimals) / 10 ** decimals;
