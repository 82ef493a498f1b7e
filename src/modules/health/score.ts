import { gravest, type Finding, type Level, type Subject, type Verdict } from './finding.ts';

/** What a score means in one word; `unknown` where nothing could be judged, `paused` where nothing is meant to run. */
export const BANDS = ['healthy', 'degraded', 'unhealthy', 'critical', 'unknown', 'paused'] as const;
export type Band = (typeof BANDS)[number];

/** A score may not be above this, and why. */
export interface Cap {
  readonly score: number;
  readonly because: string;
}

/** What the score of the fleet is made from: a group of subjects. */
export interface Component {
  /** `databases`: those monitored besides the fleet's own. They are shown, and move nothing: Muster does not rest on them. */
  readonly name: 'fleet' | 'database' | 'hosts' | 'agents' | 'databases';
  /** Of those that have a score, the mean; null where none has. */
  readonly score: number | null;
  readonly members: number;
  /** Members without a score. */
  readonly unscored: number;
  readonly coverage: number;
  /** The lowest of them, three at most. */
  readonly worst: readonly { readonly subject: Subject; readonly score: number }[];
}

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
  /** What holds the score down, besides the findings; the lowest first. */
  readonly caps: readonly Cap[];
  /** Of the fleet alone. */
  readonly components: readonly Component[];
}

/** One grave finding is enough: whatever else is well, the score stays below these. */
const CAP: Readonly<Partial<Record<Level, number>>> = { critical: 49, emergency: 24 };
/** Just below `healthy`: what nobody looked at may be anything, so that nobody may call the whole of it well. */
const NOT_HEALTHY = 89;
/** With less than half of the checks judged it is worse than that. */
const HALF_BLIND = { coverage: 0.5, cap: 69 };
/** Of each group of the fleet this share must be judged: in a large one some agent has always just begun. */
const ENOUGH_OF_A_GROUP = 0.9;
const WORST = 3;

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
  const findings = withRepeats(
    verdicts
      .filter((verdict) => verdict.kind === 'finding')
      .toSorted((a, b) => b.points - a.points || (a.id < b.id ? -1 : 1))
      .map(({ kind: _, ...finding }) => finding),
  );
  const unknown = verdicts.filter((verdict) => verdict.kind === 'unknown').map(({ check, why }) => `${check}: ${why}`);
  const coverage = verdicts.length === 0 ? 0 : (verdicts.length - unknown.length) / verdicts.length;
  const level = gravest(findings.map((finding) => finding.level)) ?? null;
  const left = 100 * findings.reduce((share, { points }) => share * (1 - points / 100), 1);
  const caps = lowestFirst([...capsOfLevel(level), ...capsOfCoverage(unknown.length, verdicts.length)]);
  const score = coverage === 0 ? null : capped(left, caps);
  return { subject, score, band: bandOf(score), level, coverage: round(coverage, 4), findings, unknown, caps, components: [] };
}

/** Somebody stopped it on purpose: it is neither well nor ill, and counts for nothing. */
export const pausedSubject = (subject: Subject): SubjectHealth => ({
  subject,
  score: null,
  band: 'paused',
  level: null,
  coverage: 0,
  findings: [],
  unknown: [],
  caps: [],
  components: [],
});

/** The second finding of one check counts half, the third a third: fifty full disks are bad, and not fifty times as bad as one. */
function withRepeats(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Map<string, number>();
  return findings.map((finding) => {
    const nth = (seen.get(finding.check) ?? 0) + 1;
    seen.set(finding.check, nth);
    return nth === 1 ? finding : { ...finding, points: round(finding.points / nth, 1) };
  });
}

const capsOfLevel = (level: Level | null): readonly Cap[] => {
  const score = level === null ? undefined : CAP[level];
  return score === undefined ? [] : [{ score, because: `something is ${level === 'critical' ? 'critical' : 'an emergency'}` }];
};

function capsOfCoverage(unknown: number, checks: number): readonly Cap[] {
  if (unknown === 0) return [];
  const because = `${unknown} of ${checks} checks had no data`;
  return [{ score: 1 - unknown / checks < HALF_BLIND.coverage ? HALF_BLIND.cap : NOT_HEALTHY, because }];
}

const lowestFirst = (caps: readonly Cap[]): readonly Cap[] => caps.toSorted((a, b) => a.score - b.score);

const capped = (score: number, caps: readonly Cap[]): number =>
  round(
    Math.max(
      0,
      caps.reduce((least, cap) => Math.min(least, cap.score), score),
    ),
    1,
  );

/**
 * The score of the fleet: no better than its database, which everything rests on, and no better than the mean of its own
 * checks, its hosts and its agents. Members of which nothing is known count for coverage alone; what is paused, for nothing. Databases
 * besides its own are customers' and not what it stands on: they are told beside it.
 */
export function scoreFleet(own: SubjectHealth, members: readonly SubjectHealth[]): SubjectHealth {
  const watched = members.filter(({ subject }) => subject.startsWith('database:'));
  const active = members.filter((member) => member.band !== 'paused' && !watched.includes(member));
  const of = (prefix: string): readonly SubjectHealth[] => active.filter(({ subject }) => subject.startsWith(prefix));
  const database = componentOf('database', of('database'));
  const groups = [componentOf('fleet', [own]), componentOf('hosts', of('host:')), componentOf('agents', of('agent:'))];
  const means = groups.flatMap(({ score }) => score ?? []);
  const mean = means.length === 0 ? undefined : means.reduce((sum, score) => sum + score, 0) / means.length;
  const known = [mean, database.score].filter((score) => score !== undefined && score !== null);
  const all = [own, ...active];
  const coverage = all.reduce((sum, member) => sum + member.coverage, 0) / all.length;
  const level = gravest(all.flatMap((member) => member.level ?? [])) ?? null;
  const parts = [database, ...groups].filter(({ members: count }) => count > 0);
  const caps = lowestFirst([
    ...own.caps.filter(({ score }) => score !== NOT_HEALTHY),
    ...(level === 'critical' || level === 'emergency' ? [{ score: NOT_HEALTHY, because: `something in the fleet is ${level}` }] : []),
    // A database of which nothing is known may be anything but well.
    ...(database.score === null ? [{ score: HALF_BLIND.cap, because: 'nothing is known of the database' }] : []),
    ...(coverage < HALF_BLIND.coverage ? [{ score: HALF_BLIND.cap, because: `only ${percentOf(coverage)} of all checks had data` }] : []),
    ...parts
      .filter((group) => group.coverage < ENOUGH_OF_A_GROUP)
      .map((group) => ({
        score: NOT_HEALTHY,
        because: `only ${percentOf(group.coverage)} of the checks of ${NAMES[group.name]} had data`,
      })),
  ]);
  const score = known.length === 0 ? null : capped(Math.min(...known), caps);
  const components = watched.length === 0 ? parts : [...parts, componentOf('databases', watched)];
  return { ...own, score, band: bandOf(score), level, coverage: round(coverage, 4), caps, components };
}

const NAMES: Readonly<Record<Component['name'], string>> = {
  fleet: 'the fleet itself',
  database: 'the database',
  hosts: 'the hosts',
  agents: 'the agents',
  databases: 'the other databases',
};

function componentOf(name: Component['name'], members: readonly SubjectHealth[]): Component {
  const scored = members.flatMap(({ subject, score }) => (score === null ? [] : [{ subject, score }]));
  return {
    name,
    score: scored.length === 0 ? null : round(scored.reduce((sum, { score }) => sum + score, 0) / scored.length, 1),
    members: members.length,
    unscored: members.length - scored.length,
    coverage: members.length === 0 ? 0 : round(members.reduce((sum, { coverage }) => sum + coverage, 0) / members.length, 4),
    worst: scored
      .filter(({ score }) => score < 100)
      .toSorted((a, b) => a.score - b.score || (a.subject < b.subject ? -1 : 1))
      .slice(0, WORST),
  };
}

const percentOf = (ratio: number): string => `${Math.floor(ratio * 100)}%`;

const round = (value: number, decimals: number): number => Math.round(value * 10 ** decimals) / 10 ** decimals;
